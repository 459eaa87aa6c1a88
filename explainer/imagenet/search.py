"""Categories by words, wnids and definitions. Words are read here to be found, never to be shown."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

from rapidfuzz import fuzz, process

from explainer.imagenet import masked_words, taxonomy
from explainer.imagenet.masked_words import Context

MAX_LENGTH = 100
"""Characters that a text to search for may have."""

FIELD_LENGTH = 10 * MAX_LENGTH
"""Characters that a field for such a text takes: more, so that whoever pastes a sentence is told to shorten it."""

_WNID = re.compile(r"n?(\d{2,8})")  # whole, or its beginning

# Endings of plurals and what stands in their place.
_PLURALS = (("men", "man"), ("ies", "y"), ("es", ""), ("s", ""))


class SearchError(ValueError):
    """A text that cannot be searched for, in a sentence."""


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found: wnids, the best first; whether there are more; where there are none, words spelt alike."""

    wnids: tuple[str, ...]
    more: bool = False
    spellings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Index:
    """All words of all categories in alphabetical order, in plain letters, and the category of each.

    `definitions` are lemmas and gloss of each category by its wnid, without those that the dictionary at hand has none
    of; empty while it is not yet read. `base_form` is what tells that "dogs" are a "dog".
    """

    lemmas: tuple[str, ...]
    wnids: tuple[str, ...]
    definitions: dict[str, str]
    base_form: Callable[[str], str | None]

    @cached_property
    def _lemmas_joined(self) -> "_Joined":
        return _Joined.of(self.lemmas, self.wnids)

    @cached_property
    def _definitions_joined(self) -> "_Joined":
        return _Joined.of(tuple(map(_plain, self.definitions.values())), tuple(self.definitions))

    def find(self, text: str, n: int = 20) -> Hits:
        """At most `n` categories for a text.

        Exact words and wnids come first, then words that begin with it, then words that hold it, then definitions;
        among equals the category with more below it. Raises SearchError for a text longer than MAX_LENGTH.
        """
        if len(text) > MAX_LENGTH:
            raise SearchError(f"That is longer than any word here: search for at most {MAX_LENGTH} characters.")
        wanted = _wanted(text)
        if not wanted:
            return Hits(())
        found: dict[str, None] = {}
        for matches in (self._exact, self._beginning, self._lemmas_joined.holding, self._definitions_joined.holding):
            new = {wnid for wnid in matches(wanted) if wnid not in found}
            found.update(dict.fromkeys(sorted(new, key=_places().__getitem__)))
            if len(found) > n:
                break
        spellings = () if found else self._spelt_like(wanted)
        return Hits(tuple(found)[:n], len(found) > n, spellings)

    def named(self, text: str) -> tuple[str, ...]:
        """The categories that a text names exactly: by wnid, by a word of theirs, or by a form of it ("dogs")."""
        found = set(self._exact(_wanted(text)))
        return tuple(sorted(found, key=_places().__getitem__)) if len(found) > 1 else tuple(found)

    def senses(self, wnid: str) -> tuple[str, ...]:
        """Other categories with a word of this one, the one with more below it first."""
        tree = taxonomy.load()
        others = {other for lemma in tree[wnid].lemmas for other in self._named(_plain(lemma))}
        return tuple(sorted(others - {wnid}, key=_places().__getitem__))

    def _exact(self, wanted: str) -> Iterator[str]:
        number = _WNID.fullmatch(wanted)
        if number and f"n{number[1]}" in taxonomy.load():
            yield f"n{number[1]}"
        yield from self._named(wanted)
        yield from self._named(_plain(self.base_form(wanted.replace(" ", "_")) or ""))
        # Of what is a word of its own as well ("men", the workforce) the dictionary tells no other form.
        for ending, instead in _PLURALS:
            if wanted.endswith(ending):
                yield from self._named(wanted.removesuffix(ending) + instead)

    def _named(self, lemma: str) -> tuple[str, ...]:
        return self.wnids[bisect_left(self.lemmas, lemma) : bisect_right(self.lemmas, lemma)]

    def _beginning(self, wanted: str) -> Iterator[str]:
        first = bisect_left(self.lemmas, wanted)
        yield from self.wnids[first : bisect_right(self.lemmas, wanted, first, key=lambda lemma: lemma[: len(wanted)])]
        number = _WNID.fullmatch(wanted)
        if number:
            yield from (wnid for wnid in taxonomy.load() if wnid.startswith(f"n{number[1]}"))

    def _spelt_like(self, wanted: str) -> tuple[str, ...]:
        """Words spelt nearly so. Masked ones are not suggested to whoever did not type them."""
        near = process.extract(wanted, self.lemmas, scorer=fuzz.ratio, limit=20, score_cutoff=60)
        shown = dict.fromkeys(
            lemma
            for lemma, *_ in near
            if not any(masked_words.caption(wnid, Context.TREE).masked for wnid in self._named(lemma))
        )
        return tuple(shown)[:5]


