"""Gradients by OpenVINO, held against PyTorch's."""

import copy
import dataclasses
import shutil
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny_networks import Tiny, classifier_of
from torch import nn

from explainer.attribution import explain, gradients, networks
from explainer.attribution.sample_results import first_word
from explainer.setup import files
from explainer.vision import cards, pipeline, samples
from explainer.vision.classifiers import Classifier
from explainer.vision.pipeline import Reader


def pictures(classifier: Classifier, number: int = 3) -> torch.Tensor:
    side = classifier.card.transform.side
    return torch.randn(number, 3, side, side, generator=torch.Generator().manual_seed(1)).requires_grad_()


def with_module(classifier: Classifier, module: nn.Module) -> Classifier:
    """The classifier with another module, as if it came from another file."""
    return dataclasses.replace(classifier, make=lambda: module, sha256="of another file")


def slopes(network: Callable[[torch.Tensor], torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(network(inputs).softmax(dim=1)[:, 7].sum(), inputs)[0]


@pytest.mark.slow
def test_gradients_of_a_batch_are_those_of_pytorch(classifier: Classifier) -> None:
    network, inputs = gradients.network(classifier), pictures(classifier)
    assert network is not networks.folded(classifier.module)
    assert network is gradients.network(classifier)
    theirs = slopes(classifier.module, inputs)
    # The median: a rectifier that is just at its bend may fall to either side.
    assert (slopes(network, inputs) - theirs).abs().median() < 1e-4 * theirs.abs().median()


class Round(nn.Module):
    """From 0 to 6 like a ReLU6, without its bends."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        centred = (inputs - 3) / 3
        return 3 + 3 * centred / (1 + centred * centred).sqrt()


@pytest.mark.watch
def test_without_bends_gradients_are_those_of_float64(classifier: Classifier) -> None:
    """So what ours and PyTorch's differ by on the real network comes from rectifiers just at their bends."""
    module = copy.deepcopy(classifier.module)
    for name, part in list(module.named_modules()):
        if isinstance(part, nn.ReLU6):
            module.set_submodule(name, Round())
    smooth = with_module(classifier, module)
    inputs, network = pictures(classifier, 2), gradients.network(smooth)
    exact = slopes(copy.deepcopy(module).double(), inputs.detach().double().requires_grad_())
    ours, theirs = slopes(network, inputs), slopes(networks.folded(module), inputs)
    assert not torch.equal(ours, theirs)  # ours are OpenVINO's
    assert (ours - exact).norm() < 1e-5 * exact.norm()


def test_a_network_that_is_not_there_for_long_keeps_pytorchs(classifier: Classifier) -> None:
    for brief in (dataclasses.replace(classifier, sha256=""), dataclasses.replace(classifier, passing=True)):
        assert gradients.network(brief) is networks.folded(classifier.module)


def test_a_network_with_nothing_to_fold_keeps_pytorchs() -> None:
    small = dataclasses.replace(classifier_of(Tiny()), passing=False, sha256="from a file")
    assert gradients.network(small) is small.module


def weighed(module: nn.Module, layer: nn.Module, inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The outputs, the feature map, and the slope of one output with respect to it."""
    kept: list[torch.Tensor] = []
    with layer.register_forward_hook(lambda part, given, output: kept.append(output.requires_grad_())):
        logits = module(inputs)
    return logits.detach(), kept[0].detach(), torch.autograd.grad(logits[:, 7].sum(), kept)[0]


def test_what_a_feature_map_weighs_is_that_of_pytorch(classifier: Classifier) -> None:
    module, layer = gradients.to_feature_map(classifier)
    assert isinstance(module, gradients.Halved)
    assert (module, layer) == gradients.to_feature_map(classifier)
    inputs = pictures(classifier, 2).detach()
    found = [weighed(*each, inputs) for each in ((module, layer), (classifier.module, classifier.grad_cam_layer))]
    for ours, theirs in zip(*found, strict=True):
        assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


_FIRST_MAP = """
import sys
from explainer.attribution import explain
from explainer.attribution.sample_results import first_word
from explainer.vision import pipeline, samples
reader, photo = pipeline.load(), samples.read("astronaut")
reading = pipeline.read(reader, photo).readings[0]
found = explain.explain_photo(reader, photo, reading.box, first_word(reading), "grad-cam")
print(found.values.tobytes().hex(), *(name for name in ("timm", "torchvision", "sympy") if name in sys.modules))
"""


@pytest.mark.slow
def test_the_first_map_of_a_later_start_needs_no_library_of_architectures(reader: Reader) -> None:
    photo = samples.read("astronaut")
    reading = pipeline.read(reader, photo).readings[0]
    explain.prepare(reader)  # which keeps the halves, where no earlier start did
    here = explain.explain_photo(reader, photo, reading.box, first_word(reading), "grad-cam")
    run = subprocess.run([sys.executable, "-c", _FIRST_MAP], capture_output=True, text=True, timeout=120)
    assert run.stdout.split() == [here.values.tobytes().hex()], run.stderr


@pytest.fixture
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nothing is compiled yet: the folder of models."""
    shutil.copy(files.models_folder() / f"{cards.DEFAULT}.toml", tmp_path)
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_halves_are_read_from_a_file_and_made_anew_where_it_is_damaged(
    in_a_folder_of_its_own: Path, classifier: Classifier, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> nn.Module:
        raise AssertionError("the module was loaded")

    inputs = pictures(classifier, 2).detach()
    made, _ = gradients.to_feature_map(dataclasses.replace(classifier))
    (file,) = in_a_folder_of_its_own.glob("compiled/*")
    read, _ = gradients.to_feature_map(dataclasses.replace(classifier, make=refuse))
    assert torch.equal(read(inputs), made(inputs))

    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(AssertionError, match="the module was loaded"):
        gradients.to_feature_map(dataclasses.replace(classifier, make=refuse))
    (line,) = caplog.messages
    assert "is damaged" in line
    again, _ = gradients.to_feature_map(dataclasses.replace(classifier))
    assert torch.equal(again(inputs), made(inputs))
    gradients.to_feature_map(dataclasses.replace(classifier, make=refuse))  # from the new file


@pytest.mark.slow
def test_halves_of_other_weights_are_neither_kept_nor_read(
    in_a_folder_of_its_own: Path, classifier: Classifier
) -> None:
    other = with_module(classifier, networks.randomised(classifier.module, ["classifier.weight"]))
    module, _ = gradients.to_feature_map(other)
    assert isinstance(module, gradients.Halved)
    assert not [*in_a_folder_of_its_own.glob("compiled/*")]
    gradients.to_feature_map(dataclasses.replace(classifier))
    again, _ = gradients.to_feature_map(dataclasses.replace(other))
    inputs = pictures(classifier, 1).detach()
    assert torch.equal(again(inputs), module(inputs))


def test_a_network_that_cannot_be_cut_in_two_is_asked_whole(classifier: Classifier) -> None:
    class Past(nn.Sequential):
        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            return super().forward(inputs) + inputs.mean()

    parts = {"first": nn.Conv2d(3, 9, 3, stride=2), "bn2": nn.BatchNorm2d(9), "pool": nn.AdaptiveAvgPool2d(1)}
    module = Past(OrderedDict(parts, flat=nn.Flatten())).eval().requires_grad_(False)
    other = with_module(classifier, module)
    quick = networks.folded(module)
    assert gradients.to_feature_map(other) == (quick, quick.bn2)


class Sorted(nn.Sequential):
    """What OpenVINO has no gradient of."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return super().forward(inputs).mean(dim=3).logcumsumexp(dim=2).mean(dim=2)


@pytest.mark.parametrize("wrong", [False, True])
def test_where_openvino_cannot_follow_or_is_wrong_gradients_are_pytorchs(
    wrong: bool, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = nn.Conv2d(3, 9, 3, stride=2), nn.BatchNorm2d(9), nn.ReLU()
    module = (nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten()) if wrong else Sorted(*parts)).eval()
    if wrong:
        right = gradients._transposed
        monkeypatch.setattr(gradients, "_transposed", lambda slopes, *rest: right(slopes * 1.01, *rest))
    other = with_module(classifier, module.requires_grad_(False))
    inputs = pictures(other)
    assert torch.equal(slopes(gradients.network(other), inputs), slopes(networks.folded(module), inputs))


@pytest.mark.parametrize(("kernel", "stride", "padding", "groups"), [(3, 2, 1, 9), (5, 2, 0, 3), (1, 2, 0, 1)])
def test_gradients_go_down_through_any_convolution(
    kernel: int, stride: int, padding: int, groups: int, classifier: Classifier
) -> None:
    torch.manual_seed(1)
    layers = nn.Conv2d(9, 18, kernel, stride, padding, groups=groups), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    module = nn.Sequential(nn.Conv2d(3, 9, 2), nn.BatchNorm2d(9), *layers).eval()
    other = with_module(classifier, module.requires_grad_(False))
    inputs, network = pictures(other), gradients.network(other)
    theirs = slopes(module, inputs)
    # Hardly any pixel: a rectifier that is just at its bend may fall to either side.
    assert (slopes(network, inputs) - theirs).abs().quantile(0.98) < 1e-5 * theirs.abs().max()
    assert not torch.equal(slopes(network, inputs), slopes(networks.folded(module), inputs))  # these are OpenVINO's
