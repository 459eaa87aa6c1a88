"""Categories as `category` and `search` print them."""

import argparse
from typing import Any

from explainer.imagenet import catalogue, masked_words, taxonomy
from explainer.imagenet.masked_words import Caption, Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How categories are told."""
    parser.add_argument("--reveal", action="store_true", help="print offensive words uncovered")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def record(wnid: str, reveal: bool) -> dict[str, Any]:
    """A category as `catalogue.record` gives it, with the names on its paths."""

    def caption(wnid: str) -> Caption:
        return masked_words.caption(wnid, Context.TREE, reveal)

    paths = taxonomy.load().hypernym_paths(wnid)
    return {
        **catalogue.record(wnid, caption),
        "paths": [[catalogue.as_text(caption(step).name) for step in path] for path in paths],
    }


def said(wnid: str, reveal: bool) -> dict[str, Any]:
    """A category in short: its wnid and first word, None where that is masked."""
    caption = masked_words.caption(wnid, Context.TREE, reveal)
    return {"wnid": wnid, "words": caption.words and catalogue.as_text(caption.name)}


def words(category: dict[str, Any]) -> str:
    """The words of a record, or that they are covered."""
    return category["words"] or "[covered: offensive]"


def line(category: dict[str, Any]) -> str:
    """A record as one line: wnid, words, gloss."""
    gloss = f": {category['gloss']}" if category["gloss"] else ""
    return f"{category['wnid']}  {words(category)}{gloss}"
