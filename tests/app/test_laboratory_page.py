"""The page "Laboratory" as Streamlit runs it: methods side by side, contrast, checks, and what can be taken away."""

import dataclasses
import gc
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import ref as reference

import numpy as np
import pytest
import sentinels
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from explainer.attribution import explain, faithfulness, networks
from explainer.attribution.explain import Target
from explainer.attribution.faithfulness import Claim
from explainer.ui import computed, labels, photo_source
from explainer.ui.laboratory import asking, sentences
from explainer.vision import cards, pipeline, samples
from explainer.vision.cards import ClassifierError
from explainer.vision.pipeline import Reader

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECONDS = 290


@pytest.fixture
def page() -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    return app.switch_page("pages/laboratory.py").run()


@pytest.fixture
def laboratory(page: AppTest) -> AppTest:
    """The page with a picture and two quick methods, before anything was asked."""
    page.button(key="sample_photographer").click().run()
    return page.pills(key="methods").set_value(["grad-cam", "saliency"]).run()


@pytest.fixture
def quick_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check of a map as it is, but by one random order, and with one part of the network shuffled."""
    stages = networks.stages
    monkeypatch.setattr(networks, "stages", lambda module: stages(module)[:1])
    monkeypatch.setattr(faithfulness, "_ORDERS", 1)


def texts(page: AppTest) -> list[str]:
    return [text.value for text in page.markdown]


def maps(page: AppTest) -> list[str]:
    """The titles of the methods whose maps stand there."""
    titles = {f"**{method.title}**" for method in explain.METHODS.values()}
    return [text for text in texts(page) if text in titles]


def test_nothing_is_computed_before_it_is_asked_for(laboratory: AppTest) -> None:
    assert not laboratory.exception
    assert maps(laboratory) == []


def test_two_maps_stand_side_by_side_with_their_agreement(laboratory: AppTest) -> None:
    laboratory.button(key="explain").click().run()
    assert not laboratory.exception
    assert maps(laboratory) == ["**Grad-CAM**", "**Saliency**"]
    assert any("The maps " in text and "Correlation " in text for text in texts(laboratory))
    table = laboratory.dataframe[0].value
    assert table["Maps"][0] == "Grad-CAM and Saliency"
    assert -1 <= table["Correlation"][0] < 1
    assert all(table.columns)  # no empty header


def test_another_question_waits_until_it_is_asked_and_the_page_says_so(laboratory: AppTest) -> None:
    laboratory.button(key="explain").click().run()
    laboratory.pills(key="methods").set_value(["grad-cam", "input-x-gradient"]).run()
    assert maps(laboratory) == []
    assert any("Settings changed" in caption.value for caption in laboratory.caption)
    laboratory.button(key="explain").click().run()
    assert not laboratory.exception
    assert maps(laboratory) == ["**Grad-CAM**", "**Input x Gradient**"]
    assert not any("Settings changed" in caption.value for caption in laboratory.caption)


def test_what_is_chosen_in_the_moment_before_the_press_is_asked(laboratory: AppTest) -> None:
    laboratory.pills(key="methods").set_value(["grad-cam", "input-x-gradient"])
    laboratory.button(key="explain").click().run()
    assert maps(laboratory) == ["**Grad-CAM**", "**Input x Gradient**"]


def left_and_come_back(laboratory: AppTest, sample: str | None = None) -> AppTest:
    """After a look at another page, where another sample picture is chosen maybe."""
    other = laboratory.switch_page(f"pages/{'break_it' if sample else 'about'}.py").run()
    if sample:
        other.button(key=f"sample_{sample}").click().run()
    return other.switch_page("pages/laboratory.py").run()


def test_after_a_look_at_another_page_the_same_is_asked(laboratory: AppTest) -> None:
    laboratory.selectbox(key="sign").set_value("signed").run()
    laboratory.button(key="contrast").click().run()
    keys = ("laboratory_target", "laboratory_against", "sign")
    chosen = [laboratory.selectbox(key=key).value for key in keys]
    laboratory = left_and_come_back(laboratory)
    assert not laboratory.exception
    assert maps(laboratory) == ["**Grad-CAM**", "**Saliency**"]
    assert [laboratory.selectbox(key=key).value for key in keys] == chosen


def test_a_label_of_another_photo_is_not_brought_along(laboratory: AppTest, reader: Reader) -> None:
    laboratory.button(key="contrast").click().run()
    laboratory = left_and_come_back(laboratory, "cat")
    assert not laboratory.exception
    assert maps(laboratory) == []
    (reading,) = pipeline.read(reader, samples.read("cat")).readings
    offered = labels.targets(reading, 5)
    assert laboratory.selectbox(key="laboratory_target").value in offered
    assert laboratory.selectbox(key="laboratory_against").value in ("", *offered)
    laboratory.button(key="explain").click().run()
    assert len(maps(laboratory)) == 2


@pytest.mark.usefixtures("quick_checks")
def test_a_method_that_is_no_longer_offered_is_let_go_of(laboratory: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    laboratory.pills(key="methods").set_value(["grad-cam", "saliency", "guided-backprop"]).run()
    laboratory.button(key="explain").click().run()
    laboratory.segmented_control(key="checked").set_value("guided-backprop").run()
    offered = ("grad-cam", "integrated-gradients", "saliency")  # as with a transformer
    monkeypatch.setattr(computed, "offered", lambda kind: offered)
    laboratory = left_and_come_back(laboratory)
    assert not laboratory.exception
    assert laboratory.pills(key="methods").value == ["grad-cam", "saliency"]
    laboratory.button(key="explain").click().run()
    assert not laboratory.exception
    assert laboratory.segmented_control(key="checked").value is None


@pytest.mark.usefixtures("quick_checks")
def test_what_was_explained_and_checked_goes_with_the_photo(laboratory: AppTest) -> None:
    laboratory.button(key="explain").click().run()
    laboratory.segmented_control(key="checked").set_value("grad-cam").run()
    jobs = [
        reference(job) for kind in ("explanations", "checks") for job in laboratory.session_state["waited_for"][kind]
    ]
    assert len(jobs) == 3
    laboratory.button(key="sample_cat").click().run()
    gc.collect()
    assert [job() for job in jobs] == [None] * 3


def test_which_label_was_asked_about_goes_with_the_photo(laboratory: AppTest) -> None:
    asked = ("laboratory_card", "laboratory_target", "laboratory_against")
    other = laboratory.switch_page("pages/break_it.py").run()
    assert all(name in other.session_state for name in asked)
    other.button(key="sample_cat").click().run()
    assert not other.exception
    assert not any(name in other.session_state for name in asked)


@pytest.mark.parametrize("place", [(photo_source, "strip"), (asking, "methods")], ids=["strip", "methods"])
def test_what_is_pressed_before_another_photo_is_drawn_is_done_on_its_page(
    laboratory: AppTest, monkeypatch: pytest.MonkeyPatch, reader: Reader, place: tuple[ModuleType, str]
) -> None:
    against = laboratory.selectbox(key="laboratory_against")
    against.set_value(Target("person", against.options[1].rpartition(" ")[2])).run()
    drawn_before = laboratory.pills(key="methods")
    for each in laboratory.selectbox:
        each.set_value(each.value)  # as the browser goes on to say
    laboratory.run()
    with monkeypatch.context() as patch:
        patch.setattr(*place, lambda *arguments: st.stop())  # the page asks for another run before it gets there
        laboratory.button(key="sample_cat").click().run()
    drawn_before.set_value(["grad-cam", "occlusion"]).run()
    assert not laboratory.exception
    assert laboratory.pills(key="methods").value == ["grad-cam", "occlusion"]
    (reading,) = pipeline.read(reader, samples.read("cat")).readings
    assert laboratory.selectbox(key="laboratory_target").value == labels.targets(reading, 5)[0]
    assert laboratory.selectbox(key="laboratory_against").value == ""


def test_fewer_samples_than_regions_are_said_to_be_too_few(laboratory: AppTest) -> None:
    laboratory.pills(key="methods").set_value(["grad-cam", "kernel-shap"]).run()
    assert not any("Fewer samples than regions" in caption.value for caption in laboratory.caption)
    laboratory.selectbox(key="kernel-shap_samples").set_value(50).run()
    assert any("Fewer samples than regions" in caption.value for caption in laboratory.caption)


@pytest.mark.parametrize("methods", [[], ["grad-cam"]])
def test_fewer_than_two_methods_cannot_be_compared(laboratory: AppTest, methods: list[str]) -> None:
    laboratory.pills(key="methods").set_value(methods).run()
    assert not laboratory.exception
    assert laboratory.info[0].value == "Choose 2 to 6 methods."


def how(archive: bytes) -> list[dict[str, Any]]:
    """How the explanations in an archive were made."""
    explanations: list[dict[str, Any]] = json.loads(zipfile.ZipFile(io.BytesIO(archive)).read("how.json"))[
        "explanations"
    ]
    return explanations


@pytest.mark.usefixtures("quick_checks")
def test_settings_are_chosen_said_kept_and_checked(
    laboratory: AppTest, downloads: dict[str, Callable[[], Any]]
) -> None:
    laboratory.pills(key="methods").set_value(["grad-cam", "integrated-gradients"]).run()
    laboratory.selectbox(key="integrated-gradients_steps").set_value(10).run()
    laboratory.button(key="explain").click().run()
    (before,) = (each for each in how(downloads["download_explanations"]()) if each["settings"])
    assert (before["settings"]["steps"], before["settings"]["baseline"]) == (10, "mean")
    laboratory.selectbox(key="integrated-gradients_baseline").set_value("black").run()
    assert maps(laboratory) == []
    laboratory.button(key="explain").click().run()
    assert any("Steps 10, empty picture black." in caption.value for caption in laboratory.caption)
    (after,) = (each for each in how(downloads["download_explanations"]()) if each["settings"])
    assert after["settings"]["baseline"] == "black"
    assert after["delta"] != before["delta"]
    laboratory.segmented_control(key="checked").set_value("integrated-gradients").run()
    (checked,) = json.loads(downloads["download_checks"]())["explanations"]
    assert checked.pop("checks")
    assert checked == after


def test_what_was_explained_is_not_explained_again(
    laboratory: AppTest, downloads: dict[str, Callable[[], Any]]
) -> None:
    laboratory.button(key="explain").click().run()
    seconds = {each["method"]: each["seconds"] for each in how(downloads["download_explanations"]())}
    laboratory.pills(key="methods").set_value(["grad-cam", "saliency", "input-x-gradient"]).run()
    laboratory.button(key="explain").click().run()
    again = {each["method"]: each["seconds"] for each in how(downloads["download_explanations"]())}
    assert again.items() > seconds.items()


def test_why_the_first_label_before_the_removal_and_not_the_one_after_is_one_click(
    laboratory: AppTest, downloads: dict[str, Callable[[], Any]], reader: Reader
) -> None:
    (reading,) = pipeline.read(reader, samples.read("photographer")).readings
    before, after = (reading.people(release, 1)[0].wnid for release in ("fall-2011", "winter-2021"))
    laboratory.button(key="contrast").click().run()
    assert not laboratory.exception
    assert len(maps(laboratory)) == 2
    targets = [each["target"] for each in how(downloads["download_explanations"]())]
    assert targets == [{"kind": "person", "wnid": before, "against": after}] * 2
    assert laboratory.selectbox(key="laboratory_target").value == Target("person", before)
    assert laboratory.selectbox(key="laboratory_against").value == Target("person", after)


def test_why_this_label_rather_than_that(
    laboratory: AppTest, downloads: dict[str, Callable[[], bytes]], reader: Reader
) -> None:
    (reading,) = pipeline.read(reader, samples.read("photographer")).readings
    first, second = (label.wnid for label in reading.people("fall-2011", 2))
    laboratory.selectbox(key="laboratory_against").set_value(Target("person", second)).run()
    laboratory.button(key="explain").click().run()
    assert not laboratory.exception
    target = how(downloads["download_explanations"]())[0]["target"]
    assert target == {"kind": "person", "wnid": first, "against": second}


@pytest.mark.usefixtures("planted")
def test_everything_can_be_taken_away_and_says_how_it_was_made(
    laboratory: AppTest, downloads: dict[str, Callable[[], bytes]]
) -> None:
    laboratory.button(key="explain").click().run()
    archive = zipfile.ZipFile(io.BytesIO(downloads["download_explanations"]()))
    assert sorted(archive.namelist()) == [
        "crop.png",
        "grad-cam.npy",
        "grad-cam.png",
        "how.json",
        "saliency.npy",
        "saliency.png",
    ]
    assert np.load(io.BytesIO(archive.read("grad-cam.npy"))).shape == (7, 7)
    assert np.load(io.BytesIO(archive.read("saliency.npy"))).shape == (224, 224)
    with Image.open(io.BytesIO(archive.read("grad-cam.png"))) as picture:
        assert picture.size == (448, 448)
        assert not picture.info
    made = json.loads(archive.read("how.json"))
    assert made["model"] == "efficientnet-lite0"
    assert made["weights_sha256"] == cards.load().weights.sha256
    assert {"captum", "python", "scipy", "torch"} <= set(made["versions"])
    assert made["labels"] == "imagenet-1k"
    assert made["transform"]["mean"] == [127.0, 127.0, 127.0]
    assert made["grad_cam_layer"] == "bn2"
    assert made["box"] is None or len(made["box"]) == 4
    assert [each["method"] for each in made["explanations"]] == ["grad-cam", "saliency"]
    assert made["drawing"] == {"opacity": 0.7, "sign": "for", "percentile": 99.0, "colours": "inferno"}
    assert not sentinels.found(archive.read("how.json").decode())
    assert not sentinels.found("".join(str(element.proto) for element in laboratory.main))


@pytest.mark.parametrize("sign", ["absolute", "signed"])
def test_all_maps_are_drawn_alike(laboratory: AppTest, sign: str) -> None:
    laboratory.button(key="explain").click().run()
    laboratory.selectbox(key="sign").set_value(sign).run()
    laboratory.selectbox(key="laboratory_colours").set_value("cividis").run()
    assert not laboratory.exception
    assert len(maps(laboratory)) == 2


def test_a_map_is_checked_against_the_network_and_the_numbers_can_be_taken_away(
    laboratory: AppTest, downloads: dict[str, Callable[[], Any]]
) -> None:
    laboratory.button(key="explain").click().run()
    laboratory.segmented_control(key="checked").set_value("grad-cam").run()
    assert not laboratory.exception
    for check in ("Insertion and deletion", "Infidelity", "Randomisation"):
        assert any(text.startswith(f"**{check}**") for text in texts(laboratory))
    (found,) = json.loads(downloads["download_checks"]())["explanations"]
    assert found["method"] == "grad-cam"
    assert {(curve["direction"], curve["order"]) for curve in found["checks"]["curves"]} == {
        (direction, order) for direction in ("insertion", "deletion") for order in ("map", "random", "centre")
    }
    said = next(text for text in texts(laboratory) if text.startswith("**Infidelity**"))
    assert f"{found['checks']['infidelity']['share']:.0%} unexplained" in said
    assert found["checks"]["randomisation"][0]["stage"] == "classifier"
    assert {each["seed"] for each in found["checks"]["randomisation"]} == {0}
    made = {
        (curve["direction"], curve["order"]): (curve["baseline"], curve["curves"], curve["seed"])
        for curve in found["checks"]["curves"]
    }
    assert made["insertion", "random"] == ("blurred", 4, 0)
    assert made["deletion", "map"] == ("mean", 1, None)
    assert all(curve["cells"] == [7, 7] for curve in found["checks"]["curves"])


def test_the_page_opens_with_maps_and_says_which_of_them_to_rely_on_and_why(page: AppTest) -> None:
    assert not page.exception
    assert any("Only" in text and "held up**. Failed checks: " in text for text in texts(page))


def test_the_label_that_is_explained_is_the_label_on_the_card(laboratory: AppTest, reader: Reader) -> None:
    for sample in ("cat", "photographer", "astronaut"):
        laboratory.button(key=f"sample_{sample}").click().run()
        reading, *_ = pipeline.read(reader, samples.read(sample)).readings
        (first,) = reading.people("fall-2011", 1)
        assert laboratory.selectbox(key="laboratory_target").value == Target("person", first.wnid)


def test_all_maps_are_checked_at_once_and_those_that_failed_nothing_come_first(laboratory: AppTest) -> None:
    laboratory.pills(key="methods").set_value(["guided-backprop", "grad-cam"]).run()
    laboratory.button(key="explain").click().run()
    laboratory.button(key="check_all").click().run()
    assert not laboratory.exception
    table = next(each.value for each in laboratory.dataframe if "Method" in each.value)
    assert sorted(table["Method"]) == ["Grad-CAM", "Guided Backprop"]
    failed = [sum(str(cell).startswith("✗") for cell in row) for row in table.itertuples(index=False)]
    assert failed == sorted(failed)
    said = next(text for text in texts(laboratory) if text.startswith("On this photo"))
    assert "Guided Backprop failed" in said
    assert not {"true", "trust"} & set(said.lower().split())


def test_a_method_that_breaks_says_so_and_the_others_go_on(
    laboratory: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(question: Any) -> Any:
        raise RuntimeError

    broken = dataclasses.replace(explain.METHODS["input-x-gradient"], compute=breaks)
    monkeypatch.setitem(explain.METHODS, "input-x-gradient", broken)
    laboratory.pills(key="methods").set_value(["input-x-gradient", "grad-cam", "saliency"]).run()
    laboratory.button(key="explain").click().run()
    assert not laboratory.exception
    assert any("Input x Gradient could make nothing of this picture" in text for text in texts(laboratory))
    assert laboratory.dataframe[0].value["Maps"][0] == "Grad-CAM and Saliency"


def test_where_the_model_is_taken_away_what_is_done_stays_and_the_rest_says_so(
    laboratory: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    laboratory.button(key="explain").click().run()

    def gone(*_: Any) -> Any:
        raise ClassifierError("The weights are missing.")

    monkeypatch.setattr(pipeline, "load", gone)
    laboratory.pills(key="methods").set_value(["grad-cam", "saliency", "input-x-gradient"]).run()
    laboratory.button(key="explain").click().run()
    assert not laboratory.exception
    assert "The weights are missing." in texts(laboratory)
    assert laboratory.dataframe[0].value["Maps"][0] == "Grad-CAM and Saliency"
    laboratory.button(key="check_all").click().run()
    assert not laboratory.exception
    assert "Saliency could not be checked. The weights are missing." in texts(laboratory)
    laboratory.segmented_control(key="checked").set_value("saliency").run()
    assert not laboratory.exception
    assert "This map could not be checked. The weights are missing." in texts(laboratory)


def test_where_the_model_is_taken_away_before_anything_was_asked_the_page_says_so(
    laboratory: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> Any:
        raise ClassifierError("The weights are missing.")

    monkeypatch.setattr(pipeline, "load", gone)
    computed._offered.clear()
    laboratory.run()
    assert not laboratory.exception
    assert [error.value for error in laboratory.error] == [r"The weights are missing\."]
    assert laboratory.markdown


def test_a_photo_without_a_face_is_explained_and_checked_as_a_whole(laboratory: AppTest) -> None:
    laboratory.button(key="sample_coffee").click().run()
    laboratory.button(key="explain").click().run()
    laboratory.button(key="check_all").click().run()
    assert not laboratory.exception
    assert len(maps(laboratory)) == 2
    assert any(text.startswith("On this photo") for text in texts(laboratory))


def test_five_words_are_compared_by_one_method(laboratory: AppTest) -> None:
    laboratory.button(key="explain").click().run()
    laboratory.toggle(key="laboratory_words").set_value(True).run()
    assert not laboratory.exception
    assert any("on average" in text for text in texts(laboratory))


IN_EVERY_RUN = (("photographer", "person"), ("coffee", "object"))


@pytest.mark.parametrize(
    ("sample", "kind"),
    [
        pytest.param(sample, kind, marks=() if (sample, kind) in IN_EVERY_RUN else pytest.mark.watch)
        for sample in samples.SAMPLES
        for kind in ("object", "person")
    ],
)
@pytest.mark.parametrize(
    ("method", "verdict"), [("guided-backprop", "it fails"), ("grad-cam", "It is another map at once")]
)
def test_guided_backprop_fails_the_randomisation_check_and_grad_cam_passes(
    sample: str, kind: explain.Kind, method: str, verdict: str, reader: Reader
) -> None:
    photo = samples.read(sample)
    reading, *_ = pipeline.read(reader, photo).readings
    label = reading.objects(1)[0] if kind == "object" else reading.people("fall-2011", 1)[0]
    crop, models = pipeline.seen(photo, reading), (reader.classifier, reader.head)
    given = explain.explain(*models, crop, Target(kind, label.wnid), method)
    stages = faithfulness.randomisation(Claim(*models, crop, given))
    assert verdict in sentences.randomised([stage.correlation for stage in stages])
