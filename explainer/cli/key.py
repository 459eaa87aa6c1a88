"""`explainer key`: a presenter's key for a workshop."""

import argparse

from explainer.workshop import presenter_key

ERRORS = ()


def add_arguments(key: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Print a key."""
    print(presenter_key.made_key())
    return 0
