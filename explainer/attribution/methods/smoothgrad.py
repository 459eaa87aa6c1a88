"""SmoothGrad."""

from explainer.attribution.methods.method import GRADIENTS_AT_ONCE, batches, method
from explainer.attribution.question import Answer, Question
from explainer.jobs import Parts


@method(
    title="SmoothGrad",
    idea="The mean gradient of many noisy copies of the picture.",
    paper="Smilkov et al., SmoothGrad (2017, arXiv 1706.03825)",
    cost="seconds",
    settings={"samples": 25, "noise": 0.15, "seed": 0, "at_once": GRADIENTS_AT_ONCE},
    passes=lambda question: batches(question.settings["samples"], question),
)
def smoothgrad(question: Question) -> Parts[Answer]:
    """The mean gradient of `samples` noisy inputs."""
    import torch
    from captum.attr import Saliency

    # As Captum's NoiseTunnel has it, which cannot be interrupted between its batches.
    explained, samples = Saliency(question.output_of_many()), question.settings["samples"]
    deviation, total = torch.tensor(question.noise), torch.full_like(question.inputs, -0.0)
    for start in range(0, samples, question.settings["at_once"]):
        number = min(question.settings["at_once"], samples - start)
        noise = torch.normal(0, deviation.repeat((number, *question.inputs.shape[1:])))
        noisy = question.inputs.repeat_interleave(number, dim=0) + noise
        total += explained.attribute(noisy.requires_grad_(), abs=False).sum(dim=0, keepdim=True)
        yield
    return total * 1 / samples, None
