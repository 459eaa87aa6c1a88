"""Grad-CAM."""

from explainer.attribution.methods.method import FEATURE_MAP, method
from explainer.attribution.question import Answer, Question


@method(
    title="Grad-CAM",
    idea="The spots where the network's last layers speak for the word.",
    paper="Selvaraju et al., Grad-CAM (ICCV 2017, arXiv 1610.02391)",
    cost="an instant",
    need=FEATURE_MAP,
)
def grad_cam(question: Question) -> Answer:
    """The feature map of the card's layer, each channel weighed by its mean gradient."""
    from captum.attr import LayerGradCam

    module, layer = question.output_and_feature_map()
    # Only what is above the layer needs a gradient: that makes it hardly slower than a forward pass.
    with layer.register_forward_hook(lambda module, inputs, output: output.requires_grad_()):
        # Before its ReLU: what speaks against the label is part of the raw map.
        values = LayerGradCam(module, layer).attribute(question.inputs, relu_attributions=False)
    return values, None
