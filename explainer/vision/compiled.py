"""Compiled networks, kept in files, so that a photo is read without torch.

A network with its head is one file in `models/compiled/`: a zip that holds what OpenVINO reads, the categories in the
order of the outputs, the digests of all of it, and the key of what it was made of. It is a copy that can be deleted at
any time: a file that is missing, damaged or made of something else is compiled anew, by way of torch.
"""

import hashlib
import json
import logging
import os
import tempfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from explainer.imagenet import taxonomy
from explainer.setup import files
from explainer.vision import openvino
from explainer.vision.cards import ModelCard
from explainer.vision.openvino import Forward

if TYPE_CHECKING:
    from openvino import Model

_NETWORK, _WEIGHTS, _MANIFEST = "network.xml", "network.bin", "manifest.json"
_MADE_BY = ("openvino", "torch", "timm", "torchvision")  # packages that take part in compiling
_MODULES = ("people.py", "classifiers.py", "openvino.py")  # the project's own code that does
_TABLES = ("embeddings.npz", "wordnet.csv", "imagenet_synsets.csv")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Compiled:
    """A network with its head, ready: squares, uint8 (N, side, side, 3), to object shares and person scores.

    `objects` and `people` are the wnids of the two outputs, in their order.
    """

    forward: Forward
    objects: tuple[str, ...]
    people: tuple[str, ...]


def path(card: ModelCard) -> Path:
    """The file of a card's compiled network, whether or not it is there."""
    return files.models_folder() / "compiled" / f"{card.name}.zip"


def load(card: ModelCard) -> Compiled | None:
    """The compiled network of a card; None where there is none, or none of these weights, versions and bytes.

    The weights must be the ones that the card names. Why a file is not taken stands in the log, in one line.
    """
    file = path(card)
    if not file.exists():
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            if manifest["key"] != _key(card):
                _log.info("%s is of other weights or versions: it is compiled anew.", file)
                return None
            network, weights = archive.read(_NETWORK), archive.read(_WEIGHTS)
        if manifest["sha256"] != _digests(network, weights):
            raise ValueError("other bytes than were written")
        forward = openvino.ready(openvino.from_bytes(network, weights))
        return Compiled(forward, tuple(manifest["objects"]), tuple(manifest["people"]))
    except Exception as error:  # zipfile, zlib, json and OpenVINO raise as variously as a file can be damaged
        _log.warning("%s is damaged (%s): it is compiled anew.", file, files.why(error))
        return None


def save(card: ModelCard, model: "Model", objects: tuple[str, ...], people: tuple[str, ...]) -> bool:
    """Keep a compiled network for the next start; whether it could be kept. Why not stands in the log, in one line.

    Several processes may save at once: each writes a file of its own and moves it into place.
    """
    file = path(card)
    try:
        network, weights = openvino.to_bytes(model)
        manifest = {
            "key": _key(card),
            "sha256": _digests(network, weights),
            "objects": objects,
            "people": people,
        }
        file.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{card.name}-", delete=False) as part:
            try:
                with zipfile.ZipFile(part, "w") as archive:
                    archive.writestr(_NETWORK, network)
                    archive.writestr(_WEIGHTS, weights)
                    archive.writestr(_MANIFEST, json.dumps(manifest))
                part.close()
                os.replace(part.name, file)
            except BaseException:
                os.unlink(part.name)
                raise
    except (OSError, RuntimeError) as error:  # RuntimeError: OpenVINO cannot write its temporary files
        _log.warning("%s cannot be written (%s): the network is compiled at each start.", file, files.why(error))
        return False
    return True


def _digests(network: bytes, weights: bytes) -> list[str]:
    return [hashlib.sha256(each).hexdigest() for each in (network, weights)]


def _key(card: ModelCard) -> str:
    """A digest of all that a compiled network depends on: the weights, the card, the tables, the code, the versions."""
    here = Path(__file__).parent
    read = [*(here / name for name in _MODULES), *(taxonomy.DATA / name for name in _TABLES)]
    if card.weights.path is not None:
        read.append(card.weights.path)
    parts = [repr(card), *map(files.digest, read), *(f"{name} {version(name)}" for name in _MADE_BY)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
