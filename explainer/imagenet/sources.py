"""The sources of all claims, `data/sources.toml`: who said what, when and where, and the sentences that are quoted.

Texts name a source as `[@key]`, several as `[@one; @other]`.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from explainer.imagenet.taxonomy import DATA

_CITED = re.compile(r"\[(@[\w-]+(?:; @[\w-]+)*)\]")
_QUOTED = re.compile(r"“([^”]+)”")


@dataclass(frozen=True, slots=True)
class Source:
    """A publication. `short` names it in brackets; `author` and `where` it appeared may be empty.

    `quotations` are sentences of it, word for word.
    """

    key: str
    short: str
    author: str
    title: str
    where: str
    date: str
    address: str
    quotations: tuple[str, ...]

    @property
    def reference(self) -> str:
        """All of it in one line of plain text, without the address."""
        parts = (self.author, self.title, self.where, self.date)
        return ", ".join(part for part in parts if part)


@cache
def load() -> Mapping[str, Source]:
    """The sources by key, in the order of the file."""
    entries = tomllib.loads((DATA / "sources.toml").read_text(encoding="utf-8"))
    return {
        key: Source(
            key,
            entry["short"],
            entry.get("author", ""),
            entry["title"],
            entry.get("in", ""),
            entry["date"],
            entry["address"],
            tuple(entry.get("quotations", ())),
        )
        for key, entry in entries.items()
    }


def cite(keys: Iterable[str]) -> str:
    """Sources as links in Markdown, by their short names. Raises KeyError for an unknown key."""
    found = [load()[key] for key in keys]
    return "; ".join(f"[{source.short}]({source.address})" for source in found)


def cited(text: str) -> str:
    """A text with each `[@key]` in it replaced by links in brackets. Raises KeyError for an unknown key."""
    return _CITED.sub(lambda match: f"({cite(_keys(match))})", text)


def keys(text: str) -> tuple[str, ...]:
    """The keys of the sources that a text names, each once."""
    return tuple(dict.fromkeys(key for match in _CITED.finditer(text) for key in _keys(match)))


def quoted(text: str) -> tuple[str, ...]:
    """What stands in a text between “ and ”, which are for quotations alone."""
    return tuple(_QUOTED.findall(text))


def plain(quotation: str) -> str:
    """A quotation as it is compared: straight marks, single spaces, no capital at the beginning.

    A full stop counts: within the marks it says that the source's sentence ends there.
    """
    text = " ".join(quotation.translate(_MARKS).split())
    return text[:1].lower() + text[1:]


_MARKS = str.maketrans({"“": "'", "”": "'", '"': "'", "‘": "'", "’": "'"})


def _keys(match: re.Match[str]) -> list[str]:
    return [key.removeprefix("@") for key in match.group(1).split("; ")]
