"""WordNet's glosses and plurals, from NLTK, or from a local index that was compiled of them and opens in milliseconds.

The index is a file of SQLite in `models/compiled/`, made of the reader's own WordNet at set-up, or when it is first
missed. It is a copy that can be deleted at any time, and is not read once the files that it was made of have changed.
What is read here goes to `words`, which masks it.
"""

import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from explainer.setup import files, wordnet

_log = logging.getLogger(__name__)

_VERSION = 1  # of the tables below
_TABLES = """
CREATE TABLE version (number INTEGER);
CREATE TABLE source (path TEXT, size INTEGER, mtime_ns INTEGER);
CREATE TABLE gloss (wnid TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
CREATE TABLE noun (lemma TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE exception (form TEXT, lemma TEXT);
CREATE INDEX form_of_exception ON exception (form);
CREATE TABLE ending (plural TEXT, singular TEXT);
"""


class DictionaryError(Exception):
    """A dictionary that cannot be read any more."""


class Dictionary(Protocol):
    """What tells glosses and base forms. One thread at a time. Raises DictionaryError where it broke."""

    def gloss(self, wnid: str) -> str | None:
        """The gloss of a category; None where the dictionary does not hold it."""

    def base_form(self, word: str) -> str | None:
        """The noun that a word is a form of ("dogs": "dog"), as WordNet's `morphy` finds it, or None."""


class Corpus:
    """WordNet 3.0 as NLTK reads it, which takes seconds to open."""

    def __init__(self, reader: Any) -> None:
        self.reader = reader

    def gloss(self, wnid: str) -> str | None:
        """As `Dictionary` has it."""
        try:
            gloss: str = self.reader.synset_from_pos_and_offset("n", int(wnid[1:])).definition()
        except Exception as error:  # NLTK raises nearly anything on damaged files
            raise DictionaryError(files.why(error)) from error
        return gloss

    def base_form(self, word: str) -> str | None:
        """As `Dictionary` has it."""
        try:
            form: str | None = self.reader.morphy(word, "n")
        except Exception as error:
            raise DictionaryError(files.why(error)) from error
        return form


class CompiledDictionary:
    """The local index."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._endings = connection.execute("SELECT plural, singular FROM ending ORDER BY rowid").fetchall()

    def gloss(self, wnid: str) -> str | None:
        """As `Dictionary` has it."""
        return next((text for (text,) in self._rows("SELECT text FROM gloss WHERE wnid = ?", wnid)), None)

    def glosses(self) -> dict[str, str]:
        """All glosses by wnid."""
        return dict(self._rows("SELECT wnid, text FROM gloss"))

    def base_form(self, word: str) -> str | None:
        """As `Dictionary` has it: the word itself, an exception, or the word with another ending, if it is a noun."""
        forms = [lemma for (lemma,) in self._rows("SELECT lemma FROM exception WHERE form = ? ORDER BY rowid", word)]
        if not forms:
            forms = [word.removesuffix(plural) + one for plural, one in self._endings if word.endswith(plural)]
        return next((form for form in (word, *forms) if self._rows("SELECT 1 FROM noun WHERE lemma = ?", form)), None)

    def _rows(self, query: str, *values: str) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise DictionaryError(str(error)) from error


def path() -> Path:
    """The file of the local index, whether or not it is there."""
    return files.models_folder() / "compiled" / "dictionary.sqlite"


def compiled() -> CompiledDictionary | None:
    """The local index; None where there is none, or where it is damaged or made of files that have changed since."""
    file = path()
    if not file.exists():
        return None
    try:
        connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        try:
            (version,) = connection.execute("SELECT number FROM version").fetchone()
            sources = connection.execute("SELECT path, size, mtime_ns FROM source").fetchall()
            if version != _VERSION or sources != _sources(path for path, *_ in sources):
                raise ValueError("it was made of other files")
            return CompiledDictionary(connection)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError, ValueError, TypeError) as error:
        _log.info("%s is not read: %s.", file, files.why(error))
        return None


@cache
def corpus() -> Corpus | None:
    """WordNet as NLTK reads it; None where it is not whole, or another version, whose offsets would be wrong."""
    if wordnet.pointer() is None:
        return None
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    class Reader(WordNetCorpusReader):  # type: ignore[misc]
        """NLTK's reader less its map to other versions of WordNet, which takes half of the seconds it needs to load."""

        def map_wn(self, version: str = "wordnet") -> None:
            """No map."""

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that there are no other languages
            return Corpus(Reader(nltk.data.find("corpora/wordnet"), None))
    except Exception as error:  # NLTK raises nearly anything on damaged files
        _log.warning("NLTK cannot read its WordNet: %s.", files.why(error))
        return None


def write(corpus: Corpus, wnids: Iterable[str]) -> bool:
    """Compile the local index of some categories' glosses and of all plurals; whether it could be kept.

    Raises DictionaryError where the corpus is damaged. Several processes may write at once: each writes a file of its
    own and moves it into place.
    """
    file = path()
    glosses = [(wnid, corpus.gloss(wnid)) for wnid in wnids]
    try:
        sources = _sources(_files_of(corpus))
        lemmas = sorted(set(corpus.reader.all_lemma_names(pos="n")))
        exceptions = [(form, one) for form, all_ in corpus.reader._exception_map["n"].items() for one in all_]
        endings = corpus.reader.MORPHOLOGICAL_SUBSTITUTIONS["n"]
    except Exception as error:  # as in Corpus
        raise DictionaryError(files.why(error)) from error
    part = ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=file.parent, prefix=".dictionary-")
        os.close(handle)
        with closing(sqlite3.connect(part)) as connection:
            connection.executescript(_TABLES)
            connection.execute("INSERT INTO version VALUES (?)", (_VERSION,))
            connection.executemany("INSERT INTO source VALUES (?, ?, ?)", sources)
            connection.executemany("INSERT INTO gloss VALUES (?, ?)", sorted(glosses))
            connection.executemany("INSERT INTO noun VALUES (?)", ((lemma,) for lemma in lemmas))
            connection.executemany("INSERT INTO exception VALUES (?, ?)", exceptions)
            connection.executemany("INSERT INTO ending VALUES (?, ?)", endings)
            connection.commit()
        os.replace(part, file)
    except (OSError, sqlite3.Error) as error:
        _log.warning("%s cannot be written (%s): WordNet is read anew at each start.", file, files.why(error))
        with suppress(OSError):
            os.unlink(part)
        return False
    return True


def _files_of(corpus: Corpus) -> list[str]:
    """The files that NLTK reads the corpus from: those of a folder, or one zip file."""
    root = corpus.reader.root
    archive = getattr(root, "zipfile", None)
    return [archive.filename] if archive else [str(root.join(name)) for name in wordnet.FILES]


def _sources(paths: Iterable[str]) -> list[tuple[str, int, int]]:
    """Path, size and time of change of each file. Raises OSError where one is missing."""
    return [(path, (found := os.stat(path)).st_size, found.st_mtime_ns) for path in paths]
