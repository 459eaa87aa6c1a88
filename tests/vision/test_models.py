"""Further models, from the download to the label: real weights in files of their own, from a real server."""

import dataclasses
import json
from pathlib import Path

import downloaded_models
import numpy as np
import pytest
import small_models
from downloaded_models import TWIN
from file_server import Home
from PIL import Image

from explainer.attribution import explain
from explainer.cli import main
from explainer.imagenet import taxonomy, vocabularies
from explainer.setup import files
from explainer.setup.files import ProvisionError
from explainer.vision import cards, pipeline, samples
from explainer.vision.cards import ClassifierError, ModelCard


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What can be downloaded: a twin of the default, one with its labels shifted, and one grown to 21,843 outputs."""
    folder = tmp_path_factory.mktemp("publisher") / "models"
    tensors = downloaded_models.weights()
    models = (
        (downloaded_models.card(TWIN), tensors),
        (downloaded_models.card("shifted"), downloaded_models.shifted(tensors, 1)),
        (
            downloaded_models.card("grown", labels="imagenet-21k-goog", people="trained"),
            downloaded_models.grown(tensors),
        ),
    )
    downloaded_models.lay(folder, *models)
    return folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, published: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cards without their files; nobody has them but a server, where a test asks for it. No model is loaded."""
    folder = tmp_path / "models"
    folder.mkdir()
    for card in published.glob("*.toml"):
        (folder / card.name).write_text(card.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setenv("EXPLAINER_MODELS", str(folder))
    monkeypatch.delenv("EXPLAINER_MIRROR", raising=False)
    pipeline._others.cache_clear()
    return folder


def offer(home: Home, published: Path, folder: Path, name: str = TWIN, **changes: object) -> ModelCard:
    """Let the server publish a model's file, and its card say so."""
    card = cards.load(name)
    home.content = (published / "weights" / card.weights.file).read_bytes()
    weights = dataclasses.replace(card.weights, url=home.url, **changes)
    return small_models.write(dataclasses.replace(card, weights=weights), folder)


def put(published: Path, folder: Path, name: str) -> Path:
    """Carry a model's file into the folder of weights by hand."""
    file = cards.load(name).weights.file
    (folder / "weights").mkdir(exist_ok=True)
    (folder / "weights" / file).write_bytes((published / "weights" / file).read_bytes())
    return folder / "weights" / file


# Fetched


def test_a_model_that_is_not_there_says_what_to_do_and_the_default_goes_on() -> None:
    with pytest.raises(ClassifierError, match=r"of Twin are missing: `explainer models --download twin` fetches them"):
        pipeline.load(TWIN)
    assert pipeline.load().classifier.card.name == cards.DEFAULT


@pytest.mark.slow
def test_a_downloaded_model_reads_like_the_one_whose_weights_it_has(home: Home, published: Path, folder: Path) -> None:
    card = offer(home, published, folder)
    seen: list[tuple[int, int]] = []
    cards.fetch(card, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (card.weights.size, card.weights.size)
    one, other = (pipeline.read(pipeline.load(name), samples.read("astronaut"), True) for name in (TWIN, cards.DEFAULT))
    assert (one.model, one.readings[0].model) == (TWIN, TWIN)
    assert np.allclose(one.readings[0].scores, other.readings[0].scores, atol=1e-6)


def test_a_download_that_broke_off_goes_on_where_it_stopped(home: Home, published: Path, folder: Path) -> None:
    card = offer(home, published, folder)
    home.breaks_off_after = 5_000_000
    with pytest.raises(
        ProvisionError, match=r"broke off after 15,000,000 of .* Without it, this model cannot be asked"
    ):
        cards.fetch(card)
    assert not card.present
    home.breaks_off_after = None
    cards.fetch(card)
    assert home.asked[-1] == "bytes=15000000-"
    assert card.weights.is_whole()


@pytest.mark.slow
def test_a_model_can_be_carried_in_by_the_mirror(
    home: Home, published: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = offer(home, published, folder)
    monkeypatch.setenv("EXPLAINER_MIRROR", str(published / "weights"))
    cards.fetch(card)
    assert pipeline.load(TWIN).classifier.card == card
    assert home.asked == []


def test_a_wrong_file_is_left_as_it_is_and_nothing_is_fetched(home: Home, published: Path, folder: Path) -> None:
    card = offer(home, published, folder)
    path = put(published, folder, TWIN)
    path.write_bytes(path.read_bytes()[:-1])
    content, changed = path.read_bytes(), path.stat().st_mtime_ns
    with pytest.raises(ProvisionError, match="is not the file that the card of Twin names: it is left as it is"):
        cards.fetch(card)
    with pytest.raises(ClassifierError, match="is not the file that the card of Twin names: it is left as it is"):
        pipeline.load(TWIN)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)
    assert home.asked == []


# Of some files no digest is published


@pytest.mark.slow
def test_without_a_published_digest_the_first_file_that_passes_is_the_one(
    home: Home, published: Path, folder: Path
) -> None:
    size = cards.load(TWIN).weights.size
    card = offer(home, published, folder, sha256="", size=size - size // 200)
    cards.fetch(card)
    note = folder / "weights" / "twin.safetensors.sha256"
    assert not note.exists()
    pipeline.load(TWIN)
    path = card.weights.path
    assert note.read_text() == files.digest(path) + "\n"

    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # the least there is to change
    path.write_bytes(content)
    pipeline._others.cache_clear()
    with pytest.raises(ClassifierError, match="is not the file that the card of Twin names"):
        pipeline.load(TWIN)
    assert path.read_bytes() == content


@pytest.mark.parametrize("share", [0.98, 1.02])
def test_without_a_published_digest_the_size_must_be_about_right(
    share: float, home: Home, published: Path, folder: Path
) -> None:
    size = cards.load(TWIN).weights.size
    card = offer(home, published, folder, sha256="", size=int(size * share))
    with pytest.raises(ProvisionError, match=f"it offers {size:,} bytes instead of"):
        cards.fetch(card)
    assert not card.present


def test_without_a_published_digest_the_server_must_say_how_long_the_file_is(
    home: Home, published: Path, folder: Path
) -> None:
    card = offer(home, published, folder, sha256="")
    home.announces_length = False
    with pytest.raises(ProvisionError, match="it does not say how many bytes it has"):
        cards.fetch(card)


# The trial


def test_a_model_whose_labels_are_shifted_by_one_never_answers_and_its_file_stays(
    published: Path, folder: Path
) -> None:
    path = put(published, folder, "shifted")
    content, changed = path.read_bytes(), path.stat().st_mtime_ns
    for _ in range(2):
        with pytest.raises(ClassifierError, match="Shifted does not answer, as it failed the self-test"):
            pipeline.load("shifted")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)


def test_a_file_that_fails_the_trial_is_not_noted(published: Path, folder: Path) -> None:
    card = cards.load("shifted")
    small_models.write(dataclasses.replace(card, weights=dataclasses.replace(card.weights, sha256="")), folder)
    put(published, folder, "shifted")
    with pytest.raises(ClassifierError, match="failed the self-test"):
        pipeline.load("shifted")
    assert [file.name for file in (folder / "weights").iterdir()] == ["shifted.safetensors"]


# Trained on people


@pytest.mark.slow
def test_a_model_trained_on_people_is_read_under_the_same_releases(published: Path, folder: Path) -> None:
    put(published, folder, "grown")
    reading = pipeline.read(pipeline.load("grown"), samples.read("astronaut"), True).readings[0]
    assert reading.scores.sum() == pytest.approx(1, abs=1e-4)
    assert reading.scores.min() >= 0
    for release, size in (("fall-2011", 2_832), ("september-2019", 1_239), ("winter-2021", 158)):
        labels = reading.people(release, 2_832)
        assert {label.wnid for label in labels} == vocabularies.person_categories(release)
        assert len(labels) == size
    assert {label.wnid for label in reading.objects(100)}.isdisjoint(taxonomy.load().people)
    # Of people it knows what ILSVRC knows: a groom, a ballplayer and a scuba diver; the others are all the same to it.
    known = {"n09835506", "n10148035", "n10565667"}
    rest = {round(label.score, 7) for label in reading.people("fall-2011", 2_832) if label.wnid not in known}
    assert len(rest) == 1


# Kept in memory


def name_others(file: Path, folder: Path) -> None:
    """Two more models of that file, of names of their own."""
    card = cards.load(TWIN)
    for name in ("second", "third"):
        weights = dataclasses.replace(card.weights, file=f"{name}.safetensors")
        small_models.write(dataclasses.replace(card, name=name, weights=weights), folder)
        (file.parent / f"{name}.safetensors").hardlink_to(file)


@pytest.mark.slow
def test_the_default_stays_loaded_and_of_the_others_two(published: Path, folder: Path) -> None:
    name_others(put(published, folder, TWIN), folder)
    default = pipeline.load().classifier
    first, second, third = (pipeline.load(name).classifier for name in (TWIN, "second", "third"))
    assert pipeline.load().classifier is default
    assert (pipeline.load("second").classifier, pipeline.load("third").classifier) == (second, third)
    assert pipeline.load(TWIN).classifier is not first


@pytest.mark.slow
def test_a_model_in_use_is_not_loaded_a_second_time(published: Path, folder: Path) -> None:
    name_others(put(published, folder, TWIN), folder)
    crop, target = Image.new("RGB", (224, 224)), explain.Target("object", "n01440764")

    def again() -> object:
        for name in ("second", "third", TWIN):
            found = pipeline.load(name).classifier
        return found

    parts = explain.explain_crop(pipeline.load(TWIN), crop, target, "integrated-gradients", None, lambda fraction: None)
    next(parts)
    used = pipeline.load(TWIN).classifier
    assert again() is used
    parts.close()
    assert again() is not used


# On a shell


def test_models_are_listed_with_what_they_take_to_download(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert set(lines) == {cards.DEFAULT, TWIN, "shifted", "grown"}
    assert lines[cards.DEFAULT].endswith("present")
    assert lines[TWIN].endswith("missing: `explainer models --download twin` fetches them, 19 MB")


@pytest.mark.slow
def test_a_model_is_downloaded_tried_and_asked_on_a_shell(
    home: Home, published: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(home, published, folder)
    assert main(["models", "--download", TWIN]) == 0
    assert capsys.readouterr().out == "Twin is ready: it passed the self-test.\n"
    samples.read("coffee").image.save(tmp_path / "coffee.png")
    assert main(["classify", str(tmp_path / "coffee.png"), "--model", TWIN, "--top", "1"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["model"] == TWIN
    assert record["readings"][0]["objects"][0]["wnid"] == "n07920052"  # espresso


def test_without_a_network_the_shell_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--download", TWIN]) == 1
    said = capsys.readouterr().err
    assert "could not be fetched" in said
    assert "set EXPLAINER_MIRROR to a folder that has twin.safetensors" in said


def test_a_model_that_fails_the_trial_is_refused_on_a_shell(
    published: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(published, folder, "shifted")
    assert main(["models", "--download", "shifted"]) == 1
    assert "Shifted does not answer, as it failed the self-test" in capsys.readouterr().err


def test_an_unknown_model_cannot_be_downloaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--download", "tea-leaves"]) == 2
    assert "There is no model 'tea-leaves'" in capsys.readouterr().err
