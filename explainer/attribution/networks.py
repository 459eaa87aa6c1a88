"""A network made into others: one output of it alone, its rectifiers split in two, its weights permuted."""

import copy
import re
from collections import Counter
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

import torch
from torch import fx, nn

Network = Callable[[torch.Tensor], torch.Tensor]
"""What maps inputs (N, 3, side, side) to outputs (N, n): a module, or what stands in for one without gradients."""


class Output(nn.Module):
    """One output of a network and the head on top of it: inputs (N, 3, side, side) to values (N,).

    Where `against` names a second output, it is the difference of the two. `heard` is called after each pass with all
    outputs (N, n), and what it raises goes through.
    """

    def __init__(
        self, network: Network, head: nn.Module, index: int, against: int | None, heard: Callable[[torch.Tensor], None]
    ) -> None:
        super().__init__()
        self.network, self.head = network, head
        self.index, self.against, self.heard = index, against, heard

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The output, or the difference, of each input."""
        outputs: torch.Tensor = self.head(self.network(inputs))
        self.heard(outputs.detach())
        values = outputs[:, self.index]
        return values if self.against is None else values - outputs[:, self.against]


# What was made of each module, for as long as it is there.
_rectified: WeakKeyDictionary[nn.Module, nn.Module] = WeakKeyDictionary()


def rectified(module: nn.Module) -> nn.Module:
    """A copy with each ReLU6 as a ReLU and a clamp, and none that works in place: the same outputs.

    Captum's rules for rectifiers know `nn.ReLU` alone, and silently leave a ReLU6 its gradient. The copy is made once.
    """
    if module not in _rectified:
        _rectified[module] = _with_rectifiers(module)
    return _rectified[module]


def _with_rectifiers(module: nn.Module) -> nn.Module:
    variant = copy.deepcopy(module)
    for name, part in list(variant.named_modules()):
        if isinstance(part, nn.ReLU6):
            # After a ReLU nothing is below 0, so that this clamps from above alone.
            variant.set_submodule(name, nn.Sequential(nn.ReLU(), nn.Hardtanh(-1.0, 6.0)))
        elif isinstance(part, nn.ReLU):
            part.inplace = False
    return variant


# As above.
_separated: WeakKeyDictionary[nn.Module, nn.Module] = WeakKeyDictionary()


def separated(module: nn.Module) -> nn.Module:
    """A copy as `rectified` makes it, in which no layer is used twice in a pass: the same outputs.

    DeepLift keeps what it saw at each layer, and torchvision's residual blocks use one rectifier three times. Raises
    torch.fx's TraceError for a module whose way depends on what it is given.
    """
    if module not in _separated:
        traced, used = fx.symbolic_trace(_with_rectifiers(module)), Counter[str]()
        for node in traced.graph.nodes:
            if node.op == "call_module":
                name = str(node.target)
                used[name] += 1
                if used[name] > 1:
                    node.target = f"{name}_{used[name]}"
                    traced.add_submodule(node.target, copy.deepcopy(traced.get_submodule(name)))
        traced.recompile()
        _separated[module] = traced
    return _separated[module]


def stages(module: nn.Module) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """From the top of the network to its first layer: each stage's name, and the names of its layers' weights.

    A stage is a numbered block, wherever its number stands in the name, or else a part of the module or of one of its
    parts. Norms, whose weights are vectors, are left out.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, parameter in module.named_parameters():
        if parameter.dim() > 1:
            parts = name.split(".")[:-1]
            end = next((place for place, part in enumerate(parts, 1) if _NUMBERED.search(part)), 2)
            stage = ".".join(parts[:end]) or name
            found[stage] = (*found.get(stage, ()), name)
    return tuple(reversed(found.items()))


_NUMBERED = re.compile(r"(^|_)\d+$")  # "3" and "encoder_layer_3", but not "conv1", which is no block


def randomised(module: nn.Module, names: Sequence[str], seed: int = 0) -> nn.Module:
    """A copy in which the weights of those names are permuted, each within itself; all else stays as it is.

    Permuted and not drawn anew: the sizes of what comes out stay such that the norms, with the statistics of the
    trained network, still pass it on.
    """
    variant = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(seed)
    for name in names:
        weights = variant.get_parameter(name).data
        order = torch.randperm(weights.numel(), generator=generator)
        weights.copy_(weights.flatten()[order].view_as(weights))
    return variant
