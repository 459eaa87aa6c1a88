"""Integrated Gradients."""

from explainer.attribution.methods.method import GRADIENTS_AT_ONCE, batches, method
from explainer.attribution.question import Answer, Question
from explainer.jobs import Parts


@method(
    title="Integrated Gradients",
    idea="The gradient summed along the way from an empty picture to this one.",
    paper="Sundararajan et al., Axiomatic Attribution for Deep Networks (ICML 2017, arXiv 1703.01365)",
    cost="seconds",
    settings={"steps": 100, "baseline": "mean", "at_once": GRADIENTS_AT_ONCE},
    passes=lambda question: batches(question.settings["steps"], question) + 2,  # and two for the delta
)
def integrated_gradients(question: Question) -> Parts[Answer]:
    """The mean gradient of `steps` points between baseline and inputs (Gauss-Legendre), times their difference."""
    import torch
    from captum.attr import IntegratedGradients
    from captum.attr._utils.approximation_methods import approximation_parameters

    explained = IntegratedGradients(question.output_of_many())
    values = torch.full_like(question.inputs, -0.0)  # what is added to it stays as it is, to the last bit
    # All steps in one batch would take gigabytes. Captum's own loop over batches cannot be interrupted.
    weigh, place = approximation_parameters("gausslegendre")
    weights, places = (found(question.settings["steps"]) for found in (weigh, place))
    for start in range(0, len(weights), question.settings["at_once"]):
        part = slice(start, start + question.settings["at_once"])
        (added,) = explained._attribute(
            (question.inputs,),
            (question.baseline,),
            n_steps=len(weights[part]),
            step_sizes_and_alphas=(weights[part], places[part]),
        )
        values += added.detach()
        yield
    return values, float(explained.compute_convergence_delta(values, question.baseline, question.inputs))
