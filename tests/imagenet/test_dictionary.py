"""WordNet's glosses and plurals, compiled into a local index: the same answers, and none from a damaged file."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nltk
import pytest

from explainer.imagenet import dictionary, masked_words, search, taxonomy
from explainer.imagenet.dictionary import CompiledDictionary, Corpus, DictionaryError
from explainer.imagenet.masked_words import Context
from explainer.setup import wordnet

FEW = ("n00007846", "n02084071", "n10285313")  # person, dog, male child

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    found = dictionary.corpus()
    if found is None:
        pytest.skip("needs NLTK's WordNet")
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models, where nothing is compiled yet."""
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path))
    return tmp_path


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that has not opened a dictionary yet."""
    monkeypatch.setattr(masked_words, "_broken", [])
    caches = (masked_words._open, dictionary.corpus, masked_words._is_installed, search._whole)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def compiled(corpus: Corpus) -> CompiledDictionary:
    assert dictionary.write(corpus, FEW)
    found = dictionary.compiled()
    assert found is not None
    return found


def test_glosses_are_those_of_nltk(corpus: Corpus) -> None:
    index = compiled(corpus)
    assert index.glosses() == {wnid: corpus.gloss(wnid) for wnid in FEW}
    assert index.gloss("n00007846") == "a human being"
    assert index.gloss("n99999999") is None


def test_base_forms_are_those_of_nltk(corpus: Corpus) -> None:
    index = compiled(corpus)
    by_hand = {
        "dogs": "dog",
        "churches": "church",
        "aardwolves": "aardwolf",
        "abaci": "abacus",
        "men": "men",
        "x1": None,
    }
    assert {word: index.base_form(word) for word in by_hand} == by_hand
    nouns = random.Random(0).sample(sorted(corpus.reader.all_lemma_names(pos="n")), 500)
    exceptions = random.Random(0).sample(sorted(corpus.reader._exception_map["n"]), 200)
    for word in [form for noun in nouns for form in (noun, f"{noun}s", f"{noun}es", f"{noun[:-1]}ies")] + exceptions:
        assert index.base_form(word) == corpus.base_form(word), word


def test_an_index_of_files_that_have_changed_is_not_read(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "data.noun"
    source.write_text("as it was")
    monkeypatch.setattr(dictionary, "_files_of", lambda corpus: [str(source)])
    compiled(corpus)
    os.utime(source, (1, 1))
    assert dictionary.compiled() is None
    compiled(corpus)
    source.unlink()
    assert dictionary.compiled() is None


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"no index" * 1000, None])
def test_a_damaged_index_is_not_read(content: bytes | None, corpus: Corpus) -> None:
    compiled(corpus)
    file = dictionary.path()
    file.write_bytes(file.read_bytes()[:5000] if content is None else content)
    assert dictionary.compiled() is None


def test_a_folder_that_cannot_be_written_to_is_told(corpus: Corpus, folder: Path) -> None:
    (folder / "compiled").write_text("a file where the folder should be")
    assert not dictionary.write(corpus, FEW)


def test_an_index_that_breaks_while_it_is_read_costs_glosses_and_nothing_else(
    corpus: Corpus, anew: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    index = compiled(corpus)
    monkeypatch.setattr(masked_words, "_open", lambda: index)
    assert masked_words.caption("n02084071", Context.TREE).gloss == corpus.gloss("n02084071")
    index._connection.close()
    timms = masked_words._timm_glosses()["n02084071"]
    assert masked_words.caption("n02084071", Context.TREE).gloss == timms
    assert masked_words.caption("n00001740", Context.TREE).gloss is None  # entity, which timm does not know
    assert masked_words.base_form("dogs") is None
    assert masked_words.dictionary() == "the definitions that timm carries, as NLTK's WordNet is damaged"
    assert len(caplog.messages) == 1


def linked(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for name in wordnet.FILES:
        (target / name).symlink_to(source / name)


def cut(source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    with (target / "data.noun").open("r+b") as file:
        file.truncate(11_000_000)  # behind the line that is looked at to tell the version


@pytest.mark.parametrize("damage", [linked, cut])
def test_a_wordnet_that_nltk_cannot_read_leaves_timms_glosses(
    damage: Callable[[Path, Path], None],
    corpus: Corpus,
    anew: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    damage(Path(str(corpus.reader.root)), tmp_path / "corpora" / "wordnet")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    index = search.load()
    assert {"n00007846", "n02084071"} <= set(index.definitions)
    assert masked_words.caption("n02084071", Context.TREE).gloss == masked_words._timm_glosses()["n02084071"]
    assert masked_words.dictionary() == "the definitions that timm carries, as NLTK's WordNet is damaged"
    assert not dictionary.path().exists()


def test_a_corpus_that_breaks_while_it_is_read_says_so() -> None:
    with pytest.raises(DictionaryError):
        Corpus(None).gloss("n00007846")


_SEARCH = """
import sys
from explainer.cli import main
assert main(["search", "dogs", "--top", "1"]) == 0
print("nltk" in sys.modules, "timm" in sys.modules)
"""


def test_once_it_is_compiled_nothing_is_read_by_nltk(corpus: Corpus, folder: Path) -> None:
    assert dictionary.write(corpus, taxonomy.load())
    run = subprocess.run([sys.executable, "-c", _SEARCH], capture_output=True, text=True, timeout=60)
    assert run.stdout.splitlines()[0].startswith("n02084071  dog")
    assert run.stdout.splitlines()[-1] == "False False"
