"""The category tree, on ten synsets made by hand, then the real one."""

import doctest
import os
import random

import pytest
from handmade import ADA, BAKER, CAUSE, ENTITY, LIVING, OBJECT, SLUR, THING, WORKER

from explainer.imagenet import taxonomy
from explainer.imagenet.taxonomy import PERSON, Extent, Taxonomy, UnknownCategory

TEDDY_BEAR = "n04399382"


def test_two_ways_lead_to_person_and_the_shorter_comes_first(small_tree: Taxonomy) -> None:
    assert small_tree.hypernym_paths(PERSON) == [
        (ENTITY, CAUSE, PERSON),
        (ENTITY, THING, OBJECT, LIVING, PERSON),
    ]


def test_every_category_below_person_inherits_both_ways(small_tree: Taxonomy) -> None:
    paths = small_tree.hypernym_paths(BAKER)
    assert [path[-3:] for path in paths] == [(PERSON, WORKER, BAKER)] * 2
    assert [len(path) for path in paths] == [5, 7]


def test_the_root_is_its_own_path(small_tree: Taxonomy) -> None:
    assert small_tree.hypernym_paths(ENTITY) == [(ENTITY,)]


def test_hyponyms_stand_directly_below_in_the_order_of_their_numbers(small_tree: Taxonomy) -> None:
    assert small_tree.hyponyms(WORKER) == (BAKER, SLUR)
    assert small_tree.hyponyms(ENTITY) == (THING, CAUSE)
    assert small_tree.hyponyms(SLUR) == ()


def test_the_closure_is_all_that_is_below_and_not_the_category_itself(small_tree: Taxonomy) -> None:
    assert small_tree.closure(PERSON) == {WORKER, BAKER, SLUR}
    assert small_tree.closure(CAUSE) == {PERSON, WORKER, BAKER, SLUR}


def test_an_instance_is_no_hyponym_but_has_a_way_to_the_root(small_tree: Taxonomy) -> None:
    assert small_tree.hyponyms(BAKER) == ()
    assert small_tree.instances(BAKER) == (ADA,)
    assert ADA not in small_tree.closure(ENTITY)
    assert small_tree.hypernym_paths(ADA)[0] == (ENTITY, CAUSE, PERSON, WORKER, BAKER, ADA)


def test_what_is_below_is_counted_once_by_however_many_ways_it_is_reached(small_tree: Taxonomy) -> None:
    assert small_tree.below(ENTITY) == Extent(5, 138)  # object 5, person 100, worker 20, baker 10, slur 3
    assert small_tree.below(PERSON) == Extent(3, 33)
    assert small_tree.below(BAKER) == Extent(0, 0)


def test_ancestors_are_those_of_all_ways(small_tree: Taxonomy) -> None:
    assert small_tree.ancestors(PERSON) == {ENTITY, THING, OBJECT, LIVING, CAUSE}
    assert small_tree.ancestors(ENTITY) == set()


def test_siblings_share_a_parent(small_tree: Taxonomy) -> None:
    assert small_tree.siblings(BAKER) == (SLUR,)
    assert small_tree.siblings(THING) == (CAUSE,)
    assert small_tree.siblings(PERSON) == ()


def test_people_are_the_categories_below_person_the_root_left_out(small_tree: Taxonomy) -> None:
    assert small_tree.people == (WORKER, BAKER, SLUR)


def test_an_unknown_category_is_named_in_a_sentence(small_tree: Taxonomy) -> None:
    tree = small_tree
    for ask in (tree.__getitem__, tree.hyponyms, tree.closure, tree.hypernym_paths, tree.below, tree.siblings):
        with pytest.raises(UnknownCategory) as refusal:
            ask("n99999999")
        assert str(refusal.value) == "There is no category 'n99999999' in ImageNet's tree."
    assert small_tree.get("n99999999") is None


