"""Gradient SHAP."""

from explainer.attribution.methods.method import GRADIENTS_AT_ONCE, batches, method
from explainer.attribution.question import BASELINES, Answer, Question
from explainer.jobs import Parts


@method(
    title="Gradient SHAP",
    idea="Integrated Gradients by chance: gradients at random points between the picture and several empty ones.",
    paper="Lundberg & Lee, A Unified Approach to Interpreting Model Predictions (NeurIPS 2017, arXiv 1705.07874)",
    cost="seconds",
    settings={"samples": 50, "noise": 0.05, "seed": 0, "at_once": GRADIENTS_AT_ONCE},
    passes=lambda question: 3 * batches(question.settings["samples"], question),  # two of the three for the delta
)
def gradient_shap(question: Question) -> Parts[Answer]:
    """The gradient at random points between noisy inputs and a baseline drawn from all; complete in expectation only.

    The delta is the mean over the samples.
    """
    import torch
    from captum.attr import GradientShap

    explained = GradientShap(question.output_of_many())
    baselines = torch.cat([make(question.classifier, question.crop) for make in BASELINES.values()])
    samples, values, delta = question.settings["samples"], torch.zeros_like(question.inputs), 0.0
    # Captum would take all samples in one batch.
    for start in range(0, samples, question.settings["at_once"]):
        number = min(question.settings["at_once"], samples - start)
        part, deltas = explained.attribute(
            question.inputs, baselines, number, stdevs=question.noise, return_convergence_delta=True
        )
        values += part.detach() * number / samples
        delta += float(deltas.sum()) / samples
        yield
    return values, delta
