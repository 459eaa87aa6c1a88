"""Releases as sets of person categories, label sets, and the first labels of a list of scores."""

import numpy as np
import pytest

from explainer import taxonomy, vocabularies
from explainer.taxonomy import Taxonomy
from explainer.vocabularies import Label, person_categories, top

WNIDS = ("n1", "n2", "n3", "n4")
SCORES = np.array([0.25, 0.5, 0.25, -1.0], dtype=np.float32)


def test_each_release_keeps_fewer_person_categories_than_the_one_before() -> None:
    assert [len(person_categories(release)) for release in vocabularies.RELEASES] == [2_832, 1_239, 158]
    assert person_categories("winter-2021") < person_categories("september-2019") < person_categories("fall-2011")


def test_after_2019_no_offensive_category_remains(tree: Taxonomy) -> None:
    for release in ("september-2019", "winter-2021"):
        assert {tree[wnid].safety for wnid in person_categories(release)} == {"safe"}


def test_winter_2021_kept_what_is_safe_and_imageable_at_4_or_more(tree: Taxonomy) -> None:
    for wnid in tree.people:
        safe, imageability = tree[wnid].safety == "safe", tree[wnid].imageability
        imageable = imageability is not None and imageability >= 4
        assert (wnid in person_categories("winter-2021")) == (safe and imageable), wnid


def test_an_unknown_release_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        person_categories("spring-1999")


def test_a_category_has_one_of_four_fates(tree: Taxonomy) -> None:
    fates = [vocabularies.status(wnid) for wnid in tree.people]
    names = ("kept", "not imageable", "sensitive", "offensive")
    assert [fates.count(name) for name in names] == [158, 1_081, 1_156, 437]
    assert vocabularies.status(taxonomy.PERSON) is None


def test_a_category_drawn_at_random_was_removed_in_56_of_100_draws() -> None:
    assert vocabularies.removed_share() == pytest.approx((437 + 1_156) / 2_832)
    assert round(100 * vocabularies.removed_share()) == 56


def test_ilsvrc_has_1000_classes_all_in_the_tree(tree: Taxonomy) -> None:
    wnids = vocabularies.label_set("imagenet-1k")
    assert len(set(wnids)) == len(wnids) == 1_000
    assert set(wnids) <= set(tree)
    assert [wnid for wnid in wnids if not tree[wnid].in_fall_2011] == list(taxonomy.EXTRA)


def test_ilsvrcs_classes_stand_in_the_order_of_its_outputs() -> None:
    wnids = vocabularies.label_set("imagenet-1k")
    # Tench, tabby, military uniform, toilet tissue: as the published list of synsets numbers them.
    assert [wnids[index] for index in (0, 281, 652, 999)] == ["n01440764", "n02123045", "n03763968", "n15075141"]


def test_an_unknown_label_set_is_a_key_error_that_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="imagenet-1k"):
        vocabularies.label_set("imagenet-2")


def test_the_highest_score_comes_first_and_the_earlier_output_among_equals() -> None:
    assert top(SCORES, WNIDS, 3) == (Label("n2", 0.5), Label("n1", 0.25), Label("n3", 0.25))


def test_there_are_no_more_labels_than_categories() -> None:
    assert [label.wnid for label in top(SCORES, WNIDS, 10)] == ["n2", "n1", "n3", "n4"]
    assert top(SCORES, WNIDS, 0) == ()


def test_what_a_release_removed_is_left_out_and_the_rest_moves_up() -> None:
    assert top(SCORES, WNIDS, 2, among={"n3", "n4"}) == (Label("n3", 0.25), Label("n4", -1.0))
    assert top(SCORES, WNIDS, 2, among=()) == ()
