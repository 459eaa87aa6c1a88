"""The page "Category tree" as Streamlit runs it: places, ways, search, filters; and masks in all that is sent."""

import csv
import io
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import plotly.graph_objects as go
import pytest
import sentinels
import streamlit as st
from streamlit.testing.v1 import AppTest

from explainer.attribution import sample_results
from explainer.charts import tree as tree_charts
from explainer.imagenet import subtrees, taxonomy, vocabularies
from explainer.imagenet.masked_words import Caption
from explainer.imagenet.subtrees import Node
from explainer.imagenet.taxonomy import PERSON
from explainer.ui import sentences, session, tree
from explainer.vision import samples

ROOT = Path(__file__).parents[2]
SECONDS = 120
DOG, FLUTIST, MUSICIAN = "n02084071", "n10098245", "n10340312"


def opened(category: str | None = None) -> AppTest:
    """The page, at a category's address."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    if category is not None:
        app.query_params["category"] = category
    return app.switch_page("pages/tree.py").run()


@pytest.fixture
def page() -> AppTest:
    return opened()


def test_a_click_on_what_a_map_gathers_opens_the_row_of_all(monkeypatch: pytest.MonkeyPatch, page: AppTest) -> None:
    (switch,) = (toggle for toggle in page.toggle if toggle.key.startswith("all_child_"))
    state: dict[str, object] = {"map": {"selection": {"points": [{"id": f"{PERSON}+"}]}}}
    monkeypatch.setattr(st, "session_state", state)
    tree._clicked("map", PERSON)
    assert state[switch.key] is True


def place(page: AppTest) -> str | None:
    value = page.query_params.get("category")
    return value[-1] if isinstance(value, list) else value


def heading(page: AppTest) -> str:
    """The words on the card."""
    return str(page.header[0].value)


def press(page: AppTest, key: str) -> AppTest:
    (button,) = (button for button in (*page.main.button, *page.sidebar.button) if button.key == key)
    return button.click().run()


def keys(page: AppTest, start: str) -> list[str]:
    return [button.key for button in page.button if button.key.startswith(start)]


def type_text(page: AppTest, text: str) -> AppTest:
    return page.text_input(key="search").set_value(text).run()


def sent(page: AppTest) -> str:
    """All that stands on the page, charts and tables included."""
    return "\n".join(str(element.proto) for element in page.main) + str(page._tree)


def test_the_page_opens_at_people_with_a_map_and_a_list(page: AppTest) -> None:
    assert not page.exception
    assert heading(page).startswith("person, ")
    assert any("2,832 subcategories" in text.value for text in page.markdown)
    assert any(element.type == "plotly_chart" for element in page.main)
    assert len(page.dataframe[0].value) == 200


def test_a_map_is_made_once_for_all_who_see_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[set[str | None]] = []
    make = tree_charts.hierarchy

    def making(nodes: Sequence[Node], caption: Callable[[str], Caption], *rest: str) -> object:
        made.append({caption(node.wnid).words for node in nodes})
        return make(nodes, caption, *rest)

    monkeypatch.setattr(tree_charts, "hierarchy", making)
    tree._map.clear()
    page = opened(PERSON)
    opened(PERSON)
    assert len(made) == 1
    press(page, "reveal_all")
    opened(PERSON)
    covered, uncovered = made
    assert None in covered - uncovered


def test_a_map_that_was_drawn_as_a_room_ended_shows_what_that_room_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    maps: list[go.Figure] = []
    monkeypatch.setattr(st, "plotly_chart", lambda figure, **options: maps.append(figure))
    monkeypatch.setitem(st.session_state, session._ALL, True)
    monkeypatch.setattr(session, "may_reveal", lambda: False)
    caption, left = tree.caption, len(subtrees.nodes(PERSON, levels=tree._LEVELS, least=tree._LEAST))

    def asked(wnid: str) -> Caption:
        nonlocal left
        left -= 1
        said = caption(wnid)
        if left == 0:  # the room ends
            monkeypatch.setattr(session, "may_reveal", lambda: True)
        return said

    monkeypatch.setattr(tree, "caption", asked)
    tree._map.clear()
    tree.chart(PERSON)
    assert left == 0
    assert any("[covered" in name for name in maps[0].data[0].labels)


def test_an_address_opens_its_category() -> None:
    page = opened(FLUTIST)
    assert not page.exception
    assert heading(page).startswith("flutist, flautist")
    assert any("someone who plays the flute" in text.value for text in page.markdown)
    assert any(text.value.startswith("1,540 images of its own.") for text in page.markdown)


@pytest.mark.parametrize("address", ["n02084071", "N02084071", "02084071", " n02084071 "])
def test_a_number_may_be_written_in_several_ways(address: str) -> None:
    page = opened(address)
    assert not page.error
    assert heading(page).startswith("dog, ")


@pytest.mark.parametrize("address", ["n99999999", "n02086723", "dog", "<b>x</b>", "🐶", "a" * 10_000])
@pytest.mark.slow
def test_an_address_that_names_nothing_gives_a_sentence_and_a_way_on(address: str) -> None:
    page = opened(address)
    assert not page.exception
    (error,) = page.error
    assert error.value.startswith("This address has no category of this tree.")
    assert address not in error.value
    assert press(page, "start_people")
    assert place(page) == PERSON
    assert not page.error


def test_an_ancestor_that_is_no_category_has_a_page_too() -> None:
    page = opened("n09605289")  # adult
    assert not page.exception
    assert any("A WordNet heading, not an ImageNet category." in text.value for text in page.markdown)


def test_every_step_is_in_the_address() -> None:
    page = opened(FLUTIST)
    press(page, f"way_0_{MUSICIAN}")
    assert place(page) == MUSICIAN
    press(page, f"child_{FLUTIST}")
    assert place(page) == FLUTIST
    press(page, "start_all")
    assert place(page) == "n00001740"


def test_every_way_down_is_there_with_its_steps() -> None:
    page = opened(FLUTIST)
    paths = taxonomy.load().hypernym_paths(FLUTIST)
    expected = {f"way_{number}_{step}" for number, path in enumerate(paths) for step in path[:-1]}
    assert set(keys(page, "way_")) == expected
    assert len(paths) == 2


def test_parents_children_and_siblings_lead_on() -> None:
    page = opened(MUSICIAN)
    tree = taxonomy.load()
    assert {key.removeprefix("parent_") for key in keys(page, "parent_")} == set(tree[MUSICIAN].parents)
    next(toggle for toggle in page.toggle if toggle.key.startswith("all_child_")).set_value(True).run()
    assert {key.removeprefix("child_") for key in keys(page, "child_")} == set(tree.hyponyms(MUSICIAN))
    assert keys(page, "sibling_")


@pytest.mark.slow
def test_a_search_while_typing_leads_to_its_results(page: AppTest) -> None:
    type_text(page, "dog")
    assert not page.exception
    assert len(keys(page, "hit_")) == 8
    press(page, "more_hits")
    assert len(keys(page, "hit_")) == 16
    type_text(page, "car")
    page.session_state["hits"] = 199
    press(page, "more_hits")
    assert len(keys(page, "hit_")) == 200
    assert not keys(page, "more_hits")
    assert "There are more. Type more of the word to find them." in [caption.value for caption in page.caption]
    type_text(page, "flut")
    press(page, f"hit_{FLUTIST}").run()
    assert place(page) == FLUTIST
    assert page.text_input(key="search").value == ""


@pytest.mark.slow
def test_a_misspelt_search_offers_words_spelt_alike(page: AppTest) -> None:
    type_text(page, "axolotle")
    assert any(text.value.startswith("No category has that word.") for text in page.caption)
    press(page, "spelling_axolotl")
    assert page.text_input(key="search").value == "axolotl"
    assert keys(page, "hit_")


@pytest.mark.parametrize("text", ["a" * 10_000, "<script>", "🐶🐶", "   ", "**", "$x$"])
@pytest.mark.slow
def test_no_search_breaks_the_page(page: AppTest, text: str) -> None:
    type_text(page, text)
    assert not page.exception


def test_a_spin_gives_a_person_category_and_the_day_a_safe_one(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "choice", lambda people: people[1_000])
    press(page, "spin")
    assert place(page) == taxonomy.load().people[1_000]
    press(page, "day")
    assert place(page) in vocabularies.person_categories("september-2019")


def test_filters_narrow_the_list_and_the_counts_follow() -> None:
    page = opened(PERSON)
    page.pills(key="safeties").set_value(["offensive"]).run()
    page.pills(key="statuses").set_value(["sensitive", "offensive"]).run()
    assert any(text.value.startswith("**437** of 2,832") for text in page.markdown)
    page.pills(key="statuses").set_value(["kept"]).run()
    assert any(text.value.startswith("**0** of 2,832") for text in page.markdown)
    assert any("Loosen one of them" in text.value for text in page.caption)
    page.pills(key="safeties").set_value([]).run()
    assert any(text.value.startswith("**158** of 2,832") for text in page.markdown)
    press(page, "clear_filters")
    assert any(text.value.startswith("**2,832** of 2,832") for text in page.markdown)


def test_the_list_goes_on_over_pages() -> None:
    page = opened(PERSON)
    first = list(page.dataframe[0].value["wnid"])
    next(field for field in page.number_input if field.label == "Page (of 15)").set_value(15).run()
    last = list(page.dataframe[0].value["wnid"])
    assert len(first) == 200
    assert len(last) == 2_832 - 14 * 200
    assert not set(first) & set(last)


def test_another_list_begins_at_its_first_page() -> None:
    page = opened(PERSON)
    next(field for field in page.number_input if field.label == "Page (of 15)").set_value(2).run()
    page.selectbox(key="order").set_value("wnid").run()
    assert next(field for field in page.number_input if field.label == "Page (of 15)").value == 1


def test_a_leaf_has_no_list_and_no_filters() -> None:
    page = opened(FLUTIST)
    assert len(page.dataframe) == 0
    assert any(caption.value == "No subcategories." for caption in page.caption)


def test_an_instance_is_below_what_it_is_an_instance_of() -> None:
    sun = "n09450163"
    (star,) = taxonomy.load()[sun].instance_hypernyms
    assert f"child_{sun}" in keys(opened(star), "child_")


def test_a_single_subcategory_is_one_and_has_no_map() -> None:
    page = opened("n10792335")
    assert any("1 subcategory with" in text.value for text in page.markdown)
    assert not any(element.type == "plotly_chart" for element in page.main)
    assert keys(page, "child_")


def test_hits_are_told_with_their_definitions(page: AppTest) -> None:
    type_text(page, "flutist")
    hit = page.button(key=f"hit_{FLUTIST}")
    assert "someone who plays the flute" in hit.label


# How strongly a word sticks


def test_a_category_says_on_request_at_which_place_it_stands_on_each_sample() -> None:
    page = opened(FLUTIST)
    assert "Its place among all words" not in sent(page)
    press(page, "stick").run()
    table = sample_results.load()
    (said,) = (text.value for text in page.markdown if text.value.startswith("Its place among all words"))
    for name, sample in samples.SAMPLES.items():
        place = table.results[name].readings[0].place(FLUTIST, "fall-2011")
        assert f"{sample.title}: **{sentences.ordinal(place)}**" in said
    assert not page.get("imgs")


def test_a_locked_room_is_not_offered_the_place_of_a_masked_word(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = taxonomy.load()
    masked = next(wnid for wnid in tree.people if tree[wnid].safety == "sensitive")
    assert keys(opened(masked), "stick")  # the control
    monkeypatch.setattr(session, "may_reveal", lambda: False)
    assert not keys(opened(masked), "stick")
    assert keys(opened(FLUTIST), "stick")


def test_a_thing_has_no_place_among_words_for_people() -> None:
    assert not keys(opened(DOG), "stick")


# Masks


@pytest.mark.usefixtures("planted")
@pytest.mark.slow
def test_no_offensive_word_is_sent_before_it_is_asked_for() -> None:
    tree = taxonomy.load()
    offensive = max((wnid for wnid in tree.people if tree[wnid].safety == "offensive"), key=lambda w: tree[w].images)
    for category in (PERSON, offensive, tree[offensive].parents[0]):
        page = opened(category)
        if page.pills:  # not for a leaf
            page.pills(key="safeties").set_value(["offensive"]).run()
        assert not page.exception
        assert re.search(r"covered\\*: offensive", sent(page))
        assert not any("offensive" in word for word in sentinels.found(sent(page)))


@pytest.mark.slow
@pytest.mark.usefixtures("planted")
def test_one_offensive_word_is_revealed_alone_and_no_address_tells_it() -> None:
    tree = taxonomy.load()
    offensive = next(wnid for wnid in tree.people if tree[wnid].safety == "offensive")
    page = opened(offensive)
    assert keys(page, "way_")
    press(page, "reveal_card")
    words = {word.replace("gloss", "") for word in sentinels.found(sent(page)) if "offensive" in word}
    assert words == {sentinels.lemma(tree[offensive])}
    assert sentinels.found(str(page.query_params)) == set()
    assert not any("offensive" in word for word in sentinels.found(sent(opened(offensive))))  # another visitor


@pytest.mark.usefixtures("planted")
def test_the_table_can_be_taken_away_so_it_stays_masked_even_after_all_was_asked_for() -> None:
    page = opened(PERSON)
    press(page, "reveal_all")
    page.pills(key="safeties").set_value(["offensive"]).run()
    assert set(page.dataframe[0].value["category"]) == {"[covered: offensive]"}


@pytest.mark.usefixtures("planted")
@pytest.mark.slow
def test_the_list_as_csv_is_whole_and_masked_even_after_all_was_asked_for(
    downloads: dict[str, Callable[[], str]],
) -> None:
    page = opened(PERSON)
    press(page, "reveal_all")
    text = downloads["download_list"]()
    assert len(list(csv.DictReader(io.StringIO(text)))) == 2_832
    assert not any("offensive" in word for word in sentinels.found(text))
