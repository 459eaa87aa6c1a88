"""Ways through the tree: the place in the address, steps to other places, the search, the map, and lists."""

import datetime
import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, cast, get_args

import pyarrow as pa
import streamlit as st

from explainer.charts import tree as tree_charts
from explainer.imagenet import catalogue, masked_words, subtrees, taxonomy, vocabularies
from explainer.imagenet.catalogue import Facets
from explainer.imagenet.masked_words import Caption, Context
from explainer.imagenet.search import FIELD_LENGTH, SearchError
from explainer.imagenet.subtrees import Node
from explainer.imagenet.taxonomy import Safety
from explainer.imagenet.vocabularies import Status
from explainer.ui import category_card, computed, options, sentences, session, tables
from explainer.ui.markdown import plain

if TYPE_CHECKING:
    import plotly.graph_objects as go

ROOT = "n00001740"
"""Entity, above everything."""

_PARAMETER = "category"
_FIRST = 12  # how many of a row of steps are shown before one asks for all
_HITS, _MOST = 8, 200  # results of a search that are shown at first, and more at each wish; and at most
_FEWEST = 3  # children of a category that has a map
_LEVELS, _LEAST = 4, 1 / 300  # levels of a map below its root, and the smallest share of it that is drawn
_ROWS = 200  # how many rows of a list are sent at a time


def caption(wnid: str) -> Caption:
    """The caption of a category in the tree, with its words if this visitor asked to see them."""
    return session.caption(wnid, Context.TREE)


def place() -> str:
    """Wnid of the category in the address; people where there is none, or, with an error, where it is unknown."""
    given = st.query_params.get(_PARAMETER, "").strip().lower() or taxonomy.PERSON
    wnid = f"n{given}" if given.isdigit() else given
    if wnid in taxonomy.load():
        return wnid
    st.error(
        "This address has no category of this tree. The numbers are those of WordNet 3.0; other versions differ. "
        "Search for a word, or start with people."
    )
    return taxonomy.PERSON


def walk(wnid: str) -> None:
    """Go to a category: it becomes the place in the address."""
    st.query_params[_PARAMETER] = wnid


