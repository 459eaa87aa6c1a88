"""LIME."""

import math
from typing import TYPE_CHECKING

from explainer.attribution.methods.method import FORWARD, PASSES_AT_ONCE, batches, method
from explainer.attribution.question import Answer, Question, hiding_in_parts
from explainer.jobs import Parts

if TYPE_CHECKING:
    import torch


@method(
    title="LIME",
    idea="A linear model of which regions of like colour matter, fitted to many pictures with half of them hidden.",
    paper="Ribeiro et al., “Why Should I Trust You?” (KDD 2016, arXiv 1602.04938)",
    cost="seconds",
    need=FORWARD,
    settings={"segments": 60, "samples": 400, "baseline": "mean", "seed": 0, "at_once": PASSES_AT_ONCE},
    passes=lambda question: batches(question.settings["samples"], question),
)
def lime(question: Question) -> Parts[Answer]:
    """The weight of a pixel's segment in a linear model of the output."""
    from captum._utils.models.linear_model import SkLearnRidge
    from captum.attr import Lime

    # Ridge and kernel are those of the authors' code. Captum's lasso would shrink the small scores of people to 0.
    return hiding_in_parts(
        question,
        lambda output: Lime(output, SkLearnRidge(alpha=1.0), likeness).attribute(
            question.shown,
            feature_mask=question.segments,
            n_samples=question.settings["samples"],
            perturbations_per_eval=question.settings["at_once"],
        ),
    )


def likeness(original: "torch.Tensor", perturbed: "torch.Tensor", kept: "torch.Tensor", **options: object) -> float:
    """How much a picture of which segments were `kept` (1, segments; 1 or 0) weighs in LIME's model, up to 1."""
    distance = 1 - math.sqrt(float(kept.float().mean()))  # that of the cosine to all kept
    return math.exp(-((distance / 0.25) ** 2) / 2)
