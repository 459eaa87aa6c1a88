"""SmoothGrad."""

from explainer.attribution.methods.method import GRADIENTS_AT_ONCE, batches, method
from explainer.attribution.question import Answer, Question


@method(
    title="SmoothGrad",
    idea="The mean gradient of many noisy copies of the picture.",
    paper="Smilkov et al., SmoothGrad (2017, arXiv 1706.03825)",
    cost="seconds",
    settings={"samples": 25, "noise": 0.15, "seed": 0, "at_once": GRADIENTS_AT_ONCE},
    passes=lambda question: batches(question.settings["samples"], question),
)
def smoothgrad(question: Question) -> Answer:
    """The mean gradient of `samples` noisy inputs."""
    from captum.attr import NoiseTunnel, Saliency

    values = NoiseTunnel(Saliency(question.output_of_many())).attribute(
        question.inputs,
        nt_samples=question.settings["samples"],
        nt_samples_batch_size=question.settings["at_once"],
        stdevs=question.noise,
        abs=False,
    )
    return values, None
