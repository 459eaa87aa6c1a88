"""`explainer category`: a category, or all categories that a word names."""

import argparse
import json
import sys

from explainer.cli import records
from explainer.imagenet import search, taxonomy, vocabularies

ERRORS = ()


def add_arguments(category: argparse.ArgumentParser) -> None:
    """A name, and how it is told."""
    category.add_argument("name", metavar="WORD|WNID")
    records.add_arguments(category)


def run(options: argparse.Namespace) -> int:
    """Print the categories; 1 where there is none."""
    index = search.load()
    named = index.named(options.name[: search.MAX_LENGTH + 1])
    if not named:
        print("explainer: no category has this name; try `explainer search`.", file=sys.stderr)
        return 1
    tree = taxonomy.load()
    for wnid in named:
        said = records.record(wnid, options.reveal)
        relations = {
            "parents": tree[wnid].parents,
            "children": tree.hyponyms(wnid) + tree.instances(wnid),
            "siblings": tree.siblings(wnid),
            # Other senses would give a masked word away, and masked senses would give this one away.
            "senses": [
                other
                for other in index.senses(wnid)
                if not said["masked"] and records.said(other, options.reveal)["words"]
            ],
        }
        said |= {name: [records.said(other, options.reveal) for other in others] for name, others in relations.items()}
        said["vocabularies"] = vocabularies.naming(wnid)
        if options.json:
            print(json.dumps(said))
            continue
        print(records.line(said))
        for path in said["paths"]:
            print("  " + " > ".join(path))
        for relation in relations:
            if said[relation]:
                print(f"  {relation}: {', '.join(map(records.words, said[relation]))}")
        for fact in ("images", "categories_below", "images_below", "safety", "imageability", "status"):
            if said[fact] is not None:
                print(f"  {fact.replace('_', ' ')}: {said[fact]}")
        for lists in ("releases", "vocabularies"):
            print(f"  {lists}: {', '.join(said[lists]) or 'none'}")
    return 0
