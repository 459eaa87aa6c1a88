"""Maps of the person categories in two releases, side by side: a click leads into a branch, on both of them."""

from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

import streamlit as st

from explainer.charts import removal as removal_charts
from explainer.imagenet import catalogue, subtrees, taxonomy, vocabularies
from explainer.imagenet.masked_words import Context
from explainer.imagenet.subtrees import Part
from explainer.imagenet.taxonomy import PERSON, Extent
from explainer.imagenet.vocabularies import NEWEST, OLDEST, RELEASES, Status, person_categories
from explainer.ui import category_card, chart_frame, options, session
from explainer.ui.markdown import plain
from explainer.ui.removal import sentences, steps

if TYPE_CHECKING:
    import plotly.graph_objects as go

Place = tuple[str, int]
"""What the maps show: the branches below a category, less so many of the largest."""

_EVERYBODY: Place = (PERSON, 0)
_WAY, _MOVES = "map_way", "map_moves"  # the places on the way to the one that is shown; how often another was
_PARTS = 8  # how many branches a map draws, each with its name; the others stand in a row below


def show() -> None:
    """The maps, counted as the visitor asks."""
    _releases(steps.measure())


@st.fragment
def _releases(measure: str) -> None:
    """The person categories as maps, before and after, side by side; the visitor steps through the releases."""
    after = options.one("After", list(RELEASES), "after", lambda name: RELEASES[name].title, first=NEWEST)
    _ways_back()
    place = _way()[-1]
    for column, (name, release) in zip(
        st.columns(2, gap="medium"), {"map-before": OLDEST, "map-after": after}.items(), strict=True
    ):
        with column:
            figure, said = _map(release, measure, place)
            # Plotly leads into a branch by itself, on one map: another key has it drawn anew.
            key = f"{name}_{release}_{measure}_{st.session_state.get(_MOVES, 0)}"
            chart_frame.draw(figure, name, said, key, lambda key=key: _clicked(key))  # type: ignore[misc]
    _rest(place, measure)
    st.caption(
        "Here each word counts once, and a branch counts its own top. “The branches” count a word in every branch that "
        "it belongs to, and not the top: so the same branch may have another number there."
    )
    chart_frame.below("person-categories", lambda: _as_csv(subtrees.parts(place[0], measure, _PARTS, place[1])))


def _way() -> tuple[Place, ...]:
    way: tuple[Place, ...] = st.session_state.get(_WAY, (_EVERYBODY,))
    return way


def _go(way: tuple[Place, ...]) -> None:
    st.session_state[_WAY] = way
    st.session_state[_MOVES] = st.session_state.get(_MOVES, 0) + 1


def _rest(place: Place, measure: str) -> None:
    """A row for the branches that are too small for the maps, which opens them."""
    root, skipped = place
    rest = subtrees.parts(root, measure, _PARTS, skipped)[-1]
    if rest.wnid is None:
        st.button(
            f"{sentences.more(rest.gathered, rest.size(measure), measure)} ›",
            key="map_more",
            on_click=_go,
            args=((*_way(), (root, skipped + _PARTS)),),
        )


def _clicked(key: str) -> None:
    branch, way = options.field(key).partition(" ")[0], _way()
    if branch not in taxonomy.load() or all(PERSON not in path for path in taxonomy.load().hypernym_paths(branch)):
        return
    root, _ = way[-1]
    _go(way if branch == root else (*way, (branch, 0)))


def _ways_back() -> None:
    """Buttons to where the maps were before, and to all people; without a way, what a click does."""
    way = _way()
    if len(way) == 1:
        st.caption("A click on a branch shows what is in it, on both maps.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for depth, place in enumerate(way[:-1], start=1):
            st.button(f"‹ {plain(_name(place))}", key=f"map_way_{depth}", on_click=_go, args=(way[:depth],))
        st.markdown(f"**{plain(_name(way[-1]))}**")
        category_card.link(way[-1][0])


def _name(place: Place) -> str:
    wnid, skipped = place
    name = "All people" if wnid == PERSON else session.caption(wnid, Context.TREE).name
    return f"{name}, smaller branches" if skipped else name


# Kept, as it takes a tenth of a second and is the same for all visitors.
@st.cache_resource(show_spinner=False, max_entries=100)
def _map(release: str, measure: str, place: Place) -> tuple["go.Figure", str]:
    """A release's map, and what is to be seen on it as a text."""
    wnid, skipped = place
    parts = subtrees.parts(wnid, measure, _PARTS, skipped)
    names = removal_charts.named_parts(parts, chart_frame.caption)
    left = [_left(part, measure, release) for part in parts]
    where = (
        ""
        if place == _EVERYBODY
        else f" of “{chart_frame.caption(wnid).name}”" + (", smaller branches" if skipped else "")
    )
    kept = f"{sum(left):,} of {sum(part.size(measure) for part in parts):,} {measure}{where}"
    found = f"{kept}<br>{_finding(parts, names, left, measure)}"
    figure = removal_charts.release_map(
        [part for part in parts if part.wnid],
        chart_frame.caption,
        measure,
        person_categories(release),
        found,
        f"{RELEASES[release].title}; area: {measure}<br>{chart_frame.CREDIT}",
    )
    shares = "; ".join(
        f"{name}: {some:,} of {part.size(measure):,}" for name, part, some in zip(names, parts, left, strict=True)
    )
    return figure, f"A map of branches of people. {RELEASES[release].title}: {found.replace('<br>', '. ')}. {shares}."


def _finding(parts: Sequence[Part], names: Sequence[str], left: Sequence[int], measure: str) -> str:
    """Which of the branches with a name lost most, or where none lost any, which is the largest."""
    named = [number for number, part in enumerate(parts) if part.wnid] or [0]
    lost = [part.size(measure) - some for part, some in zip(parts, left, strict=True)]
    most = max(named, key=lambda number: lost[number])
    size = parts[most].size(measure)
    return f"{names[most]} lost most: {lost[most]:,} of {size:,}" if lost[most] else f"{names[0]} is the largest branch"


def _left(part: Part, measure: str, release: str) -> int:
    held = _statuses(release)
    return sum(attrgetter(measure)(extent) for status, extent in part.sizes.items() if status in held)


@cache
def _statuses(release: str) -> frozenset[Status | None]:
    """What a release still has categories of."""
    return frozenset(map(vocabularies.status, person_categories(release)))


def _as_csv(parts: Sequence[Part]) -> str:
    """The fields of the maps, and the releases that each is in full colour in."""

    def row(part: Part, status: Status, extent: Extent) -> tuple[object, ...]:
        releases = [name for name in RELEASES if status in _statuses(name)]
        words = chart_frame.caption(part.wnid).words if part.wnid else f"{part.gathered} smaller branches"
        return part.wnid, words, status, extent.categories, extent.images, " ".join(releases)

    return catalogue.as_csv(
        ("wnid", "words", "status", "categories", "images", "releases"),
        (row(part, status, extent) for part in parts for status, extent in part.sizes.items()),
    )
