"""Measurements, the short ones or those that are named: `python -m benchmarks [NAME ...]`.

start, reading, browser, tree, removal, explaining; and those that take minutes: faces, verdicts, visitors, workshop,
cluster. Each is a module here, imported when it is asked for: some need packages of their own.
"""

import sys
from importlib import import_module

SHORT = ("start", "reading", "browser", "tree", "removal", "explaining")

for name in sys.argv[1:] or SHORT:
    import_module(f"benchmarks.{name}").report()
