"""What is drawn of a subtree: as many of its categories as a chart can hold, and how large each is."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from explainer import taxonomy, vocabularies
from explainer.taxonomy import Synset
from explainer.vocabularies import Status

MOST_NODES = 1_000
"""How many nodes a map has at most: more is slow to send and to draw."""

_MOST_CHILDREN = 40  # of a node that is not the root
_SMALLEST = 1 / 500  # share of the root's size below which what is inside a node could not be made out


@dataclass(frozen=True)
class Measure:
    """What the size of a node says."""

    name: str
    title: str
    of: Callable[[Synset], int]


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("images", "Images", lambda synset: synset.images or 0),
        Measure("categories", "Categories", lambda synset: int(synset.in_fall_2011)),
    )
}


@dataclass(frozen=True, slots=True)
class Node:
    """A category on a map, or where `gathered` is not 0, so many of the smallest children of the category `wnid`.

    `size` is its own and that of all below it. A category with two ways up stands at the one nearest to the root, and
    counts there alone. `parent` is the wnid of the node above, None for the root.
    """

    wnid: str
    parent: str | None
    size: int
    gathered: int = 0


def nodes(root: str, measure: str = "images", most: int = MOST_NODES) -> tuple[Node, ...]:
    """The root's map, the root first: its children all, and of what is below them the largest parts.

    Categories of size 0 are left out. Raises UnknownCategory, and KeyError for an unknown measure.
    """
    children = _spanning(root)
    sizes = _sizes(root, children, MEASURES[measure].of)
    drawn = [Node(root, None, sizes[root])]
    waiting = [(-sizes[root], root)]
    while waiting:
        _, wnid = heapq.heappop(waiting)
        below = sorted((child for child in children[wnid] if sizes[child]), key=lambda child: (-sizes[child], child))
        shown = below if wnid == root else below[:_MOST_CHILDREN]
        rest = below[len(shown) :]
        if len(drawn) + len(shown) + bool(rest) > most:
            continue
        drawn += [Node(child, wnid, sizes[child]) for child in shown]
        if rest:
            drawn.append(Node(wnid, wnid, sum(sizes[child] for child in rest), gathered=len(rest)))
        for child in shown:
            if sizes[child] > sizes[root] * _SMALLEST:
                heapq.heappush(waiting, (-sizes[child], child))
    return tuple(drawn)


@dataclass(frozen=True, slots=True)
class Part:
    """A branch below a root and how much of it became what, by status; or, where `wnid` is None, all smaller ones.

    `gathered` says how many branches it stands for. Each category below the root is in one part alone.
    """

    wnid: str | None
    sizes: Mapping[Status, int]
    gathered: int = 1


def parts(root: str, measure: str, most: int) -> tuple[Part, ...]:
    """The `most` largest branches of the person categories below a root, the largest first, and one of all others.

    Raises UnknownCategory, and KeyError for an unknown measure.
    """
    tree, of, children = taxonomy.load(), MEASURES[measure].of, _spanning(root)

    def sizes(branch: str) -> Counter[Status]:
        found: Counter[Status] = Counter()
        waiting = [branch]
        while waiting:
            wnid = waiting.pop()
            status = vocabularies.status(wnid)
            if status:
                found[status] += of(tree[wnid])
            waiting += children[wnid]
        return found

    branches = [Part(wnid, sizes(wnid)) for wnid in children[root]]
    branches.sort(key=lambda part: (-sum(part.sizes.values()), part.wnid))
    rest = branches[most:]
    gathered: Counter[Status] = Counter()
    for part in rest:
        gathered.update(part.sizes)
    return (*branches[:most], *([Part(None, gathered, len(rest))] if rest else []))


def _spanning(root: str) -> dict[str, list[str]]:
    """The children of each category below the root, each under one parent alone: the first that is met going down."""
    tree = taxonomy.load()
    children: dict[str, list[str]] = {}
    met, level = {root}, [root]
    while level:
        following = []
        for wnid in level:
            children[wnid] = [child for child in tree.hyponyms(wnid) if child not in met]
            met.update(children[wnid])
            following += children[wnid]
        level = following
    return children


def _sizes(root: str, children: dict[str, list[str]], of: Callable[[Synset], int]) -> dict[str, int]:
    tree = taxonomy.load()
    sizes: dict[str, int] = {}
    for wnid in reversed(children):  # what was met last has nothing below it that was not met later
        sizes[wnid] = of(tree[wnid]) + sum(sizes[child] for child in children[wnid])
    return sizes
