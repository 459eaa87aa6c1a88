"""`explainer models`: which models there are, and downloads of them."""

import argparse
import sys

from explainer.setup import files
from explainer.vision import cards, pipeline

ERRORS = (cards.CardError, files.ProvisionError)


def add_arguments(models: argparse.ArgumentParser) -> None:
    """What to download."""
    models.add_argument(
        "--download", nargs="+", metavar="NAME", default=[], help="download the weights of these models"
    )


def run(options: argparse.Namespace) -> int:
    """List the models, or download some; 1 where one failed."""
    failed = False
    for card in [cards.load(name) for name in options.download]:
        try:
            with files.terminal_progress(card.title) as progress:
                cards.fetch(card, progress=progress, report=lambda line: print(line, file=sys.stderr))
            pipeline.load(card.name)  # runs the self-test
        except (files.ProvisionError, cards.CardError) as error:
            failed = True
            print(error, file=sys.stderr)
        else:
            print(f"{card.title} is ready: it passed the self-test.")
    for card in () if options.download else cards.load_all():
        print(f"{card.name}  {card.title}  {card.labels}  {card.licence}  {_state(card)}")
    for trouble in () if options.download else cards.troubles():
        failed = True
        print(trouble, file=sys.stderr)
    return int(failed)


def _state(card: cards.ModelCard) -> str:
    if not card.present:
        return f"missing: {card.weights.remedy(card.name)}"
    return "present" if card.weights.is_whole() else f"{card.weights.path} is not the file that the card names"
