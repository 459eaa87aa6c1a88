"""What goes over the wire arrives as it was sent; what this app did not send makes nothing."""

import json
import math
import pickle
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from explainer.attribution.explain import Attribution, Target
from explainer.attribution.faithfulness import Checks, Curve, Infidelity, Randomised, Sensitivity
from explainer.attribution.verdicts import Judgement, Verdict
from explainer.imagenet.vocabularies import Label
from explainer.serving import wire
from explainer.vision import samples
from explainer.vision.corruptions import Course, CourseStep
from explainer.vision.faces import Box
from explainer.vision.photos import MAX_SIDE, Photo
from explainer.vision.pipeline import Reading, Result

BOX = Box(1, 2, 30, 40)
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4) / 7
READING = Reading(BOX, ("n01", "n02"), ("n03",), VALUES[0, :2], VALUES[1, :1], "some-model")
MAP = Attribution(VALUES, "grad-cam", Target("person", "n03", "n04"), 0.25, -0.5, {"steps": 50, "baseline": "mean"})
SENT = [
    None,
    (1, -2.5, True, "façade", [None]),
    math.inf,
    Box(0, 0, 1, 1),
    Result((640, 480), "yunet", (BOX,), (READING, READING), 0.1),
    Course("blur", (CourseStep(0.5, None, (Label("n03", 0.75),), 3),)),
    MAP,
    Checks(
        (Curve("deletion", "random", VALUES[0].astype(np.float64), VALUES[1].astype(np.float64)),),
        Infidelity(1.5, math.nan, 64, 0),
        Sensitivity(0.1, 3, 5, 0),
        (Randomised("head", MAP, math.nan, 0),),
    ),
    Judgement("grad-cam", (Verdict("insertion", "failed", math.nan, 1.0, reason="why"),)),
]


def same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(same(getattr(one, each.name), getattr(other, each.name)) for each in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other or (one != one and other != other))


@pytest.mark.parametrize("sent", SENT, ids=lambda sent: type(sent).__name__)
def test_what_is_sent_arrives_the_same(sent: object) -> None:
    assert same(wire.unpack(wire.pack(sent)), sent)


def test_a_photo_arrives_to_the_pixel_and_fits_a_request() -> None:
    photo = samples.read("astronaut")
    found = wire.unpack(wire.pack(photo))
    assert (found.size, found.image.mode) == (photo.size, "RGB")
    assert np.array_equal(np.asarray(found.image), np.asarray(photo.image))
    largest = Photo(Image.new("RGB", (MAX_SIDE, MAX_SIDE)), (9000, 9000), "0" * 64)
    reading = Reading(BOX, ("n00000000",) * 1000, ("n00000000",) * 21841, np.zeros(1000, "f4"), np.zeros(21841, "f4"))
    assert len(wire.pack(("a-model", largest, reading, "blur", "fall-2011"))) < wire.PHOTO


def test_the_categories_of_a_model_are_kept_once_however_many_readings_come() -> None:
    names = tuple(f"n{number:08}" for number in range(1000))
    sent = wire.pack(Reading(None, names, names, VALUES[0], VALUES[1]))
    first, second = wire.unpack(sent), wire.unpack(sent)
    assert first.object_wnids == names
    assert first.object_wnids is second.object_wnids is second.person_wnids


@pytest.mark.parametrize("odd", ["", "two words", 7, None, ("n",)])
def test_many_words_arrive_as_they_were_sent_whatever_is_among_them(odd: object) -> None:
    words = (*(f"n{number:08}" for number in range(200)), odd)
    assert wire.unpack(wire.pack(words)) == words


def test_a_thing_of_no_known_kind_is_not_sent() -> None:
    with pytest.raises(TypeError, match="module cannot be sent"):
        wire.pack((np,))
    with pytest.raises(TypeError, match="Image cannot be sent"):
        wire.pack(Image.new("L", (4, 4)))


def packed(tree: object, pictures: bytes = b"", **arrays: Any) -> bytes:
    saved = safetensors.numpy.save({**arrays, "tree": np.frombuffer(json.dumps(tree).encode(), np.uint8)})
    return len(saved).to_bytes(8, "little") + saved + pictures


def test_what_strangers_send_by_hand_is_packed_as_it_is_sent() -> None:
    tree = {"tuple": [{"picture": [2, 1]}, {"array": "0"}]}
    picture, values = wire.unpack(packed(tree, b"\1\2\3\4\5\6", **{"0": VALUES}))
    assert picture.getpixel((1, 0)) == (4, 5, 6)
    assert np.array_equal(values, VALUES)


class Trap:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was opened",))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 8,
        (2**62).to_bytes(8, "little") + b"{}",
        pickle.dumps(Trap()),
        packed({"array": "missing"}),
        packed({"Path": {"args": ["/etc/passwd"]}}),
        packed({"Box": {"left": 1}}),
        packed({"Box": 1, "Target": 2}),
        packed({"picture": [MAX_SIDE + 1, 1]}, bytes(3 * (MAX_SIDE + 1))),
        packed({"picture": [4, 4]}, bytes(3 * 4 * 4 - 1)),
        packed({"picture": [4, 4]}, bytes(3 * 4 * 4 + 1)),
        packed({"tuple": [{"picture": [4, 4]}] * 2}, bytes(3 * 4 * 4)),
        packed({"picture": [-4, -4]}, bytes(3 * 4 * 4)),
        packed({"picture": [4.0, 4]}, bytes(3 * 4 * 4)),
        packed({"picture": [4, 0]}),
        packed({"picture": "44"}, bytes(3 * 4 * 4)),
        packed({"tuple": [{"array": "0"}] * 1000}, **{"0": np.zeros(1_000_000)}),
        b"[" * 100_000,
        wire.pack(SENT[4])[:-10],
    ],
)
def test_bytes_of_strangers_make_nothing(data: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(data)


def test_a_tree_that_is_too_deep_is_refused() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    saved = safetensors.numpy.save({"tree": np.frombuffer(deep, np.uint8)})
    with pytest.raises(wire.WireError):
        wire.unpack(len(saved).to_bytes(8, "little") + saved)


def test_another_card_of_a_model_is_another_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    wire.version.cache_clear()
    here = wire.version()
    wire.version.cache_clear()
    monkeypatch.setenv("EXPLAINER_MODELS", str(tmp_path))
    assert wire.version() != here
    wire.version.cache_clear()


def test_a_secret_may_come_from_a_file_whose_line_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_SERVICE_TOKEN", "a-secret-of-the-tests\n")
    assert wire.token() == "a-secret-of-the-tests"


@pytest.mark.parametrize("token", [None, "", "short", "two lines\nof a secret", "ein Schlüssel"])
def test_without_a_secret_there_is_no_service(monkeypatch: pytest.MonkeyPatch, token: str | None) -> None:
    monkeypatch.delenv("EXPLAINER_SERVICE_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("EXPLAINER_SERVICE_TOKEN", token)
    with pytest.raises(ValueError, match="EXPLAINER_SERVICE_TOKEN"):
        wire.token()
