"""Quick settings for slow methods, the best labels of a picture, and hooks that were left behind."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from explainer.attribution.explain import Target
from explainer.imagenet import vocabularies
from explainer.vision.classifiers import Classifier
from explainer.vision.people import PeopleHead

# Settings that make the long methods short.
SHORT: dict[str, dict[str, Any]] = {
    "integrated-gradients": {"steps": 4, "at_once": 2},
    "smoothgrad": {"samples": 4},
    "gradient-shap": {"samples": 4},
    "occlusion": {"window": 64, "stride": 48},
    "feature-ablation": {"segments": 12},
    "lime": {"segments": 12, "samples": 40},
    "kernel-shap": {"segments": 12, "samples": 40},
}


def outputs(
    classifier: Classifier, head: PeopleHead, pictures: list[Image.Image]
) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Wnids and raw outputs for each kind of target; the last row is for the baseline."""
    inputs = classifier.standardise(torch.from_numpy(classifier.to_pixels(pictures)))
    with torch.no_grad():
        logits = classifier.module(torch.cat([inputs, torch.zeros_like(inputs[:1])]))
        return {"object": (classifier.wnids, logits.numpy()), "person": (head.wnids, head.module(logits).numpy())}


def best(classifier: Classifier, head: PeopleHead, crop: Image.Image, kind: str, n: int = 1) -> list[Target]:
    wnids, scores = outputs(classifier, head, [crop])[kind]
    return [Target(kind, label.wnid) for label in vocabularies.top(scores[0], wnids, n)]


def hooks(module: nn.Module) -> list[str]:
    """The parts of a module that still have a hook."""
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [name for name, part in module.named_modules() for kind in kinds if getattr(part, kind)]
