"""Integrated Gradients."""

from explainer.attribution.methods.method import GRADIENTS_AT_ONCE, batches, method
from explainer.attribution.question import Answer, Question


@method(
    title="Integrated Gradients",
    idea="The gradient summed along the way from an empty picture to this one.",
    paper="Sundararajan et al., Axiomatic Attribution for Deep Networks (ICML 2017, arXiv 1703.01365)",
    cost="seconds",
    settings={"steps": 100, "baseline": "mean", "at_once": GRADIENTS_AT_ONCE},
    passes=lambda question: batches(question.settings["steps"], question) + 2,  # and two for the delta
)
def integrated_gradients(question: Question) -> Answer:
    """The mean gradient of `steps` points between baseline and inputs (Gauss-Legendre), times their difference."""
    from captum.attr import IntegratedGradients

    # All steps in one batch would take gigabytes.
    values, delta = IntegratedGradients(question.output_of_many()).attribute(
        question.inputs,
        question.baseline,
        n_steps=question.settings["steps"],
        internal_batch_size=question.settings["at_once"],
        return_convergence_delta=True,
    )
    return values, float(delta)
