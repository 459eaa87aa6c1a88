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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from explainer.imagenet import taxonomy
from explainer.setup import files
from explainer.vision import openvino
from explainer.vision.cards import ModelCard
from explainer.vision.openvino import Forward

if TYPE_CHECKING:
    from openvino import Model

Made = TypeVar("Made")
Parts = Mapping[str, bytes]
"""What a file holds, by name."""
Facts = Mapping[str, Any]
"""What is noted beside it, as JSON has it."""

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
    return folder() / f"{card.name}.zip"


def folder() -> Path:
    """The folder of what was compiled."""
    return files.models_folder() / "compiled"


def load(card: ModelCard) -> Compiled | None:
    """The compiled network of a card; None where there is none, or none of these weights, versions and bytes.

    The weights must be the ones that the card names. Why a file is not taken stands in the log, in one line.
    """

    def made(parts: Parts, facts: Facts) -> Compiled:
        forward = openvino.ready(openvino.from_bytes(parts[_NETWORK], parts[_WEIGHTS]))
        return Compiled(forward, tuple(facts["objects"]), tuple(facts["people"]))

    return read(path(card), key(card), made)


def save(card: ModelCard, model: "Model", objects: tuple[str, ...], people: tuple[str, ...]) -> bool:
    """Keep a compiled network for the next start; whether it could be kept. Why not stands in the log, in one line."""

    def parts() -> Parts:
        network, weights = openvino.to_bytes(model)
        return {_NETWORK: network, _WEIGHTS: weights}

    return write(path(card), key(card), parts, {"objects": objects, "people": people})


def read(file: Path, key: str, make: Callable[[Parts, Facts], Made]) -> Made | None:
    """What `make` makes of what `write` kept under that key; None where there is no such file, or no whole one.

    Why a file is not taken stands in the log, in one line.
    """
    if not file.exists():
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = json.loads(archive.read(_MANIFEST))
            if manifest["key"] != key:
                _log.info("%s is of other weights or versions: it is compiled anew.", file)
                return None
            parts = {name: archive.read(name) for name in manifest["sha256"]}
        if manifest["sha256"] != _digests(parts):
            raise ValueError("other bytes than were written")
        return make(parts, manifest["facts"])
    except Exception as error:  # zipfile, zlib, json and OpenVINO raise as variously as a file can be damaged
        _log.warning("%s is damaged (%s): it is compiled anew.", file, files.why(error))
        return None


def write(file: Path, key: str, make: Callable[[], Parts], facts: Facts) -> bool:
    """Keep what was compiled in a file, under the key of what it was made of; whether it could be kept.

    Several processes may write at once: each writes a file of its own and moves it into place. Why it could not be kept
    stands in the log, in one line.
    """
    try:
        parts = make()
        manifest = {"key": key, "sha256": _digests(parts), "facts": facts}
        file.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.stem}-", delete=False) as part:
            try:
                with zipfile.ZipFile(part, "w") as archive:
                    for name, content in parts.items():
                        archive.writestr(name, content)
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


def key(card: ModelCard, *code: Path) -> str:
    """A digest of all that a compiled network depends on: the weights, the card, the tables, the code, the versions.

    `code` has further files of the project's own that take part.
    """
    here = Path(__file__).parent
    made_of = [*(here / name for name in _MODULES), *code, *(taxonomy.DATA / name for name in _TABLES)]
    if card.weights.path is not None:
        made_of.append(card.weights.path)
    parts = [repr(card), *map(files.digest, made_of), *(f"{name} {version(name)}" for name in _MADE_BY)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _digests(parts: Parts) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}
