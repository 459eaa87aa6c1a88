"""The page "Roulette, 2019": the words that the press named, covered until asked for, and what the tables say."""

import re
from collections import Counter
from pathlib import Path

import pytest
import sentinels
from streamlit.testing.v1 import AppTest

from explainer.imagenet import published, taxonomy, vocabularies
from explainer.ui import roulette, session

ROOT = Path(__file__).parents[2]
TEMPTRESS, CHEERLEADER, KEPT_CHEERLEADER = "n10055410", "n09913455", "n09913593"


def opened() -> AppTest:
    return AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=200).switch_page("pages/roulette.py").run()


def texts(page: AppTest) -> str:
    return "\n".join(text.value for text in page.markdown)


def sent(page: AppTest) -> str:
    return "\n".join(str(element.proto) for block in (page.main, page.sidebar) for element in block)


@pytest.fixture(scope="module")
def page() -> AppTest:
    return opened()


def test_23_words_are_shown_by_what_became_of_them(page: AppTest) -> None:
    assert not page.exception
    tree = taxonomy.load()
    counts = Counter(vocabularies.status(word.wnid) for word in published.reported())
    assert counts == {"kept": 3, "hard to picture": 6, "sensitive": 8, "offensive": 6}
    assert all(tree[word.wnid].in_fall_2011 for word in published.reported())
    assert "which makes 23 categories. ImageNet removed **20** of them" in texts(page)
    assert texts(page).count("easy to picture") + texts(page).count("never rated") == 23


def test_the_words_are_folded_by_what_became_of_them_and_the_first_group_is_open(page: AppTest) -> None:
    groups = {expander.label: expander.proto.expanded for expander in page.expander}
    assert groups == {
        "Kept by ImageNet (3)": True,
        "Safe, but removed by 2021: judged hard to picture (6)": False,
        "Sensitive, removal announced in 2019 (8)": False,
        "Offensive, removal announced in 2019 (6)": False,
    }


def test_a_word_that_the_release_lacks_gets_a_sentence_with_its_sources() -> None:
    words = [*published.reported(), published.Reported("n09977660", ("artforum",))]  # in the tree, not in Fall 2011
    held, absent = roulette.here([*words, published.Reported("n99999999", ("vice",))])
    assert held == list(published.reported())
    said = roulette.lacks(absent)
    assert said.startswith("This release of ImageNet does not have `n09977660`, `n99999999`")
    assert said.count("](https://") == 2


def test_what_the_tables_say_of_a_word() -> None:
    tree = taxonomy.load()
    assert roulette.facts(tree[KEPT_CHEERLEADER]) == (
        "easy to picture: 4.3 of 5 · 1,292 pictures · still in the list of the model YOLO9000"
    )
    assert (
        roulette.facts(tree["n09683180"])
        == "never rated for pictures · 334 pictures · not in the list of the model YOLO9000"
    )


def test_each_word_leads_to_its_card(page: AppTest) -> None:
    queries = {element.proto.query_string for element in page.main if element.type == "page_link"}
    assert queries >= {f"category={word.wnid}" for word in published.reported()}


def test_no_two_links_have_the_same_name_and_none_has_a_covered_word(page: AppTest) -> None:
    names = [element.proto.label for element in page.main if element.type == "page_link"]
    assert len(names) >= len(published.reported())
    assert len(set(names)) == len(names)
    covered = [
        word.wnid for word in published.reported() if vocabularies.status(word.wnid) in ("offensive", "sensitive")
    ]
    assert all(any(f"See {wnid} in the tree" in name for name in names) for wnid in covered)


def test_the_words_that_the_list_never_had_are_counted() -> None:
    tree = taxonomy.load()
    assert not tree["n09977660"].in_fall_2011
    assert "n10507230" not in tree
    assert "n09829305" not in tree
    assert "hold 2 words that ImageNet's Fall 2011 release does not have" in roulette.lacking()


def test_the_story_is_told_with_its_sources(page: AppTest) -> None:
    (story,) = (text.value for text in page.markdown if text.value.startswith("## What it was"))
    for told in ("thin green box", "100,000 labels", "not face recognition", "What it kept", "What can be rebuilt"):
        assert told in story
    assert "[@" not in texts(page)


def test_a_label_that_is_sensitive_is_covered_as_on_a_photo_and_opens_alone(planted: None) -> None:
    page = opened()
    assert not page.exception
    assert sentinels.found(sent(page)) == set()
    covered = [button for button in page.button if (button.key or "").startswith("reveal_reported")]
    assert len(covered) == 14
    page.button(key=f"reveal_reported_{TEMPTRESS}").click().run()
    assert sentinels.found(texts(page)) == {
        word for synset in [taxonomy.load()[TEMPTRESS]] for word in (sentinels.lemma(synset), sentinels.gloss(synset))
    }


def test_no_persons_name_stands_on_the_page(page: AppTest) -> None:
    makers = {"Trevor Paglen", "Kate Crawford", "Leif Ryge"}
    names = set(re.findall(r"\b[A-Z][a-z]+ [A-Z][a-z]+\b", re.sub(r"\]\([^)]*\)|\s+", " ", texts(page))))
    assert {"Jeffrey Epstein", "Cardi", "Kylie Jenner", "Donald Trump"} & names == set()
    assert makers <= names


def test_in_a_locked_room_the_words_are_absent(monkeypatch: pytest.MonkeyPatch, planted: None) -> None:
    monkeypatch.setattr(session, "may_reveal", lambda: False)
    page = opened()
    assert not page.exception
    assert not any("reveal_reported" in (button.key or "") for button in page.button)
    assert "easy to picture" not in texts(page)
    assert sentinels.found(sent(page)) == set()