@dataclass(frozen=True)
class _Joined:
    """Texts as one long line, which is searched faster than many short ones, and where in it each begins."""

    line: str
    starts: tuple[int, ...]
    wnids: tuple[str, ...]

    @classmethod
    def of(cls, texts: tuple[str, ...], wnids: tuple[str, ...]) -> "_Joined":
        starts, length = [], 0
        for text in texts:
            starts.append(length)
            length += len(text) + 1
        return cls("\n".join(texts), tuple(starts), wnids)

    def holding(self, wanted: str) -> Iterator[str]:
        place = self.line.find(wanted)
        while place >= 0:
            index = bisect_right(self.starts, place) - 1
            yield self.wnids[index]
            # One match in a text is enough: go on with the next.
            place = self.line.find(wanted, self.starts[index + 1]) if index + 1 < len(self.starts) else -1


_SYNSET = re.compile(r"(.+)\.n\.\d{1,2}")  # NLTK's name of a category, as in "dog.n.01"


def _wanted(text: str) -> str:
    """What a visitor types, as words are compared; of NLTK's name of a category, its word."""
    name = _SYNSET.fullmatch(text.strip())
    return _plain(name[1] if name else text)


def _plain(text: str) -> str:
    """A text in small letters, without accents, a space for hyphens: as words are compared."""
    if text.isascii():  # nearly all are, and 42,000 texts are made plain at each start
        letters = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", text).casefold()
        letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(letters.translate(_SPACES).split())


# A space for underscores and hyphens, one apostrophe for all, and no full stops: "St. Bernard" is "St Bernard".
_SPACES = str.maketrans({"_": " ", "-": " ", "’": "'", "‘": "'", "ʼ": "'", "`": "'", ".": None})


@cache
def _places() -> dict[str, int]:
    """The place of each category among all, the one with the most below it first."""
    tree = taxonomy.load()
    order = sorted(tree, key=lambda wnid: (-tree.below(wnid).categories, wnid))
    return {wnid: place for place, wnid in enumerate(order)}


@cache
def of_words() -> Index:
    """The index without definitions, made in a fraction of a second."""
    return Index(*_words(), {}, lambda word: None)


def load() -> Index:
    """The index with the definitions that can be had; takes seconds where the dictionary is not compiled yet.

    Definitions that are missing are looked for again at the next call.
    """
    try:
        return _whole()
    except LookupError:
        return Index(*_words(), masked_words.definitions(), masked_words.base_form)


@cache
def _whole() -> Index:
    """The index with the definitions of all. Raises LookupError where one is missing, so that no part is kept."""
    definitions = masked_words.definitions()
    if len(definitions) < len(taxonomy.load()):
        raise LookupError("Some definitions are missing.")
    return Index(*_words(), definitions, masked_words.base_form)


@cache
def _words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    pairs = sorted((_plain(lemma), wnid) for wnid, synset in taxonomy.load().items() for lemma in synset.lemmas)
    lemmas, wnids = zip(*pairs, strict=True)
    return lemmas, wnids
