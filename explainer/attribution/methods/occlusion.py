"""Occlusion."""

import math

from explainer.attribution.methods.method import FORWARD, PASSES_AT_ONCE, batches, method
from explainer.attribution.question import Answer, Question, hiding_in_parts
from explainer.jobs import Parts


def _windows(question: Question) -> int:
    """How many windows are hidden, one after another."""
    room = question.classifier.card.transform.side - question.settings["window"]
    steps: int = math.ceil(room / question.settings["stride"]) + 1
    return steps**2


@method(
    title="Occlusion",
    idea="How far the output falls where a window is hidden, moved all over the picture.",
    paper="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks (ECCV 2014, arXiv 1311.2901)",
    cost="seconds",
    need=FORWARD,
    settings={"window": 32, "stride": 16, "baseline": "mean", "at_once": PASSES_AT_ONCE},
    passes=lambda question: batches(_windows(question), question) + 1,  # and one for the picture as it is
)
def occlusion(question: Question) -> Parts[Answer]:
    """How much the output falls on average over the windows that hide a pixel."""
    from captum.attr import Occlusion

    window, stride = question.settings["window"], question.settings["stride"]
    return hiding_in_parts(
        question,
        lambda output: Occlusion(output).attribute(
            question.shown,
            (1, window, window),
            (1, stride, stride),
            perturbations_per_eval=question.settings["at_once"],
        ),
    )
