"""Measurements, the short ones or those that are named: `python -m benchmarks [reading] [browser] [visitors]`."""

import sys

from benchmarks import browser, reading, visitors

MEASUREMENTS = {"reading": reading.report, "browser": browser.report, "visitors": visitors.report}
SHORT = ("reading", "browser")  # the visitors take minutes

for name in sys.argv[1:] or SHORT:
    MEASUREMENTS[name]()
