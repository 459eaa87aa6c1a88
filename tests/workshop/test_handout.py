"""What is taken away: this room's results, cards for a room without phones, a page about the network and the data."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sentinels

from explainer.imagenet import masked_words
from explainer.imagenet import sources as claims
from explainer.imagenet.masked_words import Context
from explainer.imagenet.taxonomy import DATA
from explainer.workshop import (
    handout,
    participants,
    questions,
    record,
    rehearsal,
    reports,
    rooms,
    screens,
    sheets,
    store,
    talk,
    votes,
)
from explainer.workshop.handout import Service
from explainer.workshop.record import Record
from explainer.workshop.rooms import Room
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store

PARROT = "n10401331"  # on record as offensive
GRANDMOTHER, GRANDFATHER = "n10142747", "n10142391"
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "rect", "path", "source"}
FILE = Path("/srv/talk/rooms.sqlite")


class Reader(HTMLParser):
    """Tags with their attributes, the text that a reader sees, and whether every tag is closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Mapping[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, text: str) -> None:
        if "style" not in self.open:
            self.texts.append(text)

    @property
    def text(self) -> str:
        """All text with single spaces."""
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def rehearsed() -> Iterator[Record]:
    """A room with made-up votes on the default deck, pages of pictures and reports."""
    kept = SQLiteStore(None)
    room = rehearsal.rehearse(kept)
    yield record.record(kept, room.code)
    kept.close()


@pytest.fixture
def adults(store: Store) -> Room:
    return rooms.open_room(store, "adults", "safety")


def decide(store: Store, code: str, question: str, *rounds: Mapping[str, int]) -> None:
    """Have so many phones give so many answers, round after round."""
    most = max(sum(answers.values()) for answers in rounds)
    tokens = [participants.join(store, code) for _ in range(most)]
    for round, answers in enumerate(rounds, start=1):
        screens.present(store, code, activity=question, phase=("", "open", "second")[round])
        given = [answer for answer, count in answers.items() for _ in range(count)]
        for token, answer in zip(tokens, given, strict=False):
            votes.vote(store, code, question, round, token, answer)


def section(html: str, wnid: str) -> str:
    """The part of a handout that is about one question."""
    (found,) = (part for part in re.findall(r"<section.*?</section>", html, re.DOTALL) if wnid in part)
    return found


def everything(rehearsed: Record) -> dict[str, str]:
    """Each of the papers."""
    return {
        "handout": handout.handout(rehearsed),
        "cards": handout.cards("imageability"),
        "it": handout.it_page(Service(8501, False, FILE)),
        "teacher": handout.teacher_page(),
    }


# The papers


@pytest.mark.parametrize("paper", ["handout", "cards", "it", "teacher"])
def test_a_paper_is_one_well_formed_file_that_asks_no_host_for_anything(paper: str, rehearsed: Record) -> None:
    html = everything(rehearsed)[paper]
    read = Reader(html)
    assert html.startswith("<!DOCTYPE html>")
    assert read.open == []
    assert ("html", {"lang": "en"}) in read.tags
    names = [name for name, _ in read.tags]
    assert names.count("title") == names.count("h1") == 1
    assert not {"script", "link", "iframe", "object", "form", "base", "img"} & set(names)
    assert not [value for _, attributes in read.tags for name, value in attributes.items() if name in ("src", "href")]
    assert not re.search(r"url\((?!#)|@import", html)
    policy = next(attributes for name, attributes in read.tags if "http-equiv" in attributes)
    assert str(policy["content"]).startswith("default-src 'none'")


def test_only_a_rehearsal_says_that_it_is_one(rehearsed: Record) -> None:
    marked = handout.handout(rehearsed)
    real = handout.handout(replace(rehearsed, room=replace(rehearsed.room, rehearsal=False)))
    assert "Rehearsal: the votes in this room are made up." in Reader(marked).text
    assert re.search(r"\.rehearsal \{ position: fixed", marked)  # what is fixed is printed on every page
    assert "(rehearsal)</title>" in marked
    assert "rehearsal" not in real.lower()


