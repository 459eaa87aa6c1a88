"""The page "About": its figures are counted or published, its critiques and links complete, its versions true."""

import hashlib
import re
from importlib import metadata
from pathlib import Path

import pytest
from handmade import SOURCES
from streamlit.testing.v1 import AppTest

from explainer.imagenet import published, sources, vocabularies
from explainer.imagenet.taxonomy import DATA
from explainer.setup import files
from explainer.ui import about
from explainer.vision import cards

ROOT = Path(__file__).parents[2]
TEXT = (DATA / "about.md").read_text(encoding="utf-8")
PAGES = re.findall(r'st\.Page\([^)]*title="([^"]+)"', SOURCES["streamlit_app.py"])
NUMBER = re.compile(r"\d[\d,.]*\d|\d")
# In no table of the removal: the pictures that the Barbican showed, and the millions that workers looked at.
OTHERS = {"30,000", "35,000", "160"}


@pytest.fixture(scope="module")
def page() -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=200)
    return app.switch_page("pages/about.py").run()


@pytest.mark.slow
def test_the_page_shows_its_text_with_the_figures_counted(page: AppTest) -> None:
    assert not page.exception
    assert page.title[0].value == "About"
    (text,) = (text.value for text in page.markdown if text.value.startswith("## What the harm was"))
    for figure in (
        "14,197,114 pictures",
        "21,841",
        "2,832 of them",
        "1,239 after",
        "158 after",
        "1,000 classes",
        "56%",
    ):
        assert figure in text.replace("\n", " ")
    assert re.search(r"of which\s+3 are people", text)
    assert not re.search(r"[{}]", text)


def test_every_figure_that_is_typed_was_published() -> None:
    typed_elsewhere = {figure for row in published.rows() for figure in NUMBER.findall(row.published)}
    prose = re.sub(
        r"\[@[^]]*\]|YOLO9000|EfficientNet-Lite0|\b\d{1,2} (September|February)|^\d\. ", "", TEXT, flags=re.MULTILINE
    )
    typed = set(NUMBER.findall(prose))
    assert {"2,395", "50,000"} <= typed
    assert {figure for figure in typed if not re.fullmatch(r"(1[789]|20)\d\d", figure)} <= typed_elsewhere | OTHERS


@pytest.mark.parametrize("title", sorted(set(PAGES) - {"About"}))
def test_how_each_page_computes_what_it_shows_is_told(title: str) -> None:
    assert f"**{title}.**" in TEXT


def test_the_page_begins_with_the_harm_and_the_critique() -> None:
    headings = re.findall(r"^## (.+)$", TEXT, flags=re.MULTILINE)
    assert headings[:3] == ["What the harm was", "What this is, and what it is not", "What is said against it"]


def test_the_eight_critiques_stand_there_with_who_made_them() -> None:
    critiques = re.findall(r"^(\d)\. ((?:.+\n?(?:   .+\n)*))", TEXT, flags=re.MULTILINE)
    assert [int(number) for number, _ in critiques] == list(range(1, 9))
    named = ("buzzfeed", "vice", "lyons", "wired", "roulette", "prabhu-2021", "excavating")
    assert [key for (_, text), key in zip(critiques[:7], named, strict=True) if key not in sources.keys(text)] == []


def test_this_is_said_to_be_no_face_recognition() -> None:
    assert "**It is not face recognition.**" in TEXT


def test_no_citation_is_left_unresolved_and_all_sources_stand_in_full(page: AppTest) -> None:
    shown = "\n".join(text.value for text in page.markdown)
    assert "[@" not in shown
    for key in sources.keys(TEXT):
        assert f"{sources.load()[key].reference}. [" in shown


def test_versions_wait_in_an_expander_that_is_closed(page: AppTest) -> None:
    assert {expander.label: expander.proto.expanded for expander in page.expander} == {
        "Sources in full": False,
        "Versions in use": False,
    }


def test_versions_are_those_in_use(page: AppTest) -> None:
    models, tables, packages = (table.value for table in page.dataframe)
    here = models[models["here"]]
    assert {card.title for card in cards.load_all()} == set(models["model"])
    assert "EfficientNet-Lite0" in here["model"].tolist()
    versions = dict(zip(packages["package"], packages["version"], strict=True))
    assert {"streamlit", "torch", "timm", "captum", "plotly"} <= set(versions)
    assert "pytest" not in versions
    assert all(version == metadata.version(package) for package, version in versions.items())
    in_use = tables.set_index("table")
    assert {"wordnet.csv", "imagenet_synsets.csv", "published_figures.csv", "yolo9000.txt", "embeddings.npz"} <= set(
        in_use.index
    )
    assert in_use.loc["imagenet_synsets.csv", "rows"] == 21_841
    assert in_use.loc["yolo9000.txt", "rows"] == 9_418
    embedded = {*vocabularies.label_set("imagenet-1k"), *vocabularies.person_categories("fall-2011")}
    assert in_use.loc["embeddings.npz", "rows"] == len(embedded)
    for name, digest in in_use["SHA-256"].items():
        assert digest == hashlib.sha256((DATA / name).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("wordnet", "dictionary"), [(True, "WordNet 3.0, by NLTK"), (False, "the definitions that timm carries")]
)
@pytest.mark.slow
def test_the_dictionary_and_the_face_detector_that_run_are_named(
    wordnet: bool, dictionary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not wordnet:
        monkeypatch.setattr(about.masked_words, "_wordnet", lambda: None)
    elif about.masked_words._wordnet() is None:
        pytest.skip("needs NLTK's WordNet")
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=200).switch_page("pages/about.py").run()
    (said,) = (text.value for text in app.markdown if text.value.startswith("**Definitions**"))
    assert dictionary in said
    assert ("YuNet" in said) == (files.path(files.YUNET) is not None) != ("Haar" in said)


def test_the_sources_of_the_tables_stand_there(page: AppTest) -> None:
    assert any("imagenet_synsets.csv" in text.value for text in page.markdown)


def test_the_text_is_counted_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(about.pipeline, "MOST_FACES", 12_345)
    assert "the largest 12345," in about.prose()
