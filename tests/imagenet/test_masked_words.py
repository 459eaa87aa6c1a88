"""What may be said of a category, where; and that its words come from one module alone."""

import ast
import dataclasses
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sentinels
from handmade import ROOT, SOURCES

from explainer.imagenet import dictionary, masked_words, taxonomy
from explainer.imagenet.masked_words import Context
from explainer.imagenet.taxonomy import Taxonomy

CAT, PERSON, TEDDY_BEAR = "n02121808", taxonomy.PERSON, "n04399382"

# By hand from the rules: where the words of a category are shown, asked for or not.
NEVER, ASKED, ALWAYS = (False, False), (False, True), (True, True)
SHOWN = {
    (Context.TREE, None): ALWAYS,
    (Context.TREE, "safe"): ALWAYS,
    (Context.TREE, "sensitive"): ALWAYS,
    (Context.TREE, "offensive"): ASKED,
    (Context.PHOTO, None): ALWAYS,
    (Context.PHOTO, "safe"): ALWAYS,
    (Context.PHOTO, "sensitive"): ASKED,
    (Context.PHOTO, "offensive"): ASKED,
    (Context.TREE_FILE, None): ALWAYS,
    (Context.TREE_FILE, "safe"): ALWAYS,
    (Context.TREE_FILE, "sensitive"): ALWAYS,
    (Context.TREE_FILE, "offensive"): NEVER,
    (Context.PHOTO_FILE, None): ALWAYS,
    (Context.PHOTO_FILE, "safe"): ALWAYS,
    (Context.PHOTO_FILE, "sensitive"): NEVER,
    (Context.PHOTO_FILE, "offensive"): NEVER,
}


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Taxonomy:
    """The tree with a sentinel in the place of all words and glosses that offend."""
    sentinels.plant(monkeypatch.setattr)
    return taxonomy.load()


def of(tree: Taxonomy, safety: str | None) -> str:
    """The first person category of that safety; of none, the root."""
    return PERSON if safety is None else next(wnid for wnid in tree.people if tree[wnid].safety == safety)


@pytest.mark.parametrize(("context", "safety"), SHOWN)
def test_words_and_gloss_are_shown_where_the_rules_allow(context: Context, safety: str | None, tree: Taxonomy) -> None:
    for revealed, shown in zip((False, True), SHOWN[context, safety], strict=True):
        caption = masked_words.caption(of(tree, safety), context, revealed)
        assert (caption.words is not None) == (caption.gloss is not None) == (not caption.masked) == shown


def test_every_context_has_its_rule() -> None:
    assert {context for context, _ in SHOWN} == set(Context)


@pytest.mark.parametrize("context", Context)
@pytest.mark.parametrize("revealed", [False, True])
def test_no_field_of_a_masked_caption_tells_the_word(context: Context, revealed: bool, planted: Taxonomy) -> None:
    for wnid in planted.people:
        caption = masked_words.caption(wnid, context, revealed)
        said = (caption, dataclasses.astuple(caption), caption.gloss, caption.text, caption.name, caption.note)
        assert not (caption.masked and sentinels.found(str(said))), wnid


def test_a_file_never_carries_a_masked_word(planted: Taxonomy) -> None:
    for revealed in (False, True):
        photo = [masked_words.caption(wnid, Context.PHOTO_FILE, revealed) for wnid in planted.people]
        tree = [masked_words.caption(wnid, Context.TREE_FILE, revealed) for wnid in planted.people]
        assert not sentinels.found(str(photo))
        assert all("sensitive" in word for word in sentinels.found(str(tree)))


def test_what_is_asked_for_is_shown(planted: Taxonomy) -> None:
    for safety in ("offensive", "sensitive"):
        caption = masked_words.caption(of(planted, safety), Context.PHOTO, revealed=True)
        assert len(sentinels.found(f"{caption} {caption.gloss}")) == 2  # the word and the gloss


def test_a_masked_label_says_that_it_is_masked_and_why(tree: Taxonomy) -> None:
    caption = masked_words.caption(of(tree, "offensive"), Context.PHOTO)
    assert caption.text == caption.name == "[covered: offensive]"
    assert caption.note == "offensive, announced for removal in 2019"


def test_a_sensitive_word_in_the_tree_is_marked_as_such(tree: Taxonomy) -> None:
    caption = masked_words.caption(of(tree, "sensitive"), Context.TREE)
    assert not caption.masked
    assert caption.note == "sensitive, announced for removal in 2019"


def test_words_are_all_lemmas_and_the_name_the_first_of_them() -> None:
    caption = masked_words.caption(CAT, Context.PHOTO)
    assert caption.words == "domestic cat, house cat, Felis domesticus, Felis catus"
    assert caption.name == "domestic cat"
    assert caption.note is None


