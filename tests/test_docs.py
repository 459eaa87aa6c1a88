"""The README and the pages in docs/ are complete, because these tests say so."""

import re

import pytest
from handmade import ROOT, SOURCES

from explainer.attribution import explain
from explainer.cli import _parser
from explainer.imagenet import vocabularies
from explainer.vision import cards

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
DEPLOY = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "deploy").glob("*.md"))}
LINKS = [
    (path, target)
    for path, text in [
        ("README.md", README),
        *((f"docs/{name}", text) for name, text in DOCS.items()),
        *((f"deploy/{name}", text) for name, text in DEPLOY.items()),
    ]
    for target in re.findall(r"\]\(([^)#:]+)\)", text)
]
SETTINGS = sorted(
    {name for text in SOURCES.values() for name in re.findall(r'environ\S*\(?["\'](EXPLAINER_\w+)', text)}
)
COMMANDS = sorted(_parser()._subparsers._group_actions[0].choices)
PAGES = re.findall(r'st\.Page\([^)]*title="([^"]+)"', SOURCES["streamlit_app.py"])


def test_there_is_something_to_document() -> None:
    assert {"EXPLAINER_MODELS", "EXPLAINER_MIRROR"} <= set(SETTINGS)
    assert {"classify", "models", "provision"} <= set(COMMANDS)
    assert "Your photo" in PAGES


def test_the_readme_can_be_read_in_ten_minutes() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("name", DOCS)
def test_the_readme_leads_to_every_page_of_the_docs(name: str) -> None:
    assert f"](docs/{name})" in README


@pytest.mark.parametrize(("path", "target"), LINKS)
def test_a_link_leads_to_a_file(path: str, target: str) -> None:
    assert ((ROOT / path).parent / target).is_file()


def test_what_happens_when_something_breaks_is_what_a_test_sees() -> None:
    named = re.findall(r"`(\w+/test_\w+\.py)`", DEPLOY["README.md"])
    assert len(named) > 15
    assert all((ROOT / "tests" / each).is_file() for each in named)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_stands_in_the_table(name: str) -> None:
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_shown(command: str) -> None:
    assert f"    explainer {command} " in DOCS["command-line.md"]


@pytest.mark.parametrize("title", PAGES)
def test_every_page_is_described(title: str) -> None:
    assert f"**{title}.**" in README


@pytest.mark.parametrize("card", cards.load_all(), ids=lambda card: card.name)
def test_every_model_stands_in_the_table_with_its_licence(card: cards.ModelCard) -> None:
    (row,) = (line for line in DOCS["models.md"].splitlines() if line.startswith(f"| `{card.name}` |"))
    assert card.licence in row
    if card.weights.asset:
        assert cards.megabytes(card.weights.asset.size) in row


@pytest.mark.parametrize("method", explain.METHODS.values(), ids=lambda method: method.name)
def test_every_method_and_its_paper_are_named(method: explain.Method) -> None:
    assert method.title in DOCS["methods.md"]
    assert re.search(r"arXiv \S+\d", method.paper).group(0) in DOCS["methods.md"]


def test_the_releases_are_named_with_their_sizes() -> None:
    for release in vocabularies.RELEASES:
        assert f"({len(vocabularies.person_categories(release)):,}" in README
