"""Gradients by OpenVINO: those of PyTorch but for rounding, in about two thirds of its time, and on all cores.

The pass down is itself a network: each convolution passes gradients down as a transposed one. So it is followed once,
and compiled like any other.
"""

import copy
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import nn

from explainer.attribution import networks
from explainer.attribution.networks import Network
from explainer.setup import files
from explainer.vision import compiled, openvino
from explainer.vision.classifiers import Classifier

Made = TypeVar("Made")

_log = logging.getLogger(__name__)

_aten = torch.ops.aten
_SAME = 1e-3  # how far the gradients of pictures of noise may differ, as a share of their size

# What was made of each module, and for each classifier, for as long as it is there.
_compiled: WeakKeyDictionary[nn.Module, Network] = WeakKeyDictionary()
_halved: WeakKeyDictionary[Classifier, tuple[nn.Module, nn.Module]] = WeakKeyDictionary()


def network(classifier: Classifier) -> Network:
    """What stands in for the classifier's module and passes gradients down to its inputs, for many passes.

    The first call takes seconds. It is PyTorch's own, as `networks.folded` makes it, where the weights come from no
    file, as the network will not be there for long; where `folded` finds nothing to fold, as in transformers; and where
    OpenVINO cannot follow, or its gradients of a picture of noise differ.
    """
    module, quick = classifier.module, networks.folded(classifier.module)
    if not _is_there_for_long(classifier) or quick is module:
        return quick
    if module not in _compiled:
        _compiled[module] = _tried(classifier, lambda: _checked(classifier, quick)) or _plain(quick)
    return _compiled[module]


def _is_there_for_long(classifier: Classifier) -> bool:
    return bool(classifier.sha256) and not classifier.passing


def _tried(classifier: Classifier, make: Callable[[], Made]) -> Made | None:
    """What is made of a classifier; None where it cannot be made, with one line in the log."""
    try:
        return make()
    except Exception as error:  # what cannot be followed is as manifold as modules are
        _log.warning("%s: without OpenVINO: %s", classifier.card.name, type(error).__name__)
        return None


class Halved(nn.Module):
    """A network that is compiled up to `feature_map`, and PyTorch's from there on: gradients pass down as far.

    The part of PyTorch's is traced, so that it is read from a file without the library of its architecture.
    """

    def __init__(self, below: openvino.Forward, above: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.below, self.above, self.feature_map = below, above, nn.Identity()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The outputs (N, classes) for inputs (N, 3, side, side)."""
        (features,) = self.below(inputs.detach().contiguous().numpy())
        found: torch.Tensor = self.above(self.feature_map(torch.from_numpy(features)))
        return found


def to_feature_map(classifier: Classifier) -> tuple[nn.Module, nn.Module]:
    """What stands in for the classifier's module where gradients go down to its feature map alone, and that layer.

    The first call takes a second, or a fifth of that where an earlier start kept the halves in a file; then the
    classifier's module is not loaded. It is the module that `networks.folded` makes where the weights come from no
    file, where that has nothing to fold, and where the module cannot be cut in two there or its halves answer
    otherwise.
    """
    if not _is_there_for_long(classifier):
        return _whole(classifier)
    if classifier not in _halved:
        halved = _kept(classifier) or _halve(classifier)
        _halved[classifier] = (halved, halved.feature_map) if halved else _whole(classifier)
    return _halved[classifier]


def _whole(classifier: Classifier) -> tuple[nn.Module, nn.Module]:
    quick = networks.folded(classifier.module)
    return quick, classifier.grad_cam_layer_of(quick)


def _halve(classifier: Classifier) -> Halved | None:
    """The halves of the classifier's folded module, made now and kept for the next start; None where there are none."""
    quick = networks.folded(classifier.module)
    if quick is classifier.module:
        return None
    parts = _tried(classifier, lambda: _cut(classifier, quick))
    if parts is not None and _is_of_the_card(classifier):
        compiled.write(_file(classifier), _key(classifier), lambda: parts, {})
    return None if parts is None else _from_parts(parts)


def _cut(classifier: Classifier, quick: nn.Module) -> compiled.Parts:
    noise = _noise(classifier.card.transform.side)
    below, above = map(_contiguous, networks.halves(quick, classifier.card.grad_cam_layer))
    with torch.no_grad():
        network, weights = openvino.to_bytes(openvino.convert(below, noise[:1]))
        parts = {_NETWORK: network, _WEIGHTS: weights, _ABOVE: openvino.trace(above, below(noise[:1]))}
        ours, theirs = _from_parts(parts)(noise), quick(noise)
    if not float((ours - theirs).abs().max()) <= _SAME * float(theirs.abs().max()):
        raise ArithmeticError("other outputs")
    return parts


_NETWORK, _WEIGHTS, _ABOVE = "below.xml", "below.bin", "above.pt"
_CODE = tuple(Path(__file__).with_name(name) for name in ("gradients.py", "networks.py"))


def _from_parts(parts: compiled.Parts, *_: object) -> Halved:
    below = openvino.ready(openvino.from_bytes(parts[_NETWORK], parts[_WEIGHTS]))
    return Halved(below, openvino.traced(parts[_ABOVE]))


def _kept(classifier: Classifier) -> Halved | None:
    """The halves that an earlier start kept."""
    return compiled.read(_file(classifier), _key(classifier), _from_parts) if _is_of_the_card(classifier) else None


def _file(classifier: Classifier) -> Path:
    return compiled.folder() / f"{classifier.card.name}-halves.zip"


def _key(classifier: Classifier) -> str:
    return compiled.key(classifier.card, *_CODE)


def _is_of_the_card(classifier: Classifier) -> bool:
    """Whether its weights are those of the file that its card names, so that others may read what is made of it."""
    path = classifier.card.weights.path
    return path is not None and files.digest(path) == classifier.sha256


def _noise(side: int) -> torch.Tensor:
    """Two pictures of noise, the same at each call."""
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))


