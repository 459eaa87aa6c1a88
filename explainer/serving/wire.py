"""What the app and the service say to each other, as bytes: arrays by safetensors, all else by JSON, and no pickles.

Pictures stand behind that, as they are: one of 9 MB is copied no more often than it must be. Only what `_KINDS` lists
is made of what arrives.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from PIL import Image

from explainer.attribution.explain import Attribution, AttributionError, MethodError, MethodFailed, Target
from explainer.attribution.faithfulness import Checks, Curve, Infidelity, Randomised, Sensitivity
from explainer.attribution.verdicts import Common, Judgement, Verdict
from explainer.imagenet.vocabularies import Label
from explainer.setup import files
from explainer.vision.cards import CardError, ClassifierError
from explainer.vision.corruptions import Course, CourseStep
from explainer.vision.faces import Box
from explainer.vision.photos import MAX_SIDE, Photo
from explainer.vision.pipeline import Reading, Result

TOKEN, VERSION, OWNER = "Authorization", "X-Explainer-Version", "X-Explainer-Owner"
"""Headers of a request: who may ask; what the app is, so that another version answers none; whose turn it takes."""

PHOTO = MAX_SIDE * MAX_SIDE * 3 + (1 << 20)
"""Bytes at most of a request that has a photo as the app holds it, decoded and bounded, and a reading."""

CROP = 4 << 20
"""Bytes at most of a request that has what a network saw, and a map."""

ERRORS: Mapping[str, type[Exception]] = {
    error.__name__: error for error in (AttributionError, CardError, ClassifierError, MethodError, MethodFailed)
}
"""What a task raises in the app as it raised it in the service: a sentence for the visitor."""

_SHORT = 12  # characters of a token that is no secret
_TOKEN = re.compile(r"[ -~]*")  # what the head of a request can hold

_MANY = 100  # words that are sent as one text

_READ = (".py", ".csv", ".npz")
_TREE = "tree"  # the array that holds the JSON
_LENGTH = 8  # bytes that say how long the arrays are together

_KINDS: Mapping[str, type] = {
    kind.__name__: kind
    for kind in (
        Attribution,
        Box,
        Checks,
        Common,
        Course,
        CourseStep,
        Curve,
        Infidelity,
        Judgement,
        Label,
        Photo,
        Randomised,
        Reading,
        Result,
        Sensitivity,
        Target,
        Verdict,
    )
}


class WireError(ValueError):
    """Raised for bytes that `pack` did not make."""


def token() -> str:
    """The secret that the app and the service share. Raises ValueError where none is set, or one that cannot be sent.

    Space round it counts for nothing: a file that it is read from may end its line.
    """
    found = os.environ.get("EXPLAINER_SERVICE_TOKEN", "").strip()
    if not _TOKEN.fullmatch(found):
        raise ValueError("EXPLAINER_SERVICE_TOKEN may have letters, digits and signs of ASCII, in one line.")
    if len(found) < _SHORT:
        raise ValueError(f"Set EXPLAINER_SERVICE_TOKEN to a secret of {_SHORT} characters or more: it lets the app in.")
    return found


@cache
def version() -> str:
    """A digest of all that answers depend on: the code, the tables, the cards of the models."""
    package = Path(__file__).parents[1]
    folders = ("attribution", "data", "imagenet", "serving", "vision")
    read = [file for folder in folders for file in (package / folder).rglob("*") if file.suffix in _READ]
    read += files.models_folder().glob("*.toml")
    digests = sorted(f"{file.name} {files.digest(file)}" for file in read)
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def pack(value: object) -> bytes:
    """A value as bytes. Raises TypeError for one that is of no kind that is known."""
    return b"".join(pieces(value))


def pieces(value: object) -> tuple[bytes, ...]:
    """The bytes of a value as `pack` joins them: each picture is a piece of its own."""
    parts = _Parts()
    tree = json.dumps(_described(value, parts))
    arrays = safetensors.numpy.save({**parts.arrays, _TREE: np.frombuffer(tree.encode(), np.uint8)})
    return len(arrays).to_bytes(_LENGTH, "little"), arrays, *parts.pictures


def unpack(data: bytes) -> Any:
    """What `pack` made bytes of. Raises WireError, and nothing else."""
    try:
        left = _Left(memoryview(data))
        parts = _Parts(safetensors.numpy.load(bytes(left.take(int.from_bytes(left.take(_LENGTH), "little")))))
        made = _made(json.loads(parts.arrays.pop(_TREE).tobytes()), parts.arrays, left)
        if left.data:
            raise ValueError("more than what was packed")
        return made
    except Exception as error:  # of many kinds: it depends on which bytes are wrong
        raise WireError("These bytes are no message of this app's.") from error


@dataclass
class _Parts:
    """What stands beside the tree of a value."""

    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    pictures: list[bytes] = field(default_factory=list)


@dataclass
class _Left:
    """Bytes that were not looked at yet."""

    data: memoryview

    def take(self, count: int) -> memoryview:
        """So many of them, from the beginning; fewer where there are no more."""
        taken, self.data = self.data[:count], self.data[count:]
        return taken


def _described(value: object, parts: _Parts) -> Any:
    """A value as JSON has it; its arrays and pictures are put among `parts`."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list):
        return [_described(each, parts) for each in value]
    if isinstance(value, tuple):
        if len(value) > _MANY and all(type(each) is str for each in value) and (text := _joined(value)):
            return {"words": text}
        return {"tuple": [_described(each, parts) for each in value]}
    if isinstance(value, Mapping):
        return {"mapping": {name: _described(each, parts) for name, each in value.items()}}
    if isinstance(value, np.ndarray):
        name = str(len(parts.arrays))
        parts.arrays[name] = np.ascontiguousarray(value)
        return {"array": name}
    if isinstance(value, Image.Image) and value.mode == "RGB":
        parts.pictures.append(value.tobytes())
        return {"picture": value.size}
    if type(value) not in _KINDS.values():
        raise TypeError(f"A {type(value).__name__} cannot be sent.")
    return {type(value).__name__: {each.name: _described(getattr(value, each.name), parts) for each in fields(value)}}  # type: ignore[arg-type]


def _made(tree: Any, arrays: dict[str, NDArray[Any]], left: _Left) -> Any:
    if isinstance(tree, list):
        return [_made(each, arrays, left) for each in tree]
    if not isinstance(tree, dict):
        return tree
    ((kind, of),) = tree.items()
    if kind == "tuple":
        return tuple(_made(each, arrays, left) for each in of)
    if kind == "words":
        return _split(of)
    if kind == "mapping":
        return {name: _made(each, arrays, left) for name, each in of.items()}
    if kind == "array":
        return arrays.pop(of).copy()
    if kind == "picture":
        return _picture(of, left)
    return _KINDS[kind](**{name: _made(each, arrays, left) for name, each in of.items()})


# Each reading names the thousands of categories of its model: as one text, and kept once on either side.


@lru_cache(maxsize=16)
def _joined(words: tuple[str, ...]) -> str:
    """Words as one text; "" where it would be no telling them apart."""
    text = " ".join(words)
    return text if _split(text) == words else ""


@lru_cache(maxsize=16)
def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split(" "))


def _picture(size: Sequence[int], left: _Left) -> Image.Image:
    width, height = size
    if not 0 < min(width, height) <= max(width, height) <= MAX_SIDE:
        raise ValueError("no picture that the app holds")
    return Image.frombytes("RGB", (width, height), left.take(3 * width * height))
