"""The sources: every claim names one that exists, and every quotation is one of its entries, word for word."""

import csv
import re
import tomllib

import pytest

from explainer.imagenet import sources
from explainer.imagenet.taxonomy import DATA
from explainer.ui import sentences as page_sentences
from explainer.ui.removal import lineage

HISTORY = tomllib.loads((DATA / "history.toml").read_text(encoding="utf-8"))
TEXTS = {
    "about": (DATA / "about.md").read_text(encoding="utf-8"),
    "roulette": (DATA / "roulette.md").read_text(encoding="utf-8"),
}
TALK = (DATA / "talk.toml").read_text(encoding="utf-8")
# What the talk has in quotation marks without quoting anybody: answers and verdicts, and words that are filled in.
SPOKEN = {"nobody", "I do not know", "person", "unsafe"}
SAID_IN_THE_TALK = {"easy technical ‘fix’": "artnet", "deleting offensive terms": "artnet"}
CLAIMS = [
    *((entry["what"], entry["sources"]) for entry in HISTORY["event"]),
    *((entry["says"], entry["sources"]) for entry in HISTORY["voice"]),
    *(
        (paragraph, sources.keys(paragraph))
        for text in TEXTS.values()
        for paragraph in re.split(r"\n\n|\n(?=\d\. )", text)
    ),
    (page_sentences.RESOLUTION, sources.keys(page_sentences.RESOLUTION)),
]


def test_every_source_says_what_it_is_when_and_where() -> None:
    for source in sources.load().values():
        assert source.title, source.key
        assert re.search(r"\d{4}", source.date), source.key
        assert re.fullmatch(r"https?://[\w.-]+\.\w+(/\S*)?", source.address), source.key
    shorts = [source.short for source in sources.load().values()]
    assert len(shorts) == len(set(shorts))


@pytest.mark.parametrize(("text", "keys"), CLAIMS)
def test_every_claim_names_sources_that_exist_and_quotes_them_word_for_word(text: str, keys: list[str]) -> None:
    entries = [sources.plain(entry) for key in keys for entry in sources.load()[key].quotations]
    for quotation in sources.quoted(text):
        assert any(sources.plain(quotation) in entry for entry in entries), quotation


def test_the_talk_quotes_its_sources_word_for_word_and_nothing_else() -> None:
    marked = {" ".join(quotation.split()).strip(".,") for quotation in sources.quoted(TALK)}
    assert {phrase for phrase in marked if not phrase.lower().startswith("{{")} - SPOKEN - {"Nobody"} == set(
        SAID_IN_THE_TALK
    )
    for quotation, key in SAID_IN_THE_TALK.items():
        assert any(sources.plain(quotation) in sources.plain(entry) for entry in sources.load()[key].quotations)


@pytest.mark.parametrize(
    ("key", "goes_on"),
    [
        ("art-newspaper", "ImageNet Roulette has made its point."),
        ("artforum", "has become an important scientific question."),
        ("artnet", "the limitations and flaws of past results."),
        ("artnet", "or seeking equal representation by skin tone."),
    ],
)
def test_no_full_stop_stands_within_a_quotation_whose_sentence_goes_on(key: str, goes_on: str) -> None:
    entries = sources.load()[key].quotations
    assert any(goes_on.removesuffix(".") in entry for entry in entries)
    assert not any(sources.plain(goes_on) in sources.plain(entry) for entry in entries)


def test_the_figures_name_sources_that_exist() -> None:
    with (DATA / "published_figures.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert set(row["sources"].split()) <= set(sources.load())


def test_every_entry_of_history_has_a_source() -> None:
    assert all(entry["sources"] for entry in (*HISTORY["event"], *HISTORY["voice"]))


def test_no_source_is_kept_that_no_text_names() -> None:
    named = {key for _, keys in CLAIMS for key in keys}
    with (DATA / "published_figures.csv").open(encoding="utf-8", newline="") as file:
        named |= {key for row in csv.DictReader(file) for key in row["sources"].split()}
    with (DATA / "roulette_words.csv").open(encoding="utf-8", newline="") as file:
        named |= {key for row in csv.DictReader(file) for key in row["sources"].split()}
    named |= {key for stage in lineage.stages() for key in stage.sources}
    assert set(sources.load()) - named == set()


def test_quotations_are_short() -> None:
    assert all(len(quotation.split()) <= 32 for source in sources.load().values() for quotation in source.quotations)


def test_a_text_shows_its_sources_as_links() -> None:
    assert sources.cited("So it was. [@yang]") == "So it was. ([Yang et al. 2020](https://arxiv.org/abs/1912.07726))"
    assert sources.cited("[@wired; @vice]").count("](https://") == 2
    with pytest.raises(KeyError):
        sources.cited("[@nobody]")
