"""Every measurement, or those that are named: `python -m benchmarks [reading] [browser]`."""

import sys

from benchmarks import browser, reading

MEASUREMENTS = {"reading": reading.report, "browser": browser.report}

for name in sys.argv[1:] or MEASUREMENTS:
    MEASUREMENTS[name]()
