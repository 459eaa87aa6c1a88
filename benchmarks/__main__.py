"""Measurements, the short ones or those that are named: `python -m benchmarks [NAME ...]`, the names as below."""

import sys

from benchmarks import browser, cluster, explaining, faces, reading, removal, start, tree, verdicts, visitors, workshop

MEASUREMENTS = {
    "start": start.report,
    "reading": reading.report,
    "faces": faces.report,
    "browser": browser.report,
    "tree": tree.report,
    "removal": removal.report,
    "explaining": explaining.report,
    "verdicts": verdicts.report,
    "visitors": visitors.report,
    "workshop": workshop.report,
    "cluster": cluster.report,
}
SHORT = ("start", "reading", "browser", "tree", "removal", "explaining")  # the others take minutes

for name in sys.argv[1:] or SHORT:
    MEASUREMENTS[name]()