@pytest.mark.parametrize("markup", ["<script>alert(1)</script>", "\"><img src=x onerror='alert(1)'>", "{{ 7 * 7 }}"])
def test_markup_in_any_value_is_inert(markup: str, rehearsed: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = masked_words.Caption(PARROT, "safe", markup)
    monkeypatch.setattr(masked_words.Caption, "gloss", markup)
    monkeypatch.setattr(masked_words, "caption", lambda *_: hostile)
    text = replace(talk.load(), questions=(markup,), critiques=(talk.Critique(markup, markup),))
    monkeypatch.setattr(talk, "load", lambda: text)
    room = replace(rehearsed.room, code=markup)
    papers = [
        handout.handout(replace(rehearsed, room=room)),
        handout.cards("imageability"),
        handout.it_page(Service(8501, False, Path(markup))),
    ]
    for html in papers:
        read = Reader(html)
        assert read.open == []
        assert markup in "".join(read.texts)
        assert "script" not in {name for name, _ in read.tags}
        assert not any("onerror" in attributes for _, attributes in read.tags)


@pytest.mark.usefixtures("planted")
def test_a_masked_word_stays_masked_on_every_paper(store: Store, adults: Room) -> None:
    decide(store, adults.code, f"safety/{PARROT}", {"offensive": 6})
    screens.present(store, adults.code, activity="", phase="talk")
    for token in [participants.join(store, adults.code) for _ in range(6)]:
        reports.flag(store, adults.code, token, PARROT, "insult")
    html = handout.handout(record.record(store, adults.code))
    assert Reader(html).text.count("[covered: offensive]") == 2
    papers = html + handout.cards("safety") + handout.cards("imageability")
    assert not {found for found in sentinels.found(papers) if "offensive" in found}


# The handout


def test_a_question_has_its_word_its_definition_both_votes_and_the_record(store: Store, adults: Room) -> None:
    decide(
        store, adults.code, f"safety/{GRANDMOTHER}", {"safe": 7, "sensitive": 5, "who": 2}, {"safe": 12, "unsure": 2}
    )
    html = handout.handout(record.record(store, adults.code))
    read = Reader(section(html, GRANDMOTHER))
    drawn = [(tag["width"], tag["fill"]) for name, tag in read.tags if name == "rect"]  # told apart in grey, too
    assert drawn[:2] == [("58.3", "url(#first)"), ("100.0", "url(#second)")]
    text = read.text
    assert text.startswith("grandma, grandmother, granny")
    assert "the mother of your father or mother" in text
    assert "answer vote 1 vote 2" in text
    assert "Safe 7 12 " in text
    assert "Sensitive: it depends on the photo 5 0 " in text
    assert "It depends who says it 2 0 " in text
    assert "On record: safe, imageability 5.0 of 5, kept. This room: the same." in text


def test_a_room_that_decided_otherwise_is_different_and_gets_no_score(store: Store, adults: Room) -> None:
    decide(store, adults.code, f"safety/{GRANDFATHER}", {"safe": 9})
    html = handout.handout(record.record(store, adults.code))
    text = Reader(section(html, GRANDFATHER)).text
    assert "On record: sensitive, imageability 5.0 of 5, announced for removal in 2019. This room: different." in text
    assert not re.search(r"score|points|correct|wrong|right answer", text)


@pytest.mark.parametrize(("people", "said"), [(4, False), (5, True)])
def test_how_fewer_than_five_decided_is_not_said(people: int, said: bool, store: Store, adults: Room) -> None:
    for wnid, answer in ((GRANDMOTHER, "safe"), (GRANDFATHER, "sensitive")):
        decide(store, adults.code, f"safety/{wnid}", {answer: people})
    screens.present(store, adults.code, activity="thing", phase="open")
    for token in [participants.join(store, adults.code) for _ in range(people)]:
        votes.mark(store, adults.code, "thing", token, sheets.sheet("thing").showing)
    text = Reader(handout.handout(record.record(store, adults.code))).text
    assert ("This room: the same." in text) == said
    assert ("marked 100% of the time" in text) == said


def test_a_handout_says_whose_it_is_and_what_was_marked(rehearsed: Record) -> None:
    text = Reader(handout.handout(rehearsed)).text
    assert f"Room {rehearsed.room.code} , {rehearsed.room.created.astimezone().date().isoformat()}." in text
    assert f"Phones that joined: {rehearsal.PHONES}." in text
    assert record.data_version() in text
    assert "24 pages. Pictures that show it were marked 7" in text  # made up: three of four
    assert "On record: safe, imageability 1.0 of 5, removed by 2021. ImageNet had 1,390 pictures sorted" in text
    assert "On record: ." not in text  # a cup has none


def test_what_a_few_reported_is_left_out(store: Store, room: Room) -> None:
    tokens = [participants.join(store, room.code) for _ in range(5)]
    for token in tokens:
        reports.flag(store, room.code, token, GRANDFATHER, "group")
    reports.flag(store, room.code, tokens[0], GRANDMOTHER, "unseen")
    text = Reader(handout.handout(record.record(store, room.code))).text
    reported = text.partition("What the room reported")[2]
    assert f"{GRANDFATHER} It is about race, faith, health or sexuality 5" in reported
    assert GRANDMOTHER not in reported


def test_a_room_that_did_nothing_has_questions_and_sources_all_the_same(store: Store) -> None:
    text = Reader(handout.handout(record.record(store, rooms.open_room(store).code))).text
    assert "This room has not voted." in text
    assert all(question in text for question in talk.load().questions)
    assert all(critique.short in text for critique in talk.load().critiques)


def test_the_sources_are_those_of_the_page_about() -> None:
    about = (DATA / "about.md").read_text(encoding="utf-8")
    assert len(handout.sources()) == len(claims.keys(about))
    (essay,) = (line for line in handout.sources() if "Excavating AI: The Politics of Images" in line)
    assert essay.endswith("https://excavating.ai")


# Cards


@pytest.mark.parametrize("deck", questions.DECKS)
def test_every_category_of_a_deck_has_a_card_unless_its_word_is_masked(deck: str) -> None:
    fronts = re.findall(r'<p class="words">', handout.cards(deck))
    shown = [
        wnid
        for wnid in questions.DECKS[deck].wnids()
        if not masked_words.caption(wnid, Context.TREE_FILE, revealed=True).masked
    ]
    assert len(fronts) == len(shown) == len(questions.DECKS[deck].wnids()) - (deck == "safety")
    assert PARROT not in handout.cards(deck)


def test_the_record_is_on_the_back_of_its_card_when_the_paper_is_turned() -> None:
    html = handout.cards("imageability")
    cards = re.findall(r'<div class="card">(.*?)</div>', html, re.DOTALL)
    numbers = [int(found[1]) if (found := re.search(r"Card (\d+)", card)) else None for card in cards]
    # Eleven cards, two across: eight fronts, their backs with the columns the other way round, and so on.
    assert numbers[:16] == [1, 2, 3, 4, 5, 6, 7, 8, 2, 1, 4, 3, 6, 5, 8, 7]
    assert numbers[16:] == [9, 10, 11, 10, 9, None, 11]
    assert all(("On record" in card) == (place in {*range(8, 16), 19, 20, 22}) for place, card in enumerate(cards))


def test_a_front_says_nothing_of_the_record() -> None:
    fronts = re.findall(r'<p class="words">.*?</div>', handout.cards("imageability"), re.DOTALL)
    assert not any(re.search(r"imageability|kept|removed|safe|n\d{8}", front) for front in fronts)


def test_the_sheet_for_hands_has_a_field_for_each_answer() -> None:
    html = handout.cards("safety").partition("Counted hands")[2]
    assert html.count("<td></td>") == 11 * len(questions.DECKS["safety"].choices)


# The page for those who look after the network and the data


def test_the_page_lists_everything_that_the_store_keeps() -> None:
    made = {table for line in store.SCHEMA for table in re.findall(r"^CREATE TABLE (\w+)", line.strip())}
    assert made == set(handout.KEPT)
    text = Reader(handout.it_page(Service(8501, False, FILE))).text
    assert all(what in text for what, _ in handout.KEPT.values())


def test_the_store_has_no_place_for_what_the_page_says_is_not_kept() -> None:
    columns = " ".join(store.SCHEMA).lower()
    assert not re.search(r"\b(ip|address|agent|browser|device|name|photo|image|digest|hash|sha256|time)\b", columns)


def test_the_page_names_the_database_and_what_it_has_besides() -> None:
    text = " ".join(Reader(handout.it_page(Service(8501, True, None, "rooms on db.example"))).text.split())
    assert "Where: in the database rooms on db.example" in text
    assert "when each phone joined and was last heard of, and a digest by which its browser is known again" in text
    assert "a digest by which the presenter's browser is known again" in text
    assert "zeros" not in text


def test_the_page_names_the_port_and_the_file_and_says_whether_others_can_listen() -> None:
    plain, safe = (Reader(handout.it_page(Service(8600, *served))).text for served in ((False, FILE), (True, None)))
    assert "port 8600 ," in plain
    assert str(FILE) in plain
    assert "Others in the same network can read and change what goes over it" in plain
    assert "STREAMLIT_SERVER_SSL_CERT_FILE=cert.pem" in plain
    assert "in memory, until the program ends" in safe
    assert "This server has a certificate" in safe
    assert "plain http" not in safe


# The page for a teacher


def test_the_teachers_page_has_goals_words_minutes_and_what_to_do_when_somebody_is_hurt() -> None:
    text = Reader(handout.teacher_page()).text
    for part in ("Ages: from 14", "Goals", "Words you need", "Minutes", "Prepare", "When somebody is hurt"):
        assert part in text
    assert all(step.title in text for step in talk.load().steps.values())


def test_the_handout_has_the_rooms_own_rules_and_what_it_wrote_on_paper(store: Store, room: Room) -> None:
    screens.present(store, room.code, step="own", activity="poll/allow", phase="open")
    for _ in range(5):
        votes.vote(store, room.code, "poll/allow", 1, participants.join(store, room.code), "3")
    rooms.keep_paper(store, room.code, "Whoever is in a photo may object.")
    text = Reader(handout.handout(record.record(store, room.code))).text
    assert "Which words may label a photo of a stranger?" in text
    assert "Only what that person chose 5" in text
    assert "Whoever is in a photo may object. As the presenter typed it." in text