def test_fall_2011_has_21841_categories_and_14197114_images(tree: Taxonomy) -> None:
    categories = [synset for synset in tree.values() if synset.in_fall_2011]
    assert len(categories) == 21_841
    assert sum(synset.images or 0 for synset in categories) == 14_197_114


def test_the_teddy_bear_is_in_the_tree_but_not_of_fall_2011(tree: Taxonomy) -> None:
    assert "teddy bear" in tree[TEDDY_BEAR].lemmas
    assert not tree[TEDDY_BEAR].in_fall_2011
    assert tree[TEDDY_BEAR].images is None


def test_there_are_2832_person_categories_with_1177285_images(tree: Taxonomy) -> None:
    assert len(tree.people) == 2_832
    assert sum(tree[wnid].images or 0 for wnid in tree.people) == 1_177_285
    assert PERSON not in tree.people
    assert tree[PERSON].images == 1_242


def test_the_person_categories_are_exactly_those_with_a_safety_label(tree: Taxonomy) -> None:
    assert set(tree.people) == {wnid for wnid, synset in tree.items() if synset.safety is not None}


def test_437_categories_are_offensive_and_1156_sensitive(tree: Taxonomy) -> None:
    labels = [tree[wnid].safety for wnid in tree.people]
    assert (labels.count("offensive"), labels.count("sensitive"), labels.count("safe")) == (437, 1_156, 1_239)


def test_every_way_up_from_every_category_ends_at_entity(tree: Taxonomy) -> None:
    roots = {path[0] for wnid, synset in tree.items() if synset.in_fall_2011 for path in tree.hypernym_paths(wnid)}
    assert roots == {"n00001740"}


def test_every_parent_is_in_the_tree(tree: Taxonomy) -> None:
    assert {parent for synset in tree.values() for parent in synset.parents} <= set(tree)


def test_person_is_an_organism_and_a_causal_agent(tree: Taxonomy) -> None:
    assert {tree[parent].lemmas[0] for parent in tree[PERSON].hypernyms} == {"organism", "causal agent"}


@pytest.fixture(scope="module")
def wordnet() -> object:
    """NLTK's WordNet; on a machine that checks for all, it must be there."""
    from nltk.corpus import wordnet as corpus

    try:
        corpus.ensure_loaded()
    except LookupError:
        if os.environ.get("CI") == "true":
            pytest.fail("NLTK has no WordNet: run `explainer provision`")
        pytest.skip("needs NLTK's WordNet: run `explainer provision`")
    return corpus


@pytest.mark.usefixtures("wordnet")
@pytest.mark.slow
def test_the_table_of_the_package_is_what_wordnet_gives_today() -> None:
    assert taxonomy.compile_table() == (taxonomy.DATA / "wordnet.csv").read_bytes().decode()


@pytest.mark.slow
def test_what_hangs_below_person_is_what_nltk_finds_there(tree: Taxonomy, wordnet) -> None:
    person = wordnet.synset_from_pos_and_offset("n", int(PERSON[1:]))
    below = {f"n{synset.offset():08d}" for synset in person.closure(lambda synset: synset.hyponyms())}
    assert tree.closure(PERSON) == below & set(tree)
    assert set(tree.people) == {wnid for wnid in below if wnid in tree and tree[wnid].in_fall_2011}


@pytest.mark.slow
def test_what_is_below_200_categories_is_what_nltk_counts_there(tree: Taxonomy, wordnet) -> None:
    for wnid in ["n00001740", *random.Random(0).sample(sorted(tree), 200)]:
        synset = wordnet.synset_from_pos_and_offset("n", int(wnid[1:]))
        below = {f"n{other.offset():08d}" for other in synset.closure(lambda synset: synset.hyponyms())}
        images = [tree[other].images for other in below if other in tree and tree[other].in_fall_2011]
        assert tree.below(wnid) == Extent(len(images), sum(images))


def test_the_examples_in_the_docstrings_hold() -> None:
    outcome = doctest.testmod(taxonomy)
    assert outcome.attempted
    assert not outcome.failed
