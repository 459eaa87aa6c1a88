"""The category tree: ImageNet's synsets and their ancestors in WordNet 3.0, to look up and to walk.

Two tables make it. `data/wordnet.csv` (wnid, lemmas, hypernyms) is compiled from NLTK's WordNet by `compile_table`;
`data/imagenet_synsets.csv` holds the facts that ImageNet published about each category of its Fall 2011 release. An
ancestor that is no category of Fall 2011 has no facts.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, cast

Safety = Literal["safe", "sensitive", "offensive"]

DATA = Path(__file__).parents[1] / "data"
"""The tables that ship with the package."""

PERSON = "n00007846"
"""The root of the person subtree. "The person categories" are the 2,832 below it; the root is not counted."""

# Classes of ILSVRC's 1,000 that are not in Fall 2011, kept in the tree all the same: the teddy bear.
EXTRA = ("n04399382",)


@dataclass(frozen=True, slots=True)
class Synset:
    """One node of the tree.

    `wnid` is "n" and the eight-digit offset of a WordNet 3.0 noun. `images` counts the lines of Fall 2011's URL list
    and is None where the synset is no category of Fall 2011. `safety` is None outside the person subtree and for its
    root; `imageability` is the annotators' mean rating, 1 to 5, and None where nobody rated it (Yang et al. 2020).
    """

    wnid: str
    lemmas: tuple[str, ...]
    hypernyms: tuple[str, ...]
    instance_hypernyms: tuple[str, ...] = ()
    images: int | None = None
    in_winter_2021: bool = False
    safety: Safety | None = None
    imageability: float | None = None

    @property
    def in_fall_2011(self) -> bool:
        """Whether it is a category of the Fall 2011 release."""
        return self.images is not None

    @property
    def parents(self) -> tuple[str, ...]:
        """Wnids of its hypernyms, or of what it is an instance of."""
        return self.hypernyms + self.instance_hypernyms


@dataclass(frozen=True, slots=True)
class Extent:
    """How much some categories of Fall 2011 are: their number, and their images."""

    categories: int
    images: int

    def __add__(self, other: "Extent") -> "Extent":
        return Extent(self.categories + other.categories, self.images + other.images)


class UnknownCategory(KeyError):
    """A wnid that is not in the tree."""

    def __str__(self) -> str:
        return f"There is no category {self.args[0]!r} in ImageNet's tree."


@dataclass(frozen=True)
class Taxonomy(Mapping[str, Synset]):
    """A directed acyclic graph of synsets by wnid; `person`, for one, has two parents."""

    synsets: Mapping[str, Synset]

    def __getitem__(self, wnid: str) -> Synset:
        try:
            return self.synsets[wnid]
        except KeyError:
            raise UnknownCategory(wnid) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.synsets)

    def __len__(self) -> int:
        return len(self.synsets)

    @cached_property
    def _hyponyms(self) -> dict[str, tuple[str, ...]]:
        below: dict[str, list[str]] = {}
        for wnid, synset in self.synsets.items():
            for parent in synset.hypernyms:
                below.setdefault(parent, []).append(wnid)
        return {wnid: tuple(sorted(children)) for wnid, children in below.items()}

    @cached_property
    def _instances(self) -> tuple[str, ...]:
        return tuple(wnid for wnid, synset in self.synsets.items() if synset.instance_hypernyms)

    def hyponyms(self, wnid: str) -> tuple[str, ...]:
        """Wnids directly below, in the order of their numbers; instances are not hyponyms.

        >>> load().hyponyms("n02084071")[:2]  # dog
        ('n01322604', 'n02084732')
        """
        return self._hyponyms.get(self[wnid].wnid, ())

    def instances(self, wnid: str) -> tuple[str, ...]:
        """Wnids of its instances, which are no hyponyms: there are four in all, such as the sun, a star."""
        return tuple(other for other in self._instances if wnid in self[other].instance_hypernyms)

    def closure(self, wnid: str) -> frozenset[str]:
        """Wnids of everything below by way of hyponyms, `wnid` itself left out."""
        found: set[str] = set()
        waiting = list(self.hyponyms(wnid))
        while waiting:
            current = waiting.pop()
            if current not in found:
                found.add(current)
                waiting.extend(self.hyponyms(current))
        return frozenset(found)

    def hypernym_paths(self, wnid: str) -> list[tuple[str, ...]]:
        """Every way from a root down to `wnid`, both ends included, the shortest first.

        >>> [len(path) for path in load().hypernym_paths("n00007846")]  # person
        [4, 7]
        """
        parents = self[wnid].parents
        if not parents:
            return [(wnid,)]
        paths = [(*path, wnid) for parent in parents for path in self.hypernym_paths(parent)]
        return sorted(paths, key=lambda path: (len(path), path))

    def ancestors(self, wnid: str) -> frozenset[str]:
        """Wnids of everything above by way of hypernyms, `wnid` itself left out."""
        return self._ancestors[self[wnid].wnid]

    @cached_property
    def _ancestors(self) -> dict[str, frozenset[str]]:
        above: dict[str, frozenset[str]] = {}

        def find(wnid: str) -> frozenset[str]:
            if wnid not in above:
                parents = self.synsets[wnid].hypernyms
                above[wnid] = frozenset(parents).union(*map(find, parents))
            return above[wnid]

        for wnid in self.synsets:
            find(wnid)
        return above

    def siblings(self, wnid: str) -> tuple[str, ...]:
        """Wnids of the other hyponyms of its parents, in the order of their numbers."""
        return tuple(sorted({other for parent in self[wnid].parents for other in self.hyponyms(parent)} - {wnid}))

    def below(self, wnid: str) -> Extent:
        """How much there is below: the size of the closure, of which a category with two ways up counts once.

        >>> load().below("n00007846")  # person
        Extent(categories=2832, images=1177285)
        """
        return self._below.get(self[wnid].wnid, Extent(0, 0))

    @cached_property
    def _below(self) -> dict[str, Extent]:
        categories: Counter[str] = Counter()
        images: Counter[str] = Counter()
        for wnid, synset in self.synsets.items():
            if synset.images is not None:
                above = self._ancestors[wnid]
                categories.update(above)
                for each in above:
                    images[each] += synset.images
        return {wnid: Extent(count, images[wnid]) for wnid, count in categories.items()}

    @cached_property
    def people(self) -> tuple[str, ...]:
        """Wnids of the person categories of Fall 2011, in the order of their numbers; the root is not one of them."""
        return tuple(sorted(wnid for wnid in self.closure(PERSON) if self[wnid].in_fall_2011))


@cache
def load() -> Taxonomy:
    """The tree that ships with the package: Fall 2011's 21,841 categories, the EXTRA, and their ancestors."""
    facts = {wnid: fact for wnid, *fact in read_table("imagenet_synsets.csv")}
    synsets = {}
    for wnid, lemmas, hypernyms, instance_hypernyms in read_table("wordnet.csv"):
        images, in_winter_2021, safety, imageability = facts.get(wnid, ("", "", "", ""))
        synsets[wnid] = Synset(
            wnid=wnid,
            lemmas=tuple(lemmas.split("|")),
            hypernyms=tuple(hypernyms.split()),
            instance_hypernyms=tuple(instance_hypernyms.split()),
            images=int(images) if images else None,
            in_winter_2021=in_winter_2021 == "1",
            safety=cast(Safety, safety) if safety else None,
            imageability=float(imageability) if imageability else None,
        )
    return Taxonomy(synsets)