def starts() -> None:
    """Buttons to places to start from."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button("Everything", key="start_all", on_click=walk, args=(ROOT,))
        st.button("People", key="start_people", on_click=walk, args=(taxonomy.PERSON,))
        st.button("A random word", key="spin", on_click=_spin, help="A random category of people.")
        st.button("Category of the day", key="day", on_click=_day, help="The same safe category for everybody today.")


def _spin() -> None:
    walk(random.choice(taxonomy.load().people))  # noqa: S311 - nothing is at stake


def _day() -> None:
    walk(catalogue.of_the_day(datetime.date.today()))


@st.fragment
def search() -> None:
    """A field that searches while one types, and what it found, to go to."""
    _leave()
    hint = "flutist, dogs, n02084071 …"
    text = st.text_input("Search", key="search", type="search", live=True, max_chars=FIELD_LENGTH, placeholder=hint)
    if not text or not text.strip():
        return
    if st.session_state.get("hits_for") != text:
        st.session_state.update(hits_for=text, hits=_HITS)
    wanted = st.session_state["hits"]
    try:
        hits = computed.index().find(text, wanted)
    except SearchError as error:
        st.error(str(error))
        return
    with st.container(key="hits"):
        for wnid in hits.wnids:
            found = caption(wnid)
            gloss = f" *{plain(found.gloss)}*" if found.gloss else ""
            label = f"**{plain(found.name)}**{gloss}{_marked(found)}"
            st.button(label, key=f"hit_{wnid}", type="tertiary", on_click=_found, args=(wnid,))
    if hits.more and wanted < _MOST:
        st.button("More", key="more_hits", on_click=_more_hits)
    elif hits.more:
        st.caption("There are more. Type more of the word to find them.")
    if not hits.wnids:
        st.caption("No category has that word. " + ("Similar spellings:" if hits.spellings else "Try a shorter one."))
        with st.container(horizontal=True, gap="small"):
            for spelling in hits.spellings:
                st.button(spelling, key=f"spelling_{spelling}", on_click=_search_for, args=(spelling,))


def _found(wnid: str) -> None:
    _walk_out(wnid)
    _search_for("")


def _more_hits() -> None:
    st.session_state["hits"] = min(st.session_state["hits"] + _HITS, _MOST)


def _search_for(text: str) -> None:
    st.session_state["search"] = text


def _walk_out(wnid: str) -> None:
    """Go to a category from a fragment, which runs without the rest of the page."""
    walk(wnid)
    st.session_state["walked"] = True


def _leave() -> None:
    """Run the whole page if one of its fragments led to another category."""
    if st.session_state.pop("walked", False):
        st.rerun()


def _marked(caption: Caption) -> str:
    return " · sensitive" if caption.safety == "sensitive" and not caption.masked else ""


def ways(wnid: str) -> None:
    """Every way from the root to a category, each step a button."""
    first, *others = taxonomy.load().hypernym_paths(wnid)
    _way(first, 0)
    if others:
        with st.expander(f"{len(others)} other {'path' if len(others) == 1 else 'paths'} to this word"):
            for number, path in enumerate(others, start=1):
                _way(path, number)


def _way(path: Sequence[str], number: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall"):
        for step in path[:-1]:
            label = f"{plain(caption(step).name)} ›"
            st.button(label, key=f"way_{number}_{step}", type="tertiary", on_click=walk, args=(step,))
        st.markdown(f"**{plain(caption(path[-1]).name)}**")


def extent(wnid: str) -> str:
    """How much a category holds, itself and below, and which releases hold it, as sentences."""
    synset, below = taxonomy.load()[wnid], taxonomy.load().below(wnid)
    held = [vocabularies.RELEASES[name].title for name in catalogue.releases(wnid)]
    return sentences.extent(synset.images if synset.in_fall_2011 else None, below.categories, below.images, held)


def named_by(wnid: str) -> str:
    """Which published vocabularies include a category, as a sentence."""
    titles = [vocabularies.VOCABULARIES[name].title for name in vocabularies.naming(wnid)]
    of = f"of {len(vocabularies.VOCABULARIES)} published word lists of image models"
    return f"It is in {len(titles)} {of}: {'; '.join(titles)}." if titles else f"It is in none {of}."


# A fragment even where nothing in it can be switched: pressed twice, a step may be gone when the second press comes,
# and a run of the whole page would lead back to where the visitor was.
@st.fragment
def steps(title: str, wnids: Sequence[str], key: str) -> None:
    """Categories to go to, those with the most below first, each with how much that is; `key` tells the row."""
    _leave()
    if not wnids:
        return
    tree = taxonomy.load()
    order = _largest_first(wnids)
    st.markdown(f"**{title}** ({len(order):,})")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        every = len(order) <= _FIRST or st.toggle(f"all {len(order):,}", key=_every(key, order))
        shown = [caption(wnid) for wnid in (order if every else order[:_FIRST])]
        for said, name in zip(shown, masked_words.names(shown), strict=True):
            wnid = said.wnid
            below, images = tree.below(wnid), tree[wnid].images
            size = f" · {below.categories:,} below" if below.categories else ""
            st.button(
                f"{plain(name)}{size} · {(images or 0) + below.images:,} images{_marked(said)}",
                key=f"{key}_{wnid}",
                help=wnid,
                on_click=_walk_out,
                args=(wnid,),
            )


def senses(wnid: str) -> tuple[str, ...]:
    """Other senses of the words of a category; none where that would give away a masked word."""
    if caption(wnid).masked:
        return ()
    return tuple(other for other in computed.index().senses(wnid) if not caption(other).masked)


def chart(wnid: str) -> None:
    """The map of the subcategories with its legend; a click opens one. Fewer than three get no map."""
    below = len(_below(wnid))
    if below < _FEWEST:
        st.caption("Too few subcategories for a map; they are listed here." if below else "No subcategories.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = options.one("Drawn as", list(tree_charts.KINDS), "kind", lambda kind: tree_charts.KINDS[kind])
        measure = options.one("Sized by", list(subtrees.MEASURES), "measure")
        colours = options.one("Coloured by", list(tree_charts.COLOURS), "colours")
    nodes = subtrees.nodes(wnid, measure, levels=_LEVELS, least=_LEAST)
    said = {node.wnid: caption(node.wnid) for node in nodes}  # asked once: a room may open or end meanwhile
    key = f"map_{wnid}_{kind}_{measure}_{colours}"
    st.plotly_chart(
        _map(nodes, said, kind, measure, colours, wnid, tuple(each.words for each in said.values())),
        key=key,
        on_select=lambda: _clicked(key, wnid),
        selection_mode="points",
        config={"displayModeBar": False},
        alt="A map of the categories below this one. The rows of buttons and the list below say the same.",
    )
    st.caption("Grey holds what is drawn within. A colour says what became of a category, or of most of those in it.")


# Kept, as it takes half of the page's time. By the words that are shown: a visitor may have uncovered some.
@st.cache_resource(show_spinner=False, max_entries=100)
def _map(
    _nodes: Sequence[Node],
    _said: Mapping[str, Caption],
    kind: str,
    measure: str,
    colours: str,
    root: str,
    words: tuple[str | None, ...],
) -> "go.Figure":
    return tree_charts.hierarchy(_nodes, _said.__getitem__, kind, measure, colours)


def _clicked(key: str, root: str) -> None:
    """Go to the category that was clicked on; of what is gathered below the root itself, open the row of all."""
    field = options.field(key)
    if field.startswith(f"{root}+"):
        st.session_state[_every("child", _largest_first(_below(root)))] = True
    elif field:
        walk(field.partition("+")[0])


def _below(wnid: str) -> tuple[str, ...]:
    return taxonomy.load().hyponyms(wnid) + taxonomy.load().instances(wnid)


def _largest_first(wnids: Sequence[str]) -> list[str]:
    tree = taxonomy.load()
    return sorted(wnids, key=lambda wnid: (-tree.below(wnid).categories, -(tree[wnid].images or 0), wnid))


def _every(key: str, order: Sequence[str]) -> str:
    """The key of the switch that shows all of a row of steps."""
    return f"all_{key}_{order[0]}"


def listing(wnid: str) -> None:
    """The categories below one as a list: filters, their number, a table whose rows open a category, and a CSV file."""
    everything = catalogue.select(wnid, Facets())
    if not everything:
        st.caption("No subcategories.")
        return
    for key, value in _UNFILTERED.items():  # no defaults of the widgets: they may not be set as well
        st.session_state.setdefault(key, value)
    with st.expander("Filters", key="filters"):
        facets = Facets(
            people=st.toggle("Only people", key="people", persist_state="session"),
            statuses=frozenset(options.several("What became of it", get_args(Status), "statuses")),
            safeties=frozenset(options.several("Safety", get_args(Safety), "safeties")),
            ratings=cast(
                "tuple[float, float]",  # as it is set to be
                st.slider(
                    "Easy to picture, 1 to 5", *catalogue.RATINGS, step=0.1, key="ratings", persist_state="session"
                ),
            ),
            images=st.number_input("Minimum images", 0, step=100, key="least_images", persist_state="session"),
        )
    order = st.selectbox("Sort by", list(catalogue.ORDERS), key="order", persist_state="session")
    wnids = catalogue.select(wnid, facets, order)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(f"**{len(wnids):,}** of {len(everything):,} categories below {plain(caption(wnid).name)}")
        if facets != Facets():
            st.button("Clear the filters", key="clear_filters", on_click=_clear_filters)
    if not wnids:
        st.caption("No category matches all filters. Loosen one of them.")
        return
    pages = -(-len(wnids) // _ROWS)
    list_ = hash((wnid, facets, order))  # a new list starts at its first page
    asked = st.number_input(f"Page (of {pages:,})", 1, pages, key=f"page_{list_}") if pages > 1 else 1
    page = options.within(asked, 1, pages)
    rows = wnids[(page - 1) * _ROWS : page * _ROWS]
    key = f"list_{list_}_{page}"
    st.dataframe(
        _table(rows),
        hide_index=True,
        height=tables.height(_ROWS),
        row_height=tables.ROW,
        placeholder="",  # only categories of people were judged
        column_config={
            "category": st.column_config.TextColumn(width=230),  # so that a phone shows another column beside it
            **{name: st.column_config.NumberColumn(format="localized") for name in ("images", "categories below")},
            "easy to picture (of 5)": st.column_config.NumberColumn(format="%.1f"),
        },
        key=key,
        on_select=lambda: _chosen(key, rows),
        selection_mode="single-row",
        alt="The categories of the list with their figures; choosing a row goes to the category.",
    )
    st.download_button(
        "The whole list (CSV)",
        lambda: catalogue.to_csv(wnids),
        file_name=f"categories-{wnid}.csv",
        mime="text/csv",
        on_click="ignore",
        key="download_list",
    )


def _clear_filters() -> None:
    st.session_state.update(_UNFILTERED)


_UNFILTERED = {"people": False, "statuses": [], "safeties": [], "ratings": catalogue.RATINGS, "least_images": 0}


# Of Arrow, which is what browsers are sent: Streamlit makes anything else into a table of pandas before.
@lru_cache(maxsize=100)
def _table(wnids: tuple[str, ...]) -> pa.Table:
    tree = taxonomy.load()
    synsets = [tree[wnid] for wnid in wnids]
    # Visitors can download the table, so masked words stay masked in it, revealed or not.
    captions = [masked_words.caption(wnid, Context.TREE_FILE) for wnid in wnids]
    return pa.table(
        {
            "category": [catalogue.as_text(said.text) for said in captions],
            "images": [synset.images for synset in synsets],
            "categories below": [tree.below(wnid).categories for wnid in wnids],
            "safety": [synset.safety for synset in synsets],
            "easy to picture (of 5)": [synset.imageability for synset in synsets],
            "what became of it": [status and category_card.FATE[status] for status in map(vocabularies.status, wnids)],
            "wnid": list(wnids),
        }
    )


def _chosen(key: str, wnids: Sequence[str]) -> None:
    row = options.row(key)
    if row is not None and row < len(wnids):
        walk(wnids[row])
