"""A visitor's way through the page "Laboratory", in a real browser."""

import io
import json
import zipfile

import numpy as np
import pytest
import sentinels
from playwright.sync_api import Route, expect

from tests.browser.pages import PATIENCE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_long_work_is_seen_stopped_and_asked_for_again(visitor) -> None:
    page = visitor.laboratory()
    page.choose_methods("Integrated Gradients", "Saliency", "SmoothGrad")  # the first of them is let go of
    page.set("smoothgrad_samples", "400")
    page.button("explain").click()
    expect(page.progress).to_contain_text("SmoothGrad", timeout=PATIENCE)
    expect(page.maps).to_have_count(2)
    page.button("stop_smoothgrad").click()
    expect(page.progress).to_have_count(0, timeout=PATIENCE)
    expect(page.page.get_by_text("Stopped.")).to_be_visible()
    expect(page.maps).to_have_count(2)  # what was done stays

    # It does not begin again by itself, after an explanation on another page either.
    page.page.get_by_role("link", name="Your photo", exact=True).click()
    expect(page.maps).to_have_count(0, timeout=PATIENCE)
    expect(page.page.get_by_text("This shows where, not why.")).to_be_visible(timeout=PATIENCE)
    page.page.get_by_role("link", name="Laboratory", exact=True).click()
    expect(page.page.get_by_text("Stopped.")).to_be_visible(timeout=PATIENCE)
    expect(page.maps).to_have_count(2)

    # While it goes on, nothing of what was stopped stands there.
    page.check("Grad-CAM")
    shown = (page.page.get_by_text("Stopped."), page.agreement, page.page.get_by_text("Max-sensitivity"))
    for text in shown:
        expect(text).to_be_visible()  # the control
    page.button("explain").click()
    expect(page.progress).to_contain_text("SmoothGrad", timeout=PATIENCE)
    expect(page.maps).to_have_count(2)
    for text in shown:
        expect(text).to_have_count(0)
    for key in ("download_explanations", "checked", "download_checks"):
        expect(page.page.locator(f".st-key-{key}")).to_have_count(0)
    page.button("stop_smoothgrad").click()
    expect(page.page.get_by_text("Stopped.")).to_be_visible(timeout=PATIENCE)
    expect(page.page.get_by_text("Max-sensitivity")).to_be_visible(timeout=PATIENCE)  # what was checked is kept

    page.set("smoothgrad_samples", "25")
    expect(page.page.get_by_text("Settings changed")).to_be_visible()
    page.explain()
    expect(page.maps).to_have_count(3)
    expect(page.page.get_by_text("Samples 25, noise (share of the range) 0.15, seed 0.")).to_be_visible()
    expect(page.exceptions).to_have_count(0)


def test_a_long_check_keeps_nobody_waiting_and_is_stopped_alone(visitor) -> None:
    page, other = visitor.laboratory(), visitor.laboratory("Cat")
    page.choose_methods("Integrated Gradients", "SmoothGrad")
    other.choose_methods("Integrated Gradients", "Saliency")
    page.explain()
    page.check("Grad-CAM")
    page.choose("checked", "SmoothGrad")
    expect(page.progress).to_contain_text("Checking the map", timeout=PATIENCE)
    expect(page.page.get_by_text("Max-sensitivity")).to_have_count(0)  # nothing of the map before
    expect(page.maps).to_have_count(2)
    expect(page.progress).to_contain_text("s more", timeout=PATIENCE)

    other.explain()
    expect(other.maps).to_have_count(2)
    expect(page.progress).to_contain_text("Checking the map")  # it is still at work

    page.button("stop_checks").click()
    expect(page.progress).to_have_count(0, timeout=PATIENCE)
    expect(page.maps).to_have_count(2)
    page.explain()  # the check begins again only when it is asked for
    expect(page.maps).to_have_count(2)
    expect(page.progress).to_have_count(0)
    assert "Insertion and deletion" not in page.text


def test_a_press_counts_in_which_the_table_above_is_drawn(visitor) -> None:
    page, held = visitor.laboratory(), list[Route]()
    page.page.route("**/DataFrame*.js", lambda route: held.append(route))  # what draws tables is on its way
    page.button("explain").first.click()
    radio = page.page.locator(".st-key-checked").get_by_role("radio", name="Grad-CAM", exact=True)
    expect(radio).to_be_visible()
    expect(page.maps).to_have_count(2)
    page.page.get_by_text("Next: Category tree").scroll_into_view_if_needed()
    label = page.page.locator(".st-key-checked").get_by_text("Grad-CAM", exact=True)
    label.hover()

    page.page.mouse.down()
    for script in held:
        script.continue_()
    expect(page.page.get_by_test_id("stDataFrame")).to_be_visible()
    page.page.mouse.up()
    expect(radio).to_be_checked()


def test_what_was_chosen_stays_while_the_visitor_looks_at_another_page(visitor) -> None:
    page = visitor.laboratory()
    page.set("integrated-gradients_steps", "10")
    page.choose_option("laboratory_target", 2)
    page.choose_option("laboratory_against", 1)
    page.choose_option("sign", 2)
    page.choose_option("laboratory_colours", 1)
    page.move("laboratory_opacity", "End")
    page.move("percentile", "Home")
    page.explain()
    chosen, drawn = page.choices, page.how_it_was_made()
    assert page.methods == ["Grad-CAM", "Integrated Gradients"]
    assert drawn["explanations"][1]["settings"]["steps"] == 10
    page.leave_and_come_back()

    expect(page.maps).to_have_count(2)
    assert page.methods == ["Grad-CAM", "Integrated Gradients"]
    assert page.choices == chosen
    assert page.how_it_was_made() == drawn
    page.choose_methods("Saliency")  # what the page shows is what its script goes on with
    assert page.methods == ["Grad-CAM", "Integrated Gradients", "Saliency"]
    assert page.choices == chosen
    expect(page.exceptions).to_have_count(0)


def test_no_label_is_explained_rather_than_itself(visitor) -> None:
    page = visitor.laboratory()
    page.choose_option("laboratory_against", 1)
    page.choose_option("laboratory_target", 1)
    against = page.page.locator(".st-key-laboratory_against input")
    expect(against).to_have_value("nothing")


def test_on_a_phone_maps_are_compared_checked_and_taken_away_and_nothing_reaches_beyond_the_edge(visitor) -> None:
    page = visitor.laboratory(width=390, height=844)
    page.choose_methods("Integrated Gradients", "Saliency")
    assert page.overflow == []
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

    page.check("Grad-CAM")
    for direction in ("insertion", "deletion"):
        chart = page.page.locator(f".st-key-{direction} .js-plotly-plot")
        expect(chart.locator(".legendtext")).to_have_count(3, timeout=PATIENCE)
    assert json.loads(page.download("download_checks"))["explanations"][0]["checks"]["infidelity"]["samples"] == 64
    assert page.overflow == []
    expect(page.exceptions).to_have_count(0)


def test_why_before_and_not_after_sends_no_masked_word(sentinel_visitor, app_with_sentinels) -> None:
    page = sentinel_visitor.laboratory()
    page.choose_methods("Integrated Gradients", "Saliency")
    page.explain("contrast")
    expect(page.maps).to_have_count(2)
    made = page.how_it_was_made()
    assert all(each["target"]["against"] for each in made["explanations"])

    assert "[covered: " in page.traffic.received()  # the control
    for text in (page.traffic.received(), json.dumps(made), app_with_sentinels.log):
        assert sentinels.found(text) == set()
