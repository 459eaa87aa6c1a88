"""Releases as sets of person categories, the vocabularies of models, and the first labels of a list of scores."""

import subprocess
import sys

import numpy as np
import pytest
from handmade import ROOT
from timm.data.imagenet_info import ImageNetInfo

from explainer.imagenet import taxonomy, vocabularies
from explainer.imagenet.taxonomy import PERSON, Taxonomy
from explainer.imagenet.vocabularies import VOCABULARIES, Afterlife, Label, afterlife, label_set, person_categories, top

SIZES = {
    "imagenet-22k": 21_841,
    "imagenet-1k": 1_000,
    "yolo9000": 9_418,
    "imagenet-21k-goog": 21_843,
    "imagenet-21k-miil": 11_221,
    "imagenet-21k-miil-w21": 10_450,
    "imagenet-12k": 11_821,
    "imagenet-22k-ms": 21_842,
}
"""The vocabularies' sizes, as their authors give them."""

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
    names = ("kept", "hard to picture", "sensitive", "offensive")
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


@pytest.mark.parametrize("name", VOCABULARIES)
def test_a_vocabulary_is_as_large_as_its_authors_say_and_names_nothing_twice(name: str) -> None:
    wnids = label_set(name)
    assert afterlife(name).size == len(wnids) == len(set(wnids)) == SIZES[name]
    assert all(wnid[0] == "n" and len(wnid) == 9 and wnid[1:].isdigit() for wnid in wnids)


@pytest.mark.parametrize("name", sorted(set(VOCABULARIES) - {"yolo9000", "imagenet-21k-miil-w21"}))
def test_a_list_that_timm_reads_is_read_as_timm_reads_it(name: str) -> None:
    assert list(label_set(name)) == ImageNetInfo(name).label_names()


def test_vocabularies_are_read_without_what_takes_seconds_to_import() -> None:
    script = (
        "import sys; from explainer.imagenet import vocabularies as v; v.afterlife('imagenet-22k'); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not {"timm", "torch"} & set(run.stdout.split())


def test_vocabularies_come_oldest_first_with_where_they_are_from() -> None:
    years = [int(vocabulary.date) for vocabulary in VOCABULARIES.values()]
    assert years == sorted(years)
    assert all(name == vocabulary.name for name, vocabulary in VOCABULARIES.items())
    assert all(vocabulary.title and vocabulary.source for vocabulary in VOCABULARIES.values())


def test_microsoft_and_google_have_all_of_fall_2011_and_one_and_two_more(tree: Taxonomy) -> None:
    fall_2011 = {wnid for wnid, synset in tree.items() if synset.in_fall_2011}
    assert set(label_set("imagenet-22k")) == fall_2011
    assert set(label_set("imagenet-22k-ms")) == fall_2011 | set(taxonomy.EXTRA)
    assert set(label_set("imagenet-21k-goog")) == fall_2011 | {"n03931044", "n09859684"}


def test_microsofts_order_begins_with_ilsvrcs_classes_and_googles_does_not() -> None:
    assert label_set("imagenet-22k-ms")[:1000] == label_set("imagenet-1k")
    assert label_set("imagenet-21k-goog")[0] == "n00004475"  # organism


def test_yolo9000_names_546_person_categories_that_were_removed() -> None:
    yolo = afterlife("yolo9000")
    assert (yolo.size, yolo.people, yolo.removed, yolo.offensive) == (9_418, 642, 546, 40)


@pytest.mark.parametrize("name", ["imagenet-22k", "imagenet-21k-goog", "imagenet-22k-ms"])
def test_what_was_trained_on_fall_2011_names_every_removed_category(name: str) -> None:
    assert afterlife(name) == Afterlife(
        size=SIZES[name], people=2_832, removed=1_593 + 1_081, offensive=437, images=600_041 + 443_547
    )


def test_ilsvrc_has_three_person_classes_and_none_of_them_was_removed(tree: Taxonomy) -> None:
    people = [tree[wnid].lemmas[0] for wnid in label_set("imagenet-1k") if wnid in tree.people]
    assert people == ["ballplayer", "groom", "scuba diver"]
    assert afterlife("imagenet-1k") == Afterlife(size=1_000, people=3, removed=0, offensive=0, images=0)


def test_a_vocabulary_of_winter_2021_names_nothing_that_was_removed(tree: Taxonomy) -> None:
    assert all(tree[wnid].in_winter_2021 for wnid in label_set("imagenet-21k-miil-w21"))
    after = afterlife("imagenet-21k-miil-w21")
    assert (after.removed, after.offensive, after.images) == (0, 0, 0)
    assert 0 < after.people <= 158


def test_the_root_is_no_person_category_of_a_vocabulary(tree: Taxonomy) -> None:
    wnids = label_set("yolo9000")
    assert PERSON in wnids
    assert afterlife("yolo9000").people == sum(tree[wnid].safety is not None for wnid in wnids)


def test_no_two_vocabularies_are_of_one_size_so_a_models_outputs_tell_its_own() -> None:
    assert len({len(label_set(name)) for name in VOCABULARIES}) == len(VOCABULARIES)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("vit_tiny_patch16_224.augreg_in21k", "imagenet-21k-goog"),
        ("convnext_tiny.fb_in22k", "imagenet-22k"),
        ("focalnet_large_fl3.ms_in22k", "imagenet-22k-ms"),
        ("vit_base_patch16_224_miil.in21k", "imagenet-21k-miil"),
        ("rexnetr_200.sw_in12k", "imagenet-12k"),
        ("resnet50.a1_in1k", "imagenet-1k"),
    ],
)
def test_a_model_answers_with_one_vocabulary(model: str, name: str) -> None:
    assert [other for other in VOCABULARIES if model in vocabularies.pretrained_models(other)] == [name]


def test_a_model_that_gives_features_and_no_labels_answers_with_none() -> None:
    assert not any("vit_base_patch16_224.mae" in vocabularies.pretrained_models(name) for name in VOCABULARIES)


def test_an_unknown_vocabulary_has_neither_afterlife_nor_models() -> None:
    for ask in (afterlife, vocabularies.pretrained_models):
        with pytest.raises(KeyError, match="there are imagenet-22k, "):
            ask("imagenet-2")


def test_the_highest_score_comes_first_and_the_earlier_output_among_equals() -> None:
    assert top(SCORES, WNIDS, 3) == (Label("n2", 0.5), Label("n1", 0.25), Label("n3", 0.25))


def test_there_are_no_more_labels_than_categories() -> None:
    assert [label.wnid for label in top(SCORES, WNIDS, 10)] == ["n2", "n1", "n3", "n4"]
    assert top(SCORES, WNIDS, 0) == ()


def test_what_a_release_removed_is_left_out_and_the_rest_moves_up() -> None:
    assert top(SCORES, WNIDS, 2, among={"n3", "n4"}) == (Label("n3", 0.25), Label("n4", -1.0))
    assert top(SCORES, WNIDS, 2, among=()) == ()


def test_the_teddy_bear_is_named_though_fall_2011_has_it_not() -> None:
    assert vocabularies.naming("n04399382") == ("imagenet-1k", "yolo9000", "imagenet-22k-ms")


def test_a_vocabulary_names_what_is_in_its_list() -> None:
    assert "yolo9000" in vocabularies.naming("n02084071")
    assert vocabularies.naming("n00001740") == ()
