"""Networks made into others: the same outputs where nothing was learned anew, others where it was undone."""

import copy
import gc
import weakref

import pytest
import torch
from tiny_networks import Rectifying
from torch import nn

from explainer.attribution import networks
from explainer.vision.classifiers import Classifier


def inputs(number: int) -> torch.Tensor:
    return torch.randn(number, 3, 224, 224, generator=torch.Generator().manual_seed(0))


def test_with_its_rectifiers_split_a_network_answers_the_same(classifier: Classifier) -> None:
    variant = networks.rectified(classifier.module)
    kinds = {type(part) for part in variant.modules()}
    assert nn.ReLU6 not in kinds
    assert nn.ReLU in kinds
    with torch.no_grad():
        assert torch.allclose(variant(inputs(2)), classifier.module(inputs(2)), atol=1e-5)
    assert any(isinstance(part, nn.ReLU6) for part in classifier.module.modules())


def test_with_its_norms_folded_a_network_answers_the_same_and_so_do_its_gradients(classifier: Classifier) -> None:
    # In float64: in float32 a rectifier that is just at its bend may fall to either side, and so may its gradient.
    module = copy.deepcopy(classifier.module).double()
    variant = networks.folded(module)
    assert variant is networks.folded(module)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in variant.modules())
    assert any(isinstance(part, nn.BatchNorm2d) for part in module.modules())
    found = []
    for each in (variant, module):
        pictures = inputs(1).double().requires_grad_()
        logits = each(pictures)
        logits[:, 7].sum().backward()
        found.append((logits.detach(), pictures.grad))
    (ours, slopes), (theirs, others) = found
    assert float((ours - theirs).abs().max()) < 1e-10 * float(theirs.abs().max())
    assert float((slopes - others).abs().max()) < 1e-10 * float(others.abs().max())


def test_a_network_without_norms_is_its_own_fold() -> None:
    module = Rectifying(nn.ReLU)
    assert networks.folded(module) is module
    kept = weakref.ref(module)
    del module
    gc.collect()
    assert kept() is None


def test_a_network_in_halves_answers_the_same(classifier: Classifier) -> None:
    below, above = networks.halves(classifier.module, "bn2")
    with torch.no_grad():
        features = below(inputs(2))
        assert features.shape == (2, 1280, 7, 7)
        assert torch.equal(above(features), classifier.module(inputs(2)))


class Rejoined(nn.Module):
    """What uses its one rectifier two times, or has a way past it."""

    def __init__(self, past: bool) -> None:
        super().__init__()
        self.relu, self.past = nn.ReLU(), past

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.relu(inputs - 1)
        return found + inputs if self.past else self.relu(found - 1)


@pytest.mark.parametrize("past", [False, True])
def test_a_network_is_not_cut_where_a_half_would_miss_something(past: bool) -> None:
    with pytest.raises(ValueError, match="past relu" if past else "more than once"):
        networks.halves(Rejoined(past), "relu")


def test_a_norm_is_not_folded_into_a_convolution_that_another_part_reads() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.norm = nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            found = self.first(pictures)
            return found + self.norm(found)

    module = Twice().eval()
    assert networks.folded(module) is module


def test_the_copy_is_made_once() -> None:
    module = Rectifying(nn.ReLU6)
    assert networks.rectified(module) is networks.rectified(module)


@pytest.mark.slow
def test_the_copy_goes_with_its_module() -> None:
    module = Rectifying(nn.ReLU6)
    kept = weakref.ref(networks.rectified(module))
    assert kept() is not None
    del module
    gc.collect()
    assert kept() is None


def test_an_output_tells_of_each_pass_and_can_be_a_difference() -> None:
    heard: list[str] = []
    network = torch.arange(6.0).view(2, 3)
    output = networks.Output(lambda rows: network * rows, nn.Identity(), 2, 0, lambda outputs: heard.append("pass"))
    assert output(torch.tensor([[1.0], [10.0]])).tolist() == [2 - 0, 50 - 30]
    assert heard == ["pass"]


def test_the_stages_go_from_the_top_down_and_hold_each_layer_once(classifier: Classifier) -> None:
    stages = networks.stages(classifier.module)
    blocks = [f"blocks.{number}" for number in range(6, -1, -1)]
    assert [stage for stage, _ in stages] == ["classifier", "conv_head", *blocks, "conv_stem"]
    layers = [
        f"{name}.weight" for name, part in classifier.module.named_modules() if isinstance(part, (nn.Conv2d, nn.Linear))
    ]
    assert sorted(name for _, names in stages for name in names) == sorted(layers)


@pytest.mark.slow
def test_randomising_permutes_the_named_weights_and_nothing_else(classifier: Classifier) -> None:
    (stage, names), *_ = networks.stages(classifier.module)
    before = {name: value.clone() for name, value in classifier.module.state_dict().items()}
    variant = networks.randomised(classifier.module, names)
    assert (stage, names) == ("classifier", ("classifier.weight",))
    for name, value in variant.state_dict().items():
        assert torch.equal(value, before[name]) == (name not in names)
        assert torch.equal(value.flatten().sort().values, before[name].flatten().sort().values)
        assert torch.equal(classifier.module.state_dict()[name], before[name])
    again = networks.randomised(classifier.module, names)
    assert torch.equal(again.classifier.weight, variant.classifier.weight)
