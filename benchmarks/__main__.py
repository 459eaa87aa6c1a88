"""Measurements, the short ones or those named: `python -m benchmarks [reading] [browser] [explaining] [visitors]`."""

import sys

from benchmarks import browser, explaining, reading, visitors

MEASUREMENTS = {
    "reading": reading.report,
    "browser": browser.report,
    "explaining": explaining.report,
    "visitors": visitors.report,
}
SHORT = ("reading", "browser", "explaining")  # the visitors take minutes

for name in sys.argv[1:] or SHORT:
    MEASUREMENTS[name]()
