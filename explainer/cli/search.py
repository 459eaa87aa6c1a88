"""`explainer search`: categories by word, number or definition."""

import argparse
import json
import sys

from explainer.cli import at_least_one, records
from explainer.imagenet import search

ERRORS = (search.SearchError,)


def add_arguments(find: argparse.ArgumentParser) -> None:
    """A text, and how what is found is told."""
    find.add_argument("text", metavar="TEXT")
    find.add_argument("--top", type=at_least_one, default=20, metavar="N", help="how many at most (default: 20)")
    records.add_arguments(find)


def run(options: argparse.Namespace) -> int:
    """Print what is found; 1 where nothing is."""
    hits = search.load().find(options.text, options.top)
    for wnid in hits.wnids:
        said = records.record(wnid, options.reveal)
        print(json.dumps(said) if options.json else records.line(said))
    if not hits.wnids:
        alike = f" Spelt alike: {', '.join(hits.spellings)}." if hits.spellings else ""
        print(f"explainer: no category has that word.{alike}", file=sys.stderr)
    return int(not hits.wnids)
