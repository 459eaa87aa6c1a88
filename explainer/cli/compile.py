"""`explainer compile`: the tables that ship with the package, made anew."""

import argparse
import contextlib
import sys
from pathlib import Path

from explainer.attribution import sample_results, sample_verdicts
from explainer.imagenet import taxonomy
from explainer.vision import cards

ERRORS = (cards.CardError,)


def add_arguments(compile_: argparse.ArgumentParser) -> None:
    """Which table."""
    compile_.add_argument("table", choices=("tree", "embeddings", "samples", "verdicts"))


def run(options: argparse.Namespace) -> int:
    """Make the table; 2 where what it is made of is missing."""
    try:
        path = _written(options.table)
    except ImportError as error:
        print(f"explainer: {error.name} is missing; pip install -e '.[embeddings]' brings it.", file=sys.stderr)
        return 2
    if path is None:
        print("explainer: WordNet 3.0 is missing; `explainer provision` fetches it.", file=sys.stderr)
        return 2
    print(f"Wrote {path}")
    return 0


def _written(table: str) -> Path | None:
    """The file of a table that was compiled; None where the dictionary that it needs is missing."""
    if table == "samples":
        return sample_results.write()
    if table == "verdicts":
        return sample_verdicts.write()
    with contextlib.suppress(LookupError):
        if table == "tree":
            return taxonomy.write_table()
        from explainer.vision import people  # imports torch

        return people.write_embeddings()
    return None
