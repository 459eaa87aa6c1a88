"""The words and glosses of categories, masked where they offend. Nothing else reads lemmas or glosses for display."""

import threading
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import Any

from explainer.imagenet import taxonomy
from explainer.imagenet.taxonomy import Safety, Synset


class Context(Enum):
    """Where the words are shown. A person's face is what makes a sensitive word offend; a file is shown to anyone."""

    TREE = "tree"
    PHOTO = "photo"
    TREE_FILE = "tree file"
    PHOTO_FILE = "photo file"


_MASKED: dict[Context, frozenset[Safety | None]] = {
    Context.TREE: frozenset({"offensive"}),
    Context.TREE_FILE: frozenset({"offensive"}),
    Context.PHOTO: frozenset({"offensive", "sensitive"}),
    Context.PHOTO_FILE: frozenset({"offensive", "sensitive"}),
}
_FILES = (Context.TREE_FILE, Context.PHOTO_FILE)

REASONS: dict[Safety, str] = {
    "offensive": "offensive, announced for removal in 2019",
    "sensitive": "sensitive, announced for removal in 2019",
}
"""Why a word is masked or marked, in the visitor's words; the judgement is ImageNet's own (Yang et al. 2020)."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What may be shown of a category: `words` and `gloss` are None where it is masked.

    `gloss` is also None where no dictionary is at hand.
    """

    wnid: str
    safety: Safety | None
    words: str | None

    @property
    def masked(self) -> bool:
        """Whether the words are withheld."""
        return self.words is None

    @property
    def gloss(self) -> str | None:
        """The definition; the first one that a process asks for takes seconds, while the dictionary is opened."""
        return None if self.masked else _gloss(taxonomy.load()[self.wnid])

    @property
    def text(self) -> str:
        """The words, or in their place that they are masked and why."""
        return self.words if self.words is not None else f"[masked: {self.safety}]"

    @property
    def name(self) -> str:
        """The first of the words, where there is little room, or in its place that they are masked and why."""
        return self.text.split(", ")[0]

    @property
    def note(self) -> str | None:
        """Why ImageNet took issue with the category, whether it is masked here or not."""
        return REASONS.get(self.safety) if self.safety else None


def caption(wnid: str, context: Context, revealed: bool = False) -> Caption:
    """The words and gloss of a category, as far as `context` and the visitor's wish to see them (`revealed`) allow.

    A file never carries a masked word, revealed or not. Raises taxonomy.UnknownCategory.
    """
    synset = taxonomy.load()[wnid]
    if synset.safety in _MASKED[context] and (context in _FILES or not revealed):
        return Caption(wnid, synset.safety, None)
    return Caption(wnid, synset.safety, ", ".join(synset.lemmas))


def names(captions: Sequence[Caption]) -> list[str]:
    """The name of each of several that stand together; where some share one, two of their words, or the wnid as well.

    Masked ones are not told apart.
    """
    two = [", ".join(caption.text.split(", ")[:2]) for caption in captions]
    firsts, seconds = Counter(caption.name for caption in captions), Counter(two)

    def name(caption: Caption, words: str) -> str:
        if caption.masked or firsts[caption.name] == 1:
            return caption.name
        return words if seconds[words] == 1 else f"{words}, {caption.wnid}"

    return list(map(name, captions, two))


def definition(wnid: str) -> str:
    """Lemmas and gloss as one text: what a sentence model reads, never what a person is shown.

    Raises LookupError where no dictionary holds the gloss.
    """
    synset = taxonomy.load()[wnid]
    gloss = _gloss(synset)
    if gloss is None:
        raise LookupError(f"No gloss of {wnid}: neither NLTK's WordNet nor timm's tables hold it.")
    return f"{', '.join(synset.lemmas)}: {gloss}"


def dictionary() -> str:
    """Where glosses are read from, by name. The first call of a process takes seconds, while it is opened."""
    with _reading:
        return "WordNet 3.0, by NLTK" if _wordnet() else "the definitions that timm carries, as NLTK has no WordNet 3.0"


def base_form(word: str) -> str | None:
    """The noun that a word is a form of ("dogs": "dog"), as WordNet's `morphy` finds it; None where it finds none.

    None as well where NLTK has no WordNet.
    """
    with _reading:
        reader = _wordnet()
        form: str | None = reader and reader.morphy(word, "n")
        return form


# NLTK's reader moves one shared file handle, so two threads at once would read each other's lines.
_reading = threading.Lock()


def _gloss(synset: Synset) -> str | None:
    # Not cached: the reader keeps what it has read, and that there is none may change once the dictionary can be read.
    with _reading:
        reader = _wordnet()
        if reader is not None:
            gloss: str = reader.synset_from_pos_and_offset("n", int(synset.wnid[1:])).definition()
            return gloss
        return _timm_glosses().get(synset.wnid)


def _wordnet() -> Any | None:
    """NLTK's WordNet 3.0, or None where it is not installed yet or is another version, whose offsets would be wrong."""
    return _opened() if _is_installed(int(time.monotonic())) else None


@lru_cache(maxsize=1)
def _is_installed(second: int) -> bool:
    """Whether NLTK finds a WordNet: looked for once a second, as it may come while the app runs."""
    import nltk

    try:
        nltk.data.find("corpora/wordnet")
    except LookupError:
        return False
    return True


@cache
def _opened() -> Any | None:
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    class Reader(WordNetCorpusReader):  # type: ignore[misc]
        """NLTK's reader less its map to other versions of WordNet, which takes half of the seconds it needs to load."""

        def map_wn(self, version: str = "wordnet") -> None:
            """No map."""

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that there are no other languages
            reader = Reader(nltk.data.find("corpora/wordnet"), None)
        return reader if reader.get_version() == "3.0" else None
    except (LookupError, OSError):  # OSError: a file of the corpus is missing
        return None


@cache
def _timm_glosses() -> dict[str, str]:
    from timm.data.imagenet_info import ImageNetInfo

    info = ImageNetInfo("imagenet-22k-ms")  # its list has the one class of ILSVRC that Fall 2011 has not
    both = {wnid: info.label_name_to_description(wnid, detailed=True) for wnid in info.label_names()}
    return {wnid: text.removeprefix(f"{info.label_name_to_description(wnid)}: ") for wnid, text in both.items()}
