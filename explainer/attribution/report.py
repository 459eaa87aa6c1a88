"""How explanations were made, so that anyone can make them again."""

import platform
from collections.abc import Sequence
from dataclasses import asdict, astuple
from importlib import metadata
from typing import Any

from explainer.attribution.explain import Attribution
from explainer.vision import cards
from explainer.vision.faces import Box

_PACKAGES = (
    "imagenet-explainer",
    "captum",
    "numpy",
    "opencv-python-headless",
    "openvino",
    "pillow",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "timm",
    "torch",
    "torchvision",
)


def provenance(
    attributions: Sequence[Attribution], model: str = cards.DEFAULT, box: Box | None = None
) -> dict[str, Any]:
    """How explanations were made, as JSON has it: model, weights, versions, targets and settings; no words.

    `box` is the face's, in pixels of the photo, None for the middle of the whole picture.
    """
    card = cards.load(model)
    return {
        "model": card.name,
        "weights_sha256": attributions[0].weights,
        "labels": card.labels,
        "transform": asdict(card.transform),
        "grad_cam_layer": card.grad_cam_layer,
        "box": list(astuple(box)) if box else None,
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES},
        "explanations": [
            {
                "method": attribution.method,
                "target": asdict(attribution.target),
                "settings": dict(attribution.settings),
                "shape": list(attribution.values.shape),
                "delta": attribution.delta,
                "seconds": round(attribution.seconds, 3),
            }
            for attribution in attributions
        ],
    }
