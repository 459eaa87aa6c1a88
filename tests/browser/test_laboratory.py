"""A visitor's way through the page "Laboratory", in a real browser."""

import io
import json
import zipfile

import numpy as np
import pytest
import sentinels
from playwright.sync_api import expect

from tests.browser.pages import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_long_work_shows_its_progress_and_can_be_stopped_and_asked_for_again(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "SmoothGrad")  # the first of them is let go of
    page.set("smoothgrad_samples", "400")
    page.button("explain").click()
    expect(page.progress).to_contain_text("SmoothGrad", timeout=PATIENCE)
    expect(page.maps).to_have_count(1)
    page.button("stop_smoothgrad").click()
    expect(page.progress).to_have_count(0, timeout=PATIENCE)
    expect(page.page.get_by_text("Stopped.")).to_be_visible()
    expect(page.maps).to_have_count(1)  # what was done stays

    page.set("smoothgrad_samples", "25")
    expect(page.page.get_by_text("Settings changed")).to_be_visible()
    page.explain()
    expect(page.maps).to_have_count(2)
    expect(page.page.get_by_text("Samples 25, noise (share of the range) 0.15, seed 0.")).to_be_visible()
    expect(page.exceptions).to_have_count(0)


def test_while_it_goes_on_nothing_of_what_was_stopped_stands_there(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "Saliency", "SmoothGrad")
    page.set("smoothgrad_samples", "400")
    page.button("explain").click()
    page.button("stop_smoothgrad").click()
    expect(page.page.get_by_text("Stopped.")).to_be_visible(timeout=PATIENCE)
    page.check("Grad-CAM")

    page.button("explain").click()
    expect(page.progress).to_contain_text("SmoothGrad", timeout=PATIENCE)
    expect(page.maps).to_have_count(2)
    for gone in (page.page.get_by_text("Stopped."), page.agreement, page.page.get_by_text("Max-sensitivity")):
        expect(gone).to_have_count(0)
    for key in ("download_explanations", "checked", "download_checks"):
        expect(page.page.locator(f".st-key-{key}")).to_have_count(0)
    page.button("stop_smoothgrad").click()
    expect(page.page.get_by_text("Stopped.")).to_be_visible(timeout=PATIENCE)
    expect(page.page.get_by_text("Max-sensitivity")).to_be_visible(timeout=PATIENCE)  # what was checked is kept


def test_while_a_map_is_checked_nothing_of_the_one_before_stands_there(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "SmoothGrad")
    page.explain()
    page.check("Grad-CAM")
    page.choose("checked", "SmoothGrad")
    expect(page.progress).to_contain_text("Checking the map", timeout=PATIENCE)
    expect(page.page.get_by_text("Max-sensitivity")).to_have_count(0)
    expect(page.maps).to_have_count(2)
    page.button("stop_checks").click()
    expect(page.progress).to_have_count(0, timeout=PATIENCE)


def test_a_check_is_stopped_alone_and_begins_again_only_when_it_is_asked_for(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "SmoothGrad")
    page.explain()
    page.choose("checked", "SmoothGrad")
    expect(page.progress).to_contain_text("Checking the map", timeout=PATIENCE)
    expect(page.progress).to_contain_text("s more", timeout=PATIENCE)
    page.button("stop_checks").click()
    expect(page.progress).to_have_count(0, timeout=PATIENCE)
    expect(page.maps).to_have_count(2)
    page.explain()
    expect(page.maps).to_have_count(2)
    expect(page.progress).to_have_count(0)
    assert "Insertion and deletion" not in page.text


def test_during_one_visitors_check_another_gets_a_map(visitor) -> None:
    page, other = visitor.laboratory(), visitor.laboratory("Cat")
    page.choose_methods("Integrated Gradients", "SmoothGrad")
    other.choose_methods("Integrated Gradients", "Saliency")
    page.explain()
    page.choose("checked", "SmoothGrad")
    expect(page.progress).to_contain_text("Checking the map", timeout=PATIENCE)
    other.explain()
    expect(other.maps).to_have_count(2)
    expect(page.progress).to_contain_text("Checking the map")  # it is still at work
    page.button("stop_checks").click()
    expect(page.progress).to_have_count(0, timeout=PATIENCE)


