"""Kernel SHAP."""

from explainer.attribution.methods.method import FORWARD, PASSES_AT_ONCE, batches, method
from explainer.attribution.question import Answer, Question, hiding_in_parts
from explainer.jobs import Parts


@method(
    title="Kernel SHAP",
    idea="Each region's fair share of the output, estimated from many pictures with some of the regions hidden.",
    paper="Lundberg & Lee, A Unified Approach to Interpreting Model Predictions (NeurIPS 2017, arXiv 1705.07874)",
    cost="seconds",
    need=FORWARD,
    settings={"segments": 60, "samples": 400, "baseline": "mean", "seed": 0, "at_once": PASSES_AT_ONCE},
    passes=lambda question: 2 if question.regions == 1 else batches(question.settings["samples"], question),
)
def kernel_shap(question: Question) -> Parts[Answer]:
    """The Shapley value of a pixel's segment, estimated; where there is one segment, it has the whole change."""
    from captum.attr import FeatureAblation, KernelShap

    if question.regions == 1:  # KernelSHAP's weights divide by the number of regions less one
        return hiding_in_parts(
            question,
            lambda output: FeatureAblation(output).attribute(question.shown, feature_mask=question.segments),
        )
    return hiding_in_parts(
        question,
        lambda output: KernelShap(output).attribute(
            question.shown,
            feature_mask=question.segments,
            n_samples=question.settings["samples"],
            perturbations_per_eval=question.settings["at_once"],
        ),
    )
