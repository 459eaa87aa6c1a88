"""What is drawn of a subtree: as many of its categories as a chart can hold, and how large each is."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import get_args

from explainer.imagenet import taxonomy, vocabularies
from explainer.imagenet.taxonomy import Extent, Synset
from explainer.imagenet.vocabularies import Status

MOST_NODES = 1_000
"""How many nodes a map has at most: more is slow to send and to draw."""

_MOST_CHILDREN = 40  # of a node that is not the root
_DIVIDED = 1 / 50  # share of the root's size from which parts of a node can be made out
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
    counts there alone. `parent` is the id of the node above, None for the root. Where the people below it are not
    drawn, `status` says what became of most of it. A `part` is so much of the node above as has that status.
    """

    wnid: str
    parent: str | None
    size: int
    gathered: int = 0
    status: Status | None = None
    part: bool = False

    @property
    def id(self) -> str:
        """The wnid; of what is gathered with a "+" behind it, of a part with that and its status."""
        return f"{self.wnid}+{self.status}" if self.part else f"{self.wnid}+" if self.gathered else self.wnid


def nodes(
    root: str, measure: str = "images", most: int = MOST_NODES, levels: int | None = None, least: float = 0
) -> tuple[Node, ...]:
    """The root's map, the root first: its children all, and of what is below them the largest parts.

    At most `levels` below the root are drawn; what is smaller than the share `least` of the root is gathered. What is
    large and holds people who are not drawn is divided by what became of these. Categories of size 0 are left out.
    Raises UnknownCategory, and KeyError for an unknown measure.
    """
    children, of = _spanning(root), MEASURES[measure].of
    sizes = _sizes(root, children, of)
    drawn = [Node(root, None, sizes[root])]
    folded: dict[Node, list[str]] = {}
    waiting = [(-sizes[root], root)]
    level = {root: 0}
    while waiting:
        _, wnid = heapq.heappop(waiting)
        below = sorted((child for child in children[wnid] if sizes[child]), key=lambda child: (-sizes[child], child))
        shown = below if wnid == root else below[:_MOST_CHILDREN]
        shown = [child for child in shown if sizes[child] >= sizes[root] * least]
        rest = below[len(shown) :]
        if not shown:  # a field that holds nothing but what is gathered is a leaf
            continue
        if len(drawn) + len(shown) + bool(rest) > most:
            continue
        drawn += [Node(child, wnid, sizes[child]) for child in shown]
        if rest:
            drawn.append(Node(wnid, wnid, sum(sizes[child] for child in rest), gathered=len(rest)))
            folded[drawn[-1]] = rest
        level |= dict.fromkeys(shown, level[wnid] + 1)
        for child in shown:
            if sizes[child] > sizes[root] * _SMALLEST and level[child] != levels:
                heapq.heappush(waiting, (-sizes[child], child))
    holding = {node.parent for node in drawn}
    folded |= {node: [node.wnid] for node in drawn if node.wnid not in holding and children[node.wnid]}
    for place, node in enumerate(tuple(drawn)):
        parts = _by_status(node, folded[node], children, of) if node in folded else []
        if node.size >= sizes[root] * _DIVIDED and len(drawn) + len(parts) <= most:
            drawn += parts
        elif parts:
            drawn[place] = replace(node, status=max(parts, key=lambda part: part.size).status)
    return tuple(drawn)


def _by_status(
    node: Node, wnids: Sequence[str], children: Mapping[str, list[str]], of: Callable[[Synset], int]
) -> list[Node]:
    """What became of the people among the categories that a node stands for, and below these, as nodes below it."""
    tree, sizes = taxonomy.load(), dict.fromkeys(get_args(Status), 0)
    for wnid in _below(wnids, children):
        if status := vocabularies.status(wnid):
            sizes[status] += of(tree[wnid])
    return [Node(node.wnid, node.id, size, status=status, part=True) for status, size in sizes.items() if size]


def _below(wnids: Sequence[str], children: Mapping[str, list[str]]) -> Iterator[str]:
    """The categories themselves and all below them."""
    waiting = list(wnids)
    while waiting:
        wnid = waiting.pop()
        yield wnid
        waiting += children[wnid]


@dataclass(frozen=True, slots=True)
class Part:
    """A branch below a root and how much of it became what, by status; or, where `wnid` is None, all smaller ones.

    `gathered` says how many branches it stands for. Each person category is in one part alone: a branch counts its top,
    and one with two ways up is below the one nearest to the root.
    """

    wnid: str | None
    sizes: Mapping[Status, Extent]
    gathered: int = 1

    def size(self, measure: str) -> int:
        """How many images or categories it is, by the name of the measure."""
        return sum(map(attrgetter(measure), self.sizes.values()))


def parts(root: str, measure: str, most: int, skipped: int = 0) -> tuple[Part, ...]:
    """The `most` largest branches of the person categories below a root, the largest first, and one of all others.

    The very largest are left out where they are `skipped`. The root is person or below it; a category itself, it is a
    branch, too. A category with several ways up from it to person is in the shortest alone, whatever the root.

    Raises KeyError for a root elsewhere, and AttributeError for an unknown measure.
    """
    tree, children = taxonomy.load(), _spanning(taxonomy.PERSON)

    def part(branch: str, wnids: Iterable[str]) -> Part:
        return Part(
            branch,
            _added(
                (status, Extent(1, tree[wnid].images or 0)) for wnid in wnids if (status := vocabularies.status(wnid))
            ),
        )

    branches = [part(root, [root]), *(part(wnid, _below([wnid], children)) for wnid in children[root])]
    branches = [branch for branch in branches if branch.size(measure)]
    branches.sort(key=lambda branch: (-branch.size(measure), branch.wnid))
    shown, rest = branches[skipped : skipped + most], branches[skipped + most :]
    gathered = _added(pair for branch in rest for pair in branch.sizes.items())
    return (*shown, *([Part(None, gathered, len(rest))] if rest else []))


def _added(sizes: Iterable[tuple[Status, Extent]]) -> dict[Status, Extent]:
    total: dict[Status, Extent] = {}
    for status, extent in sizes:
        total[status] = total.get(status, Extent(0, 0)) + extent
    return total


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
