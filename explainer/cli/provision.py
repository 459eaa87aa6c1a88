"""`explainer provision`: WordNet and the face detector fetched, and what is slow to make compiled."""

import argparse
from pathlib import Path

from explainer.attribution import explain
from explainer.imagenet import masked_words
from explainer.setup import files, page_fonts, provision
from explainer.vision import cards, pipeline

ERRORS = (cards.CardError, files.ProvisionError)


def add_arguments(provide: argparse.ArgumentParser) -> None:
    """Where to, and by which means."""
    provide.add_argument(
        "--pack",
        type=Path,
        metavar="FOLDER",
        help="fill this folder with all that an installation without a network needs",
    )
    provide.add_argument(
        "--apt", action="store_true", help="let apt-get install WordNet if nothing else has it (needs root)"
    )


def run(options: argparse.Namespace) -> int:
    """Fetch and compile, or pack for others; 1 where something is missing."""
    if options.pack:
        downloaded = [card.weights.asset for card in cards.load_all() if card.present and card.weights.asset]
        provision.pack(options.pack, (files.YUNET, *downloaded))
    else:
        missing = provision.provision(apt=options.apt)
        if masked_words.compile_dictionary():
            print("The dictionary: compiled, so that searching starts at once")
        explain.prepare(pipeline.load())
        print(f"{cards.load().title}: compiled, so that reading and explaining start at once")
        page_fonts.compile_fonts()
        print("The page's typefaces: cut to what the app shows, so that pages come sooner")
        return int(bool(missing))
    return 0
