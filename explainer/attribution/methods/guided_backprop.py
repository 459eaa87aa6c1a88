"""Guided Backprop."""

from explainer.attribution.methods.method import RECTIFIERS, method
from explainer.attribution.question import Answer, Question


@method(
    title="Guided Backprop",
    idea="The gradient where it is positive all the way down: edges, whatever the label. A lesson in what fails.",
    paper="Springenberg et al., Striving for Simplicity (ICLR workshop 2015, arXiv 1412.6806)",
    cost="an instant",
    need=RECTIFIERS,
)
def guided_backprop(question: Question) -> Answer:
    """The gradient, with what is negative set to 0 at each rectifier."""
    from captum.attr import GuidedBackprop

    return GuidedBackprop(question.output(question.rectified)).attribute(question.inputs), None