def _contiguous(module: nn.Module) -> nn.Module:
    """A copy without channels last, which would leave its traces in a graph."""
    return copy.deepcopy(module).to(memory_format=torch.contiguous_format)


def _checked(classifier: Classifier, quick: nn.Module) -> Network:
    side = classifier.card.transform.side
    compiled = _compile(classifier, quick, torch.zeros(1, 3, side, side))
    noise = _noise(side).requires_grad_()
    ours, theirs = (torch.autograd.grad(way(noise).square().sum(), noise)[0] for way in (compiled, quick))
    # The median: a rectifier that is just at its bend may fall to either side, and takes a part of the picture along.
    if not float((ours - theirs).abs().median()) <= _SAME * float(theirs.abs().median()):
        raise ArithmeticError("other gradients")
    return compiled


def _plain(quick: nn.Module) -> Network:
    """A module as a function that does not hold on to what it was made of."""
    return lambda inputs: quick(inputs)


def _compile(classifier: Classifier, quick: nn.Module, example: torch.Tensor) -> Network:
    # Both take a second to import, and Grad-CAM, which most people see first, does without.
    from torch._decomp import get_decompositions
    from torch.fx.experimental.proxy_tensor import make_fx

    module = _contiguous(quick)
    forward = classifier.compiled

    def down(inputs: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = torch.func.vjp(module, inputs)[1](slopes)[0]
        return found

    rules: Any = get_decompositions([_aten.hardtanh_backward, _aten.threshold_backward])
    rules[_aten.convolution_backward.default] = _transposed
    with torch.no_grad():
        slopes = torch.zeros_like(module(example))
        graph = make_fx(down, decomposition_table=rules)(example, slopes)
    # The graph holds the number of rows.
    backward = openvino.ready(openvino.convert(graph, example, slopes, rows=1))

    class Passes(torch.autograd.Function):
        """Up by the compiled network, down by its gradients."""

        @staticmethod
        def forward(context: Any, inputs: torch.Tensor) -> torch.Tensor:
            context.save_for_backward(inputs)
            return forward(inputs.detach())

        @staticmethod
        def backward(context: Any, slopes: torch.Tensor) -> torch.Tensor:
            given = (each.contiguous().numpy() for each in (*context.saved_tensors, slopes))
            return torch.from_numpy(backward(*given)[0])

    return lambda inputs: Passes.apply(inputs)


def _transposed(
    slopes: torch.Tensor,
    inputs: torch.Tensor,
    weight: torch.Tensor,
    bias: object,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    *rest: Any,
) -> tuple[torch.Tensor, None, None]:
    """How a convolution passes gradients down to its inputs, as a convolution."""
    *_, groups, _wanted = rest
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    sizes = zip(inputs.shape[2:], padding, reach, stride, strict=True)
    left = [(side + 2 * pad - most) % step for side, pad, most, step in sizes]
    return _aten.convolution(slopes, weight, None, stride, padding, dilation, True, left, groups), None, None
