"""LeGrad."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from explainer.attribution.methods.method import Need, method
from explainer.attribution.question import Answer, Question

if TYPE_CHECKING:
    import torch

# How a transformer of each library answers by tokens (N, channels), whichever block they come from.
_READOUTS: Mapping[str, Callable[[Any, "torch.Tensor"], "torch.Tensor"]] = {
    "timm": lambda module, tokens: module.head(module.fc_norm(module.norm(tokens))),
    "torchvision": lambda module, tokens: module.heads(module.encoder.ln(tokens)),
}


def _attends(classifier: Any, head: Any, kind: str) -> bool:
    from explainer.attribution import networks

    return bool(networks.attentions(classifier.module))


@method(
    title="LeGrad",
    idea="In each layer of a transformer, where more attention would speak for the label.",
    paper="Bousselham et al., LeGrad (2024, arXiv 2404.03214)",
    cost="an instant",
    need=Need("self-attention, as in transformers", _attends),
)
def legrad(question: Question) -> Answer:
    """What is positive of the gradient of each block's own answer by its attention, as the mean over the blocks.

    It is summed over the tokens that attend and averaged over the heads. The map has a cell for each patch.
    """
    import torch

    from explainer.attribution import networks

    module: Any = networks.attending(question.classifier.module)
    readout = _READOUTS[question.classifier.card.library]
    blocks: list[tuple[torch.Tensor, torch.Tensor]] = []
    attention: list[torch.Tensor] = []
    hooks = []
    for name in networks.attentions(question.classifier.module):
        part, block = module.get_submodule(name), module.get_submodule(name.rpartition(".")[0])
        hooks += [
            part.probabilities.register_forward_hook(lambda layer, given, output: attention.append(output)),
            block.register_forward_hook(lambda layer, given, output: blocks.append((output, attention[-1]))),
        ]
    try:
        question.output(module)(question.inputs.requires_grad_())
    finally:
        for hook in hooks:
            hook.remove()
    found = []
    for tokens, shares in blocks:
        outputs = question.head(readout(module, tokens.mean(dim=1)))
        value = outputs[:, question.index].sum()
        if question.against is not None:
            value = value - outputs[:, question.against].sum()
        (slope,) = torch.autograd.grad(value, shares, retain_graph=True)
        found.append(slope.relu().mean(dim=1).sum(dim=1)[:, 1:])  # without the token that stands for the picture
    patches = torch.stack(found).mean(dim=0)
    side = int(patches.shape[1] ** 0.5)
    return patches.view(1, 1, side, side), None
