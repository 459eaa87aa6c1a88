"""Sentinel words: words that no text contains by chance, in place of all offensive and sensitive ones.

Many of the real words are ordinary elsewhere, in Streamlit's own scripts for one, so looking for them proves nothing.
With sentinels planted, a mask leaks where one of them turns up.
"""

import dataclasses
import re
from collections.abc import Callable

from explainer.imagenet import masked_words, search, taxonomy
from explainer.imagenet.taxonomy import Safety, Synset, Taxonomy

MASKED: tuple[Safety, ...] = ("offensive", "sensitive")

_DIGITS = str.maketrans("0123456789", "abcdefghij")  # letters alone: nothing escapes them, or breaks them up
_PATTERN = re.compile(r"qzq(?:offensive|sensitive)(?:gloss)?[a-j]{8}", re.IGNORECASE)


def lemma(synset: Synset) -> str:
    """The sentinel in the place of a category's lemmas: "qzqoffensive" and its number in letters."""
    return f"qzq{synset.safety}{synset.wnid[1:].translate(_DIGITS)}"


def gloss(synset: Synset) -> str:
    """The sentinel in the place of a category's gloss."""
    return f"qzq{synset.safety}gloss{synset.wnid[1:].translate(_DIGITS)}"


def found(text: str) -> set[str]:
    """The sentinels in a text."""
    return {match.lower() for match in _PATTERN.findall(text)}


def plant(replace: Callable[[object, str, object], None] = setattr) -> None:
    """Put sentinels into every offensive and sensitive category, before anything asks for words.

    `replace` is called like `setattr`; pytest's `monkeypatch.setattr` takes them out again.
    """
    tree = Taxonomy({wnid: _marked(synset) for wnid, synset in taxonomy.load().items()})
    real_gloss = masked_words._gloss

    def planted_gloss(synset: Synset) -> str | None:
        return gloss(synset) if synset.safety in MASKED else real_gloss(synset)

    replace(taxonomy, "load", lambda: tree)
    replace(masked_words, "_gloss", planted_gloss)


def forget_words() -> None:
    """Drop the indices of words that were kept, which are of other words than those planted, or of the planted ones."""
    for kept in (search.of_words, search._whole, search._words, search._places):
        kept.cache_clear()


def _marked(synset: Synset) -> Synset:
    return dataclasses.replace(synset, lemmas=(lemma(synset),)) if synset.safety in MASKED else synset
