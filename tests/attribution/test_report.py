"""Explanations that save themselves: whole, without words, and with nothing that JSON does not know."""

import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from explainer.attribution.explain import Attribution, Target
from explainer.attribution.faithfulness import Checks, Infidelity, Randomised, Sensitivity
from explainer.attribution.report import Report

CROP = Image.new("RGB", (4, 4), (10, 20, 30))


def attribution(delta: float | None = None) -> Attribution:
    values = np.array([[0.5, -1.0]], np.float32)
    return Attribution(values, "grad-cam", Target("object", "n04485082"), 0.1234, delta, {"steps": 5})


def draw(given: Attribution) -> Image.Image:
    return CROP


def test_a_saved_explanation_has_its_map_its_picture_and_how_it_was_made(tmp_path: Path) -> None:
    Report(CROP, (attribution(),)).save(tmp_path / "owl-1", draw)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "owl-1-grad-cam.npy",
        "owl-1-grad-cam.png",
        "owl-1-how.json",
    ]
    assert np.load(tmp_path / "owl-1-grad-cam.npy").tolist() == [[0.5, -1.0]]
    (made,) = json.loads((tmp_path / "owl-1-how.json").read_text())["explanations"]
    assert made["target"] == {"kind": "object", "wnid": "n04485082", "against": None}
    assert (made["settings"], made["shape"], made["seconds"]) == ({"steps": 5}, [1, 2], 0.123)


def test_the_archive_holds_the_same_files_and_what_the_network_saw() -> None:
    report = Report(CROP, (attribution(),), drawing={"opacity": 0.7})
    with zipfile.ZipFile(io.BytesIO(report.to_zip(draw))) as archive:
        assert set(archive.namelist()) == {"crop.png", *report.files(draw)}
        assert json.loads(archive.read("how.json"))["drawing"] == {"opacity": 0.7}


def test_no_file_carries_nan() -> None:
    given = attribution(delta=math.nan)
    checks = Checks(
        (),
        Infidelity(math.inf, math.nan, 4, 0),
        Sensitivity(math.nan, 3, 5, 0),
        (Randomised("top", given, math.nan, 0),),
    )
    text = Report(CROP, (given,), checks={"grad-cam": checks}).to_json()

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    (made,) = json.loads(text, parse_constant=refuse)["explanations"]
    assert made["delta"] is made["checks"]["infidelity"]["share"] is None
    assert made["checks"]["max_sensitivity"]["value"] is made["checks"]["randomisation"][0]["correlation"] is None


def test_a_file_that_cannot_be_written_leaves_no_half_of_it(tmp_path: Path) -> None:
    (tmp_path / "owl-1-grad-cam.png").mkdir()
    with pytest.raises(OSError, match="owl-1"):
        Report(CROP, (attribution(),)).save(tmp_path / "owl-1", draw)
    assert [file.name for file in tmp_path.iterdir()] == ["owl-1-grad-cam.png"]
