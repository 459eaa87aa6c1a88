"""Saliency."""

from explainer.attribution.methods.method import method
from explainer.attribution.question import Answer, Question


@method(
    title="Saliency",
    idea="The plain gradient: how the label would change with each pixel.",
    paper="Simonyan et al., Deep Inside Convolutional Networks (ICLR workshop 2014, arXiv 1312.6034)",
    cost="an instant",
)
def saliency(question: Question) -> Answer:
    """The gradient."""
    from captum.attr import Saliency

    return Saliency(question.output()).attribute(question.inputs, abs=False), None
