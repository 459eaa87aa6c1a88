"""Explanations that save themselves, with all that it takes to make them again."""

import io
import json
import os
import platform
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from explainer.attribution import faithfulness
from explainer.attribution.explain import Attribution
from explainer.attribution.faithfulness import Checks
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

Draw = Callable[[Attribution], Image.Image]
"""How a map is drawn over the crop."""


@dataclass(frozen=True, eq=False)
class Report:
    """Explanations of one crop and what checks found of them.

    `box` is the face's, in pixels of the photo, None for the middle of the whole picture. `checks` are by the name of
    the method. `drawing` says how the maps are drawn, as JSON has it. Nothing in a report carries words of a category.
    """

    crop: Image.Image
    attributions: tuple[Attribution, ...]
    box: Box | None = None
    checks: Mapping[str, Checks] = field(default_factory=dict)
    drawing: Mapping[str, Any] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        """How the explanations were made, as JSON has it: model, weights, versions, targets, settings, checks."""
        card = cards.load(self.attributions[0].model)
        return {
            "model": card.name,
            "weights_sha256": self.attributions[0].weights,
            "labels": card.labels,
            "transform": asdict(card.transform),
            "grad_cam_layer": card.grad_cam_layer,
            "box": list(astuple(self.box)) if self.box else None,
            "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES},
            "drawing": dict(self.drawing),
            "explanations": [self._record(attribution) for attribution in self.attributions],
        }

    def _record(self, attribution: Attribution) -> dict[str, Any]:
        checks = self.checks.get(attribution.method)
        return {
            "method": attribution.method,
            "target": asdict(attribution.target),
            "settings": dict(attribution.settings),
            "shape": list(attribution.values.shape),
            "delta": attribution.delta,
            "seconds": round(attribution.seconds, 3),
        } | ({"checks": faithfulness.record(checks)} if checks else {})

    def to_json(self) -> str:
        """The manifest as JSON text; a number that does not exist is null."""
        return json.dumps(faithfulness.without_nan(self.manifest()), indent=2, allow_nan=False)

    def files(self, draw: Draw) -> dict[str, bytes]:
        """Names and contents: for each method its map as drawn (PNG) and as it is (NPY), and the manifest."""
        found = {}
        for attribution in self.attributions:
            found[f"{attribution.method}.png"] = _png(draw(attribution))
            raw = io.BytesIO()
            np.save(raw, attribution.values)
            found[f"{attribution.method}.npy"] = raw.getvalue()
        return found | {"how.json": self.to_json().encode()}

    def to_zip(self, draw: Draw) -> bytes:
        """All files in a ZIP, with the crop that the network saw."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as folder:
            for name, content in {"crop.png": _png(self.crop), **self.files(draw)}.items():
                folder.writestr(name, content)
        return archive.getvalue()

    def save(self, stem: Path, draw: Draw) -> None:
        """Write all files, each whole or not at all; `stem` and a hyphen stand before their names. Raises OSError."""
        for name, content in self.files(draw).items():
            handle, part = tempfile.mkstemp(dir=stem.parent)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(part).chmod(0o644)
                Path(part).replace(f"{stem}-{name}")
            except BaseException:
                Path(part).unlink(missing_ok=True)
                raise


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