def test_what_was_chosen_stays_while_the_visitor_looks_at_another_page(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "LIME")
    page.set("lime_samples", "100")
    page.choose_option("laboratory_target", 2)
    page.choose_option("laboratory_against", 1)
    page.choose_option("sign", 2)
    page.choose_option("laboratory_colours", 1)
    page.move("laboratory_opacity", "End")
    page.move("percentile", "Home")
    page.explain()
    chosen, drawn = page.choices, page.how_it_was_made()
    assert page.methods == ["Grad-CAM", "LIME"]
    page.leave_and_come_back()

    expect(page.maps).to_have_count(2)
    assert page.methods == ["Grad-CAM", "LIME"]
    assert page.choices == chosen
    assert page.how_it_was_made() == drawn
    page.choose_methods("Saliency")  # what the page shows is what its script goes on with
    assert page.methods == ["Grad-CAM", "LIME", "Saliency"]
    assert page.choices == chosen
    expect(page.exceptions).to_have_count(0)


def test_what_was_stopped_does_not_begin_again_after_an_explanation_on_another_page(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "SmoothGrad")
    page.set("smoothgrad_samples", "400")
    page.button("explain").click()
    page.button("stop_smoothgrad").click()
    expect(page.page.get_by_text("Stopped.")).to_be_visible(timeout=PATIENCE)
    page.page.get_by_role("link", name="Your photo", exact=True).click()
    expect(page.maps).to_have_count(0, timeout=PATIENCE)
    expect(page.page.get_by_text("This shows where, not why.")).to_be_visible(timeout=PATIENCE)
    page.page.get_by_role("link", name="Laboratory", exact=True).click()

    expect(page.page.get_by_text("Stopped.")).to_be_visible(timeout=PATIENCE)
    expect(page.maps).to_have_count(1)
    expect(page.exceptions).to_have_count(0)


def test_no_label_is_explained_rather_than_itself(visitor) -> None:
    page = visitor.laboratory()
    page.choose_option("laboratory_against", 1)
    page.choose_option("laboratory_target", 1)
    against = page.page.locator(".st-key-laboratory_against input")
    expect(against).to_have_value("nothing")


def test_maps_are_compared_and_all_of_them_can_be_taken_away(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "Saliency")
    page.explain()
    expect(page.agreement).to_be_visible()
    archive = zipfile.ZipFile(io.BytesIO(page.download("download_explanations")))
    assert archive.testzip() is None
    assert set(archive.namelist()) == {
        "crop.png",
        "grad-cam.png",
        "grad-cam.npy",
        "saliency.png",
        "saliency.npy",
        "how.json",
    }
    assert np.load(io.BytesIO(archive.read("grad-cam.npy"))).shape == (7, 7)
    assert json.loads(archive.read("how.json"))["model"] == "efficientnet-lite0"


def test_a_checked_map_has_its_curves_and_its_numbers(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "Saliency")
    page.explain()
    page.check("Grad-CAM")
    for direction in ("insertion", "deletion"):
        chart = page.page.locator(f".st-key-{direction} .js-plotly-plot")
        expect(chart.locator(".legendtext")).to_have_count(3, timeout=PATIENCE)
    assert json.loads(page.download("download_checks"))["explanations"][0]["checks"]["infidelity"]["samples"] == 64
    expect(page.exceptions).to_have_count(0)


def test_why_before_and_not_after_sends_no_masked_word(sentinel_visitor, app_with_sentinels) -> None:
    page = sentinel_visitor.laboratory()
    page.choose_methods("Integrated Gradients", "Saliency")
    page.explain("contrast")
    expect(page.maps).to_have_count(2)
    made = page.how_it_was_made()
    assert all(each["target"]["against"] for each in made["explanations"])

    assert "[masked: " in page.traffic.received()  # the control
    for text in (page.traffic.received(), json.dumps(made), app_with_sentinels.log):
        assert sentinels.found(text) == set()


def test_on_a_phone_nothing_reaches_beyond_the_edge(visitor) -> None:
    page = visitor.laboratory(width=390, height=844)
    page.choose_methods("Integrated Gradients", "Saliency")
    assert page.overflow == []
    page.explain()
    page.check("Grad-CAM")
    assert page.overflow == []