def compile_table() -> str:
    """`data/wordnet.csv` anew, as text, from the WordNet 3.0 that NLTK reads.

    A row for each category of `data/imagenet_synsets.csv`, each of EXTRA, and each of their ancestors. Raises
    LookupError where NLTK has no WordNet.
    """
    from nltk.corpus import wordnet  # slow to import, and the app runs without it

    categories = [wnid for wnid, *_ in read_table("imagenet_synsets.csv")]
    waiting = [wordnet.synset_from_pos_and_offset("n", int(wnid[1:])) for wnid in (*categories, *EXTRA)]
    rows: dict[str, list[str]] = {}
    while waiting:
        synset = waiting.pop()
        wnid = f"n{synset.offset():08d}"
        if wnid in rows:
            continue
        groups = (synset.hypernyms(), synset.instance_hypernyms())
        lemmas = "|".join(name.replace("_", " ") for name in synset.lemma_names())
        rows[wnid] = [
            wnid,
            lemmas,
            *(" ".join(sorted(f"n{above.offset():08d}" for above in group)) for group in groups),
        ]
        waiting.extend(above for group in groups for above in group)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("wnid", "lemmas", "hypernyms", "instance_hypernyms"))
    writer.writerows(rows[wnid] for wnid in sorted(rows))
    return text.getvalue()


def write_table() -> Path:
    """Compile the table and put it in the package; returns its path. Raises LookupError where NLTK has no WordNet."""
    path = DATA / "wordnet.csv"
    path.write_text(compile_table(), encoding="utf-8", newline="\n")
    return path


def read_table(name: str) -> list[list[str]]:
    """The rows of a CSV table that ships with the package, its header left out."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]
