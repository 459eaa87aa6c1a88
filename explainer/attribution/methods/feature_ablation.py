"""Feature Ablation."""

from explainer.attribution.methods.method import FORWARD, PASSES_AT_ONCE, batches, method
from explainer.attribution.question import Answer, Question, hiding_in_parts
from explainer.jobs import Parts


@method(
    title="Feature Ablation",
    idea="How far the output falls where one region of like colour is hidden, each in turn.",
    paper="Kokhlikyan et al., Captum (2020, arXiv 2009.07896)",
    cost="seconds",
    need=FORWARD,
    settings={"segments": 60, "baseline": "mean", "at_once": PASSES_AT_ONCE},
    passes=lambda question: batches(question.regions, question) + 1,
)
def feature_ablation(question: Question) -> Parts[Answer]:
    """How much the output falls where a pixel's segment is hidden."""
    from captum.attr import FeatureAblation

    return hiding_in_parts(
        question,
        lambda output: FeatureAblation(output).attribute(
            question.shown, feature_mask=question.segments, perturbations_per_eval=question.settings["at_once"]
        ),
    )
