"""Guided Grad-CAM."""

from explainer.attribution.methods.method import RECTIFIERS, method
from explainer.attribution.question import Answer, Question


@method(
    title="Guided Grad-CAM",
    idea="Guided Backprop where Grad-CAM is positive: the edges within the region that speaks for the label.",
    paper="Selvaraju et al., Grad-CAM (ICCV 2017, arXiv 1610.02391)",
    cost="an instant",
    need=RECTIFIERS,
    passes=lambda question: 2,
)
def guided_grad_cam(question: Question) -> Answer:
    """Guided Backprop times what is positive of Grad-CAM."""
    from captum.attr import GuidedGradCam

    module = question.rectified
    layer = module.get_submodule(question.classifier.card.grad_cam_layer)
    return GuidedGradCam(question.output(module), layer).attribute(question.inputs, interpolate_mode="bilinear"), None
