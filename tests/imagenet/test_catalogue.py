"""Lists of categories: what the filters let through, in which order, and what leaves the server as a file."""

import csv
import datetime
import io
import json

import pytest
import sentinels

from explainer.imagenet import catalogue, masked_words, taxonomy, vocabularies
from explainer.imagenet.catalogue import Facets
from explainer.imagenet.masked_words import Context
from explainer.imagenet.taxonomy import PERSON, Taxonomy, UnknownCategory

ROOT, DOG = "n00001740", "n02084071"


@pytest.mark.parametrize(
    ("facets", "count"),
    [
        (Facets(), 2_832),
        (Facets(statuses=frozenset({"kept"})), 158),
        (Facets(statuses=frozenset({"offensive", "sensitive"})), 1_593),
        (Facets(statuses=frozenset({"hard to picture"})), 1_081),
        (Facets(statuses=frozenset({"kept", "hard to picture"})), 1_239),
        (Facets(safeties=frozenset({"offensive"})), 437),
        (Facets(safeties=frozenset({"sensitive"})), 1_156),
        (Facets(safeties=frozenset({"offensive"}), statuses=frozenset({"kept"})), 0),
        (Facets(safeties=frozenset({"safe"}), ratings=(4.0, 5.0)), 158),
        (Facets(people=True), 2_832),
    ],
)
def test_the_filters_count_what_imagenet_published(facets: Facets, count: int) -> None:
    assert len(catalogue.select(PERSON, facets)) == count


def test_below_the_root_only_people_were_removed() -> None:
    removed = Facets(statuses=frozenset({"hard to picture", "sensitive", "offensive"}))
    assert set(catalogue.select(ROOT, removed)) == set(catalogue.select(PERSON, removed))
    assert len(catalogue.select(ROOT, Facets())) == 21_837  # 21,841 less the four that are instances
    assert set(catalogue.select(ROOT, Facets(people=True))) == set(catalogue.select(PERSON, Facets()))


def test_at_least_so_many_images(tree: Taxonomy) -> None:
    some = catalogue.select(PERSON, Facets(images=1_500))
    assert some
    assert min(tree[wnid].images for wnid in some) >= 1_500
    assert len(some) == sum(tree[wnid].images >= 1_500 for wnid in tree.people)


def test_who_was_never_rated_is_listed_only_where_the_whole_range_is_asked_for(tree: Taxonomy) -> None:
    rated = [wnid for wnid in tree.people if tree[wnid].imageability is not None]
    assert len(catalogue.select(PERSON, Facets(ratings=(1.0, 4.99)))) < len(rated) < 2_832


@pytest.mark.parametrize("order", catalogue.ORDERS)
def test_every_order_lists_the_same_categories(order: str, tree: Taxonomy) -> None:
    wnids = catalogue.select(PERSON, Facets(), order)
    assert sorted(wnids) == sorted(tree.people)
    keys = [(catalogue.ORDERS[order](tree[wnid]), wnid) for wnid in wnids]
    assert keys == sorted(keys)


def test_the_first_by_images_has_the_most(tree: Taxonomy) -> None:
    assert tree[catalogue.select(PERSON, Facets())[0]].images == max(tree[wnid].images for wnid in tree.people)


def test_an_unknown_category_has_no_list() -> None:
    with pytest.raises(UnknownCategory):
        catalogue.select("n99999999", Facets())


def test_a_dog_is_in_all_releases_and_an_offensive_category_in_the_first_alone(tree: Taxonomy) -> None:
    assert catalogue.releases(DOG) == tuple(vocabularies.RELEASES)
    offensive = next(wnid for wnid in tree.people if tree[wnid].safety == "offensive")
    assert catalogue.releases(offensive) == ("fall-2011",)
    assert catalogue.releases(ROOT) == ()


def test_the_most_imageable_stands_above_nearly_all_and_the_unrated_nowhere(tree: Taxonomy) -> None:
    best, *_ = catalogue.select(PERSON, Facets(), "easiest to picture")
    assert catalogue.less_imageable(best) > 0.95
    assert catalogue.less_imageable(DOG) is None


def test_the_category_of_a_day_is_safe_and_the_same_all_day() -> None:
    days = [datetime.date(2026, 1, 1) + datetime.timedelta(days) for days in range(365)]
    chosen = [catalogue.of_the_day(day) for day in days]
    assert chosen == [catalogue.of_the_day(day) for day in days]
    assert set(chosen) <= vocabularies.person_categories("september-2019")
    assert len(set(chosen)) > 250


def test_a_list_as_csv_has_a_line_for_each_category_and_no_offensive_word(monkeypatch: pytest.MonkeyPatch) -> None:
    sentinels.plant(monkeypatch.setattr)
    wnids = catalogue.select(PERSON, Facets())
    text = catalogue.to_csv(wnids)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["wnid"] for row in rows] == list(wnids)
    assert not any("offensive" in word for word in sentinels.found(text))
    assert any("sensitive" in word for word in sentinels.found(text))  # the tree shows these, marked
    masked = [row for row in rows if row["masked"] == "True"]
    assert len(masked) == 437
    assert all(row["words"] == row["gloss"] == "" for row in masked)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_spreadsheet_takes_a_text_for_a_formula(text: str) -> None:
    assert catalogue.as_text(text) == f"'{text}"
    assert catalogue.as_text(f"a{text}") == f"a{text}"


@pytest.mark.slow
def test_no_cell_of_any_category_begins_like_a_formula(tree: Taxonomy) -> None:
    rows = csv.reader(io.StringIO(catalogue.to_csv([wnid for wnid in tree if tree[wnid].in_fall_2011])))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_a_record_can_be_written_as_json() -> None:
    said = json.loads(json.dumps(catalogue.record(DOG, lambda wnid: masked_words.caption(wnid, Context.TREE))))
    assert said["words"].startswith("dog, ")
    assert (said["images"], said["categories_below"], said["status"]) == (1_603, 189, None)
    assert said["releases"] == ["fall-2011", "september-2019", "winter-2021"]


def test_an_ancestor_has_no_images_and_no_status() -> None:
    said = catalogue.record(ROOT, lambda wnid: masked_words.caption(wnid, Context.TREE))
    assert said["images"] is said["status"] is None
    assert said["categories_below"] == 21_837
    assert taxonomy.load()[ROOT].images is None
