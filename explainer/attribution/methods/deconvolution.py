"""Deconvolution."""

from explainer.attribution.methods.method import RECTIFIERS, method
from explainer.attribution.question import Answer, Question


@method(
    title="Deconvolution",
    idea="The network run backwards, only what is positive passed down. A lesson in what fails.",
    paper="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks (ECCV 2014, arXiv 1311.2901)",
    cost="an instant",
    need=RECTIFIERS,
)
def deconvolution(question: Question) -> Answer:
    """The gradient, with what is negative set to 0 at each rectifier, whatever came in on the way up."""
    from captum.attr import Deconvolution

    return Deconvolution(question.output(question.rectified)).attribute(question.inputs), None