def test_names_that_stand_together_are_told_apart_but_not_masked_ones() -> None:
    rows = [("n1", "baker, bread maker"), ("n2", "groom, hostler"), ("n3", "groom, bridegroom"), ("n4", "smith"),
            ("n5", "smith"), ("n6", None), ("n7", None)]  # fmt: skip
    captions = [masked_words.Caption(wnid, None if text else "offensive", text) for wnid, text in rows]
    assert masked_words.names(captions) == [
        "baker", "groom, hostler", "groom, bridegroom", "smith, n4", "smith, n5", *["[covered: offensive]"] * 2,
    ]  # fmt: skip


def test_an_unknown_category_has_no_words() -> None:
    with pytest.raises(taxonomy.UnknownCategory):
        masked_words.caption("n99999999", Context.TREE)


# Glosses

GLOSSES = {
    CAT: "any domesticated member of the genus Felis",
    PERSON: "a human being",
    TEDDY_BEAR: "plaything consisting of a child's toy bear (usually plush and stuffed with soft materials)",
}


@pytest.mark.parametrize("wnid", GLOSSES)
def test_the_gloss_is_wordnets(wnid: str) -> None:
    assert masked_words.caption(wnid, Context.TREE).gloss == GLOSSES[wnid]


@pytest.mark.slow
def test_without_wordnet_the_glosses_come_from_timm(tmp_path: Path) -> None:
    script = f"""
import json, nltk
nltk.data.path[:] = []
from explainer.imagenet import masked_words
assert masked_words._wordnet() is None
caption = lambda wnid: masked_words.caption(wnid, masked_words.Context.TREE)
entity = caption("n00001740")  # no category of ImageNet: timm does not know it
print(json.dumps([[caption(wnid).gloss for wnid in {list(GLOSSES)}], entity.words, entity.gloss]))
"""
    nowhere = os.environ | {"EXPLAINER_MODELS": str(tmp_path)}  # where nothing is compiled
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True, env=nowhere
    )
    assert json.loads(run.stdout) == [list(GLOSSES.values()), "entity", None]


def test_threads_that_read_at_once_get_the_right_glosses(tree: Taxonomy) -> None:
    wnids = tree.people[::20]
    alone = [masked_words.definition(wnid) for wnid in wnids]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(masked_words.definition, wnids)) == alone


@pytest.mark.slow
def test_threads_that_read_nltks_files_at_once_get_the_right_glosses(
    tree: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = dictionary.corpus()
    if corpus is None:
        pytest.skip("needs NLTK's WordNet")
    wnids = tree.people[::20]
    alone = [masked_words.definition(wnid) for wnid in wnids]
    monkeypatch.setattr(masked_words, "_open", lambda: None)
    corpus.reader._synset_offset_cache.clear()  # so that the threads have to read the file again
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(masked_words.definition, wnids)) == alone


# Who reads them

CODE = {file: ast.parse(text) for file, text in SOURCES.items()}


def readers(*names: str) -> set[str]:
    """The files that import one of these names, or read it as an attribute, by a string too."""

    def has(node: ast.AST) -> bool:
        if isinstance(node, ast.ImportFrom):
            return any(alias.name in names for alias in node.names)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            return any(isinstance(argument, ast.Constant) and argument.value in names for argument in node.args)
        return isinstance(node, ast.Attribute) and node.attr in names

    return {file for file, tree in CODE.items() if any(map(has, ast.walk(tree)))}


def test_only_the_words_module_shows_lemmas_and_only_the_search_reads_them_to_find_them() -> None:
    assert readers("lemmas") == {"explainer/imagenet/masked_words.py", "explainer/imagenet/search.py"}
    # setup/wordnet.py only checks a file
    assert readers("lemma_names") == {"explainer/imagenet/taxonomy.py", "explainer/setup/wordnet.py"}


def test_nobody_reads_glosses_past_the_mask() -> None:
    assert readers("_gloss", "_timm_glosses", "_wordnet") == set()
    nodes = [(file, node) for file, tree in CODE.items() for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {(file, f"{node.module}.{alias.name}") for file, node in nodes for alias in node.names}
    readers_of_files = {file for file, name in names if name.startswith("explainer.imagenet.dictionary")}
    assert readers_of_files == {"explainer/imagenet/masked_words.py"}
    assert readers("label_name_to_description") == {"explainer/imagenet/masked_words.py"}


def test_only_the_embeddings_and_the_search_read_unmasked_definitions() -> None:
    # `definition` is also what NLTK calls a gloss.
    assert readers("definition") == {"explainer/imagenet/dictionary.py", "explainer/vision/people.py"}
    assert readers("definitions") == {"explainer/imagenet/search.py"}
