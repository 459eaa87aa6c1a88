"""Input x Gradient."""

from explainer.attribution.methods.method import method
from explainer.attribution.question import Answer, Question


@method(
    title="Input x Gradient",
    idea="The gradient times the pixel: how much of the label each pixel brings, were the network a sum.",
    paper="Shrikumar et al., Not Just a Black Box (2016, arXiv 1605.01713)",
    cost="an instant",
)
def input_x_gradient(question: Question) -> Answer:
    """The gradient times the inputs."""
    from captum.attr import InputXGradient

    return InputXGradient(question.output()).attribute(question.inputs), None
