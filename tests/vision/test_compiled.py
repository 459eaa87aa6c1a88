"""Compiled networks in files: whole and of these weights they are read, anything else is compiled anew."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from explainer.setup import files
from explainer.vision import cards, compiled, openvino, pipeline
from explainer.vision.cards import ModelCard
from explainer.vision.compiled import Compiled

OBJECTS, PEOPLE = ("n02121620", "n02084071"), ("n10285313",)
SQUARES = np.random.default_rng(0).integers(256, size=(3, 8, 8, 3), dtype=np.uint8)


class Tiny(nn.Module):
    """Brightness and darkness as shares of objects, redness as a score of people."""

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        light = pixels.float().mean(dim=(1, 2, 3))[:, None] / 255
        return torch.cat([light, 1 - light], dim=1), pixels[..., 0].float().mean(dim=(1, 2))[:, None]


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """The card of the default model in a folder of its own, where nothing is compiled yet."""
    shutil.copy(files.models_folder() / f"{cards.DEFAULT}.toml", tmp_path)
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path))
    return cards.load()


def save(card: ModelCard) -> bool:
    model = openvino.convert(Tiny(), torch.zeros(1, 8, 8, 3, dtype=torch.uint8))
    return compiled.save(card, model, OBJECTS, PEOPLE)


def test_what_was_saved_answers_as_its_module_does(card: ModelCard) -> None:
    assert compiled.load(card) is None
    assert save(card)
    network = compiled.load(card)
    assert network is not None
    assert (network.objects, network.people) == (OBJECTS, PEOPLE)
    for found, expected in zip(network.forward(SQUARES), Tiny()(torch.from_numpy(SQUARES)), strict=True):
        assert np.abs(found - expected.numpy()).max() < 1e-4


@pytest.mark.parametrize("at", [0, 0.2, 0.5, 0.9, 1])
def test_a_file_of_which_one_byte_is_another_is_not_taken(at: float, card: ModelCard) -> None:
    save(card)
    file = compiled.path(card)
    content = bytearray(file.read_bytes())
    content[int(at * (len(content) - 22))] ^= 0xFF  # the last 22 bytes end the zip
    file.write_bytes(content)
    network = compiled.load(card)
    # A byte of the zip's own, such as a date, changes nothing.
    assert network is None or np.array_equal(network.forward(SQUARES[:1])[1], Tiny()(torch.from_numpy(SQUARES[:1]))[1])


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no zip at all" * 1000, None], ids=["empty", "begun", "foreign", "half"]
)
def test_a_file_that_is_cut_short_or_foreign_is_told_in_one_line(
    content: bytes | None, card: ModelCard, caplog: pytest.LogCaptureFixture
) -> None:
    save(card)
    file = compiled.path(card)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2] if content is None else content)
    assert compiled.load(card) is None
    (line,) = caplog.messages
    assert "is damaged" in line
    assert line.endswith("it is compiled anew.")


def test_other_weights_or_another_card_have_another_network(card: ModelCard) -> None:
    save(card)
    assert compiled.load(replace(card, transform=replace(card.transform, mean=(1.0, 2.0, 3.0)))) is None
    assert compiled.load(card) is not None


def test_another_version_of_what_compiles_makes_a_file_stale(card: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    save(card)
    monkeypatch.setattr(compiled, "version", lambda name: "0.0")
    assert compiled.load(card) is None


def test_a_folder_that_cannot_be_written_to_is_told_and_costs_nothing_else(
    card: ModelCard, caplog: pytest.LogCaptureFixture
) -> None:
    compiled.path(card).parent.write_text("a file where the folder should be")
    assert not save(card)
    (line,) = caplog.messages
    assert line.endswith("the network is compiled at each start.")


def test_several_that_save_at_once_leave_one_whole_file(card: ModelCard) -> None:
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(lambda _: save(card), range(4)))
    assert compiled.load(card) is not None
    assert os.listdir(compiled.path(card).parent) == [compiled.path(card).name]


def test_a_network_that_does_not_know_the_sample_pictures_is_not_asked(
    card: ModelCard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wnids = pipeline.load().models.compiled.objects

    def forward(pixels: np.ndarray) -> tuple[np.ndarray, ...]:
        return np.eye(len(wnids), dtype=np.float32)[: len(pixels)], np.zeros((len(pixels), 1), np.float32)

    monkeypatch.setattr(compiled, "load", lambda card: Compiled(forward, wnids, PEOPLE))
    assert pipeline._kept(card) is None
    assert caplog.messages == [f"{compiled.path(card)} fails the self-test: it is compiled anew."]


_READ = """
import sys
from explainer.vision import pipeline, samples
result = pipeline.read(pipeline.load(), samples.read("cat"))
assert result.readings[0].objects(1)[0].wnid in ("n02124075", "n02123045", "n02123159")
print("torch" in sys.modules, "timm" in sys.modules)
"""


@pytest.mark.slow
def test_a_photo_is_read_without_torch_once_the_network_is_compiled() -> None:
    pipeline.load()  # which compiles it, where no earlier start did
    run = subprocess.run([sys.executable, "-c", _READ], capture_output=True, text=True, timeout=120)
    assert run.stdout.split() == ["False", "False"], run.stderr
