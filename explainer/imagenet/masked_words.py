"""The words and glosses of categories, masked where they offend. Nothing else reads lemmas or glosses for display."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import TypeVar

from explainer.imagenet import dictionary as dictionaries
from explainer.imagenet import taxonomy
from explainer.imagenet.dictionary import CompiledDictionary, Corpus, Dictionary
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
        """The definition; the first one takes seconds where the dictionary is not compiled yet."""
        return None if self.masked else _gloss(taxonomy.load()[self.wnid])

    @property
    def text(self) -> str:
        """The words, or in their place that they are masked and why."""
        return self.words if self.words is not None else f"[covered: {self.safety}]"

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


def definitions() -> dict[str, str]:
    """The definition of each category, as `definition` has it, by wnid, without those that no dictionary holds.

    Where WordNet was not compiled yet, or was changed since, it is compiled now, which takes seconds.
    """
    compile_dictionary()
    tree = taxonomy.load()
    with _reading:
        source = _wordnet()
        glosses = _told(source.glosses) if isinstance(source, CompiledDictionary) else None
    if glosses is None:
        glosses = {wnid: gloss for wnid, synset in tree.items() if (gloss := _gloss(synset)) is not None}
    return {wnid: f"{', '.join(synset.lemmas)}: {glosses[wnid]}" for wnid, synset in tree.items() if wnid in glosses}


def import_reader() -> None:
    """Import NLTK where WordNet is not compiled yet: takes a second.

    Its parts import each other in circles. Where a thread begins with it while another one imports something that it
    needs, it stays half imported as long as the process runs. So it is imported before there are others.
    """
    if _open() is None:
        import nltk  # noqa: F401


def compile_dictionary() -> bool:
    """Compile WordNet into the local index unless it is there; whether it is there. Takes seconds."""
    with _reading:
        if isinstance(_wordnet(), CompiledDictionary):
            return True
        corpus = _wordnet()
        if not isinstance(corpus, Corpus) or _told(lambda: dictionaries.write(corpus, taxonomy.load())) is not True:
            return False
        _open.cache_clear()
        return isinstance(_wordnet(), CompiledDictionary)


def dictionary() -> str:
    """Where glosses are read from, by name. Takes seconds where WordNet is not compiled."""
    with _reading:
        if _wordnet():
            return "WordNet 3.0, by NLTK"
        reason = "NLTK's WordNet is damaged" if _broken or _is_installed(_now()) else "NLTK has no WordNet 3.0"
        return f"the definitions that timm carries, as {reason}"


def base_form(word: str) -> str | None:
    """The noun that a word is a form of ("dogs": "dog"), as WordNet's `morphy` finds it; None where it finds none.

    None as well where there is no WordNet.
    """
    with _reading:
        source = _wordnet()
        return _told(lambda: source.base_form(word)) if source else None


# Of NLTK's reader and of a connection to SQLite alike: two threads at once would read each other's lines.
_reading = threading.Lock()
_log = logging.getLogger(__name__)

_broken: list[str] = []
"""Why a dictionary is not read any more, while this process runs."""


def _gloss(synset: Synset) -> str | None:
    # Not cached: that there is none may change once the dictionary can be read.
    with _reading:
        source = _wordnet()
        told = _told(lambda: source.gloss(synset.wnid)) if source else None
        return told or _timm_glosses().get(synset.wnid)


Told = TypeVar("Told")


def _told(ask: Callable[[], Told]) -> Told | None:
    """What a dictionary tells; None where it broke, after which it is not asked again."""
    try:
        return ask()
    except dictionaries.DictionaryError as error:
        _log.warning("The dictionary cannot be read any more (%s): timm's definitions stand in for it.", error)
        _broken.append(str(error))
        return None


def _wordnet() -> Dictionary | None:
    """WordNet 3.0, compiled or by NLTK; None where it is not installed yet, or broke."""
    if _broken:
        return None
    return _open() or (dictionaries.corpus() if _is_installed(_now()) else None)


@cache
def _open() -> CompiledDictionary | None:
    return dictionaries.compiled()


def _now() -> int:
    return int(time.monotonic())


@lru_cache(maxsize=1)
def _is_installed(second: int) -> bool:
    """Whether NLTK finds a WordNet: looked for once a second, as it may come while the app runs."""
    import nltk

    try:
        nltk.data.find("corpora/wordnet")
    except (LookupError, OSError, ValueError):  # ValueError: links, which NLTK does not follow
        return False
    return True


@cache
def _timm_glosses() -> dict[str, str]:
    from timm.data.imagenet_info import ImageNetInfo

    info = ImageNetInfo("imagenet-22k-ms")  # its list has the one class of ILSVRC that Fall 2011 has not
    both = {wnid: info.label_name_to_description(wnid, detailed=True) for wnid in info.label_names()}
    return {wnid: text.removeprefix(f"{info.label_name_to_description(wnid)}: ") for wnid, text in both.items()}
