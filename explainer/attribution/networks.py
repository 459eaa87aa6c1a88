"""A network made into others: one output of it alone, its rectifiers split in two, its weights permuted."""

import copy
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

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
_folded: WeakKeyDictionary[nn.Module, nn.Module] = WeakKeyDictionary()


def folded(module: nn.Module) -> nn.Module:
    """A copy that passes gradients down faster: the same outputs to about 1e-5, and parts of the same names.

    Each batch norm right after a convolution is part of that, as nothing is trained any more, and pictures lie in
    memory channels last. The copy is made once. A module without such pairs, or whose way depends on what it is given,
    is itself the answer.
    """
    if module not in _folded:
        pairs = _normed(module)
        variant = copy.deepcopy(module).to(memory_format=torch.channels_last) if pairs else module
        for convolution, norm in pairs:
            before: Any = variant.get_submodule(convolution)
            after: Any = variant.get_submodule(norm)
            variant.set_submodule(convolution, fuse_conv_bn_eval(before, after))
            # timm's norms hold the activation that follows.
            rest = [part for part in after.children() if not isinstance(part, nn.Identity)]
            variant.set_submodule(norm, rest[0] if len(rest) == 1 else nn.Sequential(*rest))
        # No reference to the module itself: it would never go.
        _folded[module] = variant if pairs else _ITSELF
    return module if (found := _folded[module]) is _ITSELF else found


_ITSELF = nn.Identity()


class _Whole(fx.Tracer):
    """Follows a module, and takes as they are convolutions and batch norms, whoever made them, and one part by name."""

    def __init__(self, part: str = "") -> None:
        super().__init__()
        self.part = part

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a part is not looked into."""
        if isinstance(m, (nn.BatchNorm2d, nn.Conv2d)) or module_qualified_name == self.part:
            return True
        return bool(super().is_leaf_module(m, module_qualified_name))


def halves(module: nn.Module, layer: str) -> tuple[nn.Module, nn.Module]:
    """A module in two, which share its weights: up to what a layer puts out, and from there to the module's outputs.

    Raises ValueError where the outputs do not depend on the inputs through that layer alone, used once, and torch.fx's
    TraceError where its way depends on what it is given.
    """
    below, above = (fx.GraphModule(module, _Whole(layer).trace(module)) for _ in range(2))
    (end, *others), (begin, *_) = (
        [node for node in half.graph.nodes if node.target == layer] for half in (below, above)
    )
    if others:
        raise ValueError(f"{layer} is used more than once.")
    below.graph.erase_node(next(node for node in below.graph.nodes if node.op == "output"))
    below.graph.output(end)
    inputs = next(node for node in above.graph.nodes if node.op == "placeholder")
    with above.graph.inserting_before(begin):
        begin.replace_all_uses_with(above.graph.placeholder("features"))
    for half in (below, above):
        half.graph.eliminate_dead_code()
    if inputs.users:
        raise ValueError(f"There is a way past {layer}.")
    above.graph.erase_node(inputs)
    for half in (below, above):
        half.delete_all_unused_submodules()
        half.recompile()
    return below, above


def _normed(module: nn.Module) -> list[tuple[str, str]]:
    """The names of convolutions, each with that of the batch norm that alone hears of it."""
    try:
        graph = _Whole().trace(module)
    except Exception:  # what cannot be followed is as manifold as modules are
        return []
    parts = dict(module.named_modules())
    return [
        (str(before.target), str(node.target))
        for node in graph.nodes
        if node.op == "call_module" and isinstance(parts[str(node.target)], nn.BatchNorm2d)
        if isinstance(before := node.args[0], fx.Node) and before.op == "call_module" and len(before.users) == 1
        if isinstance(parts[str(before.target)], nn.Conv2d)
    ]


# As above.
_rectified: WeakKeyDictionary[nn.Module, nn.Module] = WeakKeyDictionary()


def rectified(module: nn.Module) -> nn.Module:
    """A copy as `folded` makes it, with each ReLU6 as a ReLU and a clamp, and none that works in place.

    Captum's rules for rectifiers know `nn.ReLU` alone, and silently leave a ReLU6 its gradient. The copy is made once.
    """
    if module not in _rectified:
        _rectified[module] = _with_rectifiers(module)
    return _rectified[module]


def _with_rectifiers(module: nn.Module) -> nn.Module:
    variant = copy.deepcopy(folded(module))
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
    """A copy as `rectified` makes it, in which no layer is used twice in a pass.

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


class Attention(nn.Module):
    """Self-attention with the weights of another, whose probabilities pass through `probabilities`.

    These are (N, heads, tokens, tokens), from each token to those that it attends to. Where `pairs` is set, it answers
    as `nn.MultiheadAttention` does, with a second part that nobody reads.
    """

    def __init__(self, project: nn.Linear, out: nn.Module, heads: int, pairs: bool) -> None:
        super().__init__()
        self.project, self.out, self.probabilities = project, out, nn.Identity()
        self.heads, self.pairs = heads, pairs

    def forward(self, tokens: torch.Tensor, *_: object, **__: object) -> torch.Tensor | tuple[torch.Tensor, None]:
        """The tokens (N, tokens, channels) after they attended to each other."""
        parts = self.project(tokens).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts.unbind()
        shares = self.probabilities((queries @ keys.transpose(-2, -1) * queries.shape[-1] ** -0.5).softmax(dim=-1))
        found: torch.Tensor = self.out((shares @ values).transpose(1, 2).flatten(2))
        return (found, None) if self.pairs else found


def attentions(module: nn.Module) -> tuple[str, ...]:
    """The names of the parts of a transformer, torchvision's or timm's, in which tokens attend to each other."""
    return tuple(
        name
        for name, part in module.named_modules()
        if isinstance(part, nn.MultiheadAttention) or (hasattr(part, "qkv") and hasattr(part, "proj"))
    )


# As above.
_attending: WeakKeyDictionary[nn.Module, nn.Module] = WeakKeyDictionary()


def attending(module: nn.Module) -> nn.Module:
    """A copy in which each of `attentions` is an `Attention`: the same outputs to about 1e-5. It is made once."""
    if module not in _attending:
        variant = copy.deepcopy(module)
        for name in attentions(module):
            part: Any = variant.get_submodule(name)
            if isinstance(part, nn.MultiheadAttention):
                project = nn.Linear(part.embed_dim, 3 * part.embed_dim)
                project.weight, project.bias = part.in_proj_weight, part.in_proj_bias
                explicit = Attention(project, part.out_proj, part.num_heads, pairs=True)
            else:
                explicit = Attention(part.qkv, part.proj, part.num_heads, pairs=False)
            variant.set_submodule(name, explicit)
        _attending[module] = variant
    return _attending[module]


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


def randomised(module: nn.Module, names: Sequence[str], seed: int | torch.Generator = 0) -> nn.Module:
    """A copy in which the weights of those names are permuted, each within itself; all else stays as it is.

    Permuted and not drawn anew: the sizes of what comes out stay such that the norms, with the statistics of the
    trained network, still pass it on. A generator goes on from where it stands.
    """
    variant = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(seed) if isinstance(seed, int) else seed
    for name in names:
        weights = variant.get_parameter(name).data
        order = torch.randperm(weights.numel(), generator=generator)
        weights.copy_(weights.flatten()[order].view_as(weights))
    return variant
