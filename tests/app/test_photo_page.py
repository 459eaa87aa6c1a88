"""The first page, run without a browser: what it paints in each state, on the real models."""

import contextvars
import dataclasses
import gc
import io
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest
import sentinels
import skimage
from PIL import Image
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from explainer import jobs, limits
from explainer.attribution import sample_verdicts
from explainer.imagenet import search, taxonomy, vocabularies
from explainer.ui import computed, photo_source, sample_results, sentences
from explainer.vision import cards, decoder, photos, pipeline, samples

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PICTURES = Path(skimage.__file__).parent / "data"
SECONDS = 200  # the models take their time to load where others use the processor too


# Where things are on the page


def choose_sample(page: AppTest, name: str) -> AppTest:
    return press(page, f"sample_{name}")


def upload(page: AppTest, name: str, content: bytes) -> AppTest:
    """Bring a photo: ask for the dialog, agree to it the first time, and hand over the file."""
    press(page, "own_photo")
    if any(button.key == "notice_button" for button in page.button):
        press(page, "notice_button")
    return page.file_uploader[0].set_value((name, content, "image/png")).run()


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def pictures(page: AppTest) -> list[str]:
    """The addresses of the pictures, the one with the boxes first, then what the network saw, then the map."""
    thumbnails = len(samples.SAMPLES)
    addresses = [address for image in page.image for address in image.value]
    return [addresses[0], *addresses[thumbnails + 2 :]]


def sent(page: AppTest) -> str:
    """All that a browser is sent of the page, as one text."""
    return "\n".join(str(element.proto) for block in (page.main, page.sidebar) for element in block)


def reveals(page: AppTest) -> list[str]:
    """The keys of the buttons that reveal one word."""
    return [button.key for button in page.button if button.key and button.label == "Reveal"]


# Fixtures


@pytest.fixture(autouse=True)
def _main_script_runs_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest runs what is in a folder called `pages` without the main script, from the second run on."""
    prepare = PagesManager.__init__

    def prepared(self: PagesManager, *arguments: Any, **options: Any) -> None:
        prepare(self, *arguments, **options)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", prepared)


@pytest.fixture
def page() -> AppTest:
    """The page as a new visitor sees it."""
    return AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()


@pytest.fixture
def labelled(page: AppTest) -> AppTest:
    """The page with labels on a sample picture that has masked ones."""
    return choose_sample(page, "photographer")


def texts(page: AppTest) -> str:
    return "\n".join(element.value for kind in (page.markdown, page.caption) for element in kind)


def test_the_first_page_opens_on_a_finished_exhibit(page: AppTest) -> None:
    assert not page.exception
    assert page.title[0].value == "What ImageNet calls people"
    assert "ImageNet has the word *astronaut*." in texts(page)
    face = pipeline.read(pipeline.load(), samples.read("astronaut")).readings[0]
    (astronaut,) = search.of_words().named("astronaut")
    assert f"the machine puts **{face.place(astronaut, 'fall-2011') - 1:,} other words** first" in texts(page)
    assert len(pictures(page)) == 4
    assert not page.file_uploader
    assert not page.get("plotly_chart")


def test_no_model_is_loaded_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError("the page asked a model")

    for asked in ("read", "explain", "course", "strangers", "ready"):
        monkeypatch.setattr(computed, asked, refuse)
    page = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    for name in samples.SAMPLES:
        choose_sample(page, name)
        assert not page.exception
    page.switch_page("pages/break_it.py").run()
    assert not page.exception


def test_what_reads_is_loaded_as_soon_as_somebody_wants_to_bring_a_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(computed, "_ready", started.append)
    monkeypatch.setattr(decoder, "prepare", lambda: started.append("decoder"))
    page = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    assert not started
    press(page, "own_photo")
    assert started == ["decoder", cards.DEFAULT]


def test_a_sample_needs_no_consent_and_a_photo_of_ones_own_does(page: AppTest) -> None:
    choose_sample(page, "cat")
    assert "Nobody is in this picture." in texts(page)
    press(page, "own_photo")
    assert any("everyone in it agrees" in text.value for text in page.markdown)
    assert not page.file_uploader
    press(page, "notice_button")
    assert len(page.file_uploader) == 1


def test_the_first_word_of_each_release_is_marked_in_one_ladder(labelled: AppTest) -> None:
    assert not labelled.exception
    reading = pipeline.read(pipeline.load(), samples.read("photographer")).readings[0]
    rungs = [text.value for text in labelled.markdown if re.match(r"[\d,]+\\. ", text.value)]
    places = [int(re.match(r"[\d,]+", rung)[0].replace(",", "")) for rung in rungs]
    firsts = {reading.people(release, 1)[0].wnid for release in vocabularies.RELEASES}
    assert {reading.place(wnid, "fall-2011") for wnid in firsts} <= set(places)
    assert places == sorted(places)
    marks = [text.value for text in labelled.markdown if "← the first word in" in text.value]
    assert len(marks) == len(firsts)


def test_removed_words_are_struck_through_and_kept_ones_are_not(labelled: AppTest) -> None:
    reading = pipeline.read(pipeline.load(), samples.read("photographer")).readings[0]
    for label in reading.people("fall-2011", 8):
        place = reading.place(label.wnid, "fall-2011")
        (rung,) = (text.value for text in labelled.markdown if text.value.startswith(f"{place}\\. "))
        assert ("~~" in rung) == (vocabularies.status(label.wnid) != "kept")


def test_where_a_word_stands_is_told_for_each_release(labelled: AppTest) -> None:
    reading = pipeline.read(pipeline.load(), samples.read("photographer")).readings[0]
    (nurse, *_) = (wnid for wnid in search.of_words().named("nurse") if wnid in taxonomy.load().people)
    labelled.text_input(key="word_place").set_value("nurse").run()
    place = reading.place(nurse, "fall-2011")
    assert f"Fall 2011: **{sentences.ordinal(place)}** of 2,832" in texts(labelled)


def test_a_word_that_imagenet_lacks_is_said_to_be_missing(page: AppTest) -> None:
    page.text_input(key="word_place").set_value("photographer").run()
    assert "ImageNet has no such word for people." in texts(page)


def test_another_picture_explains_its_own_first_word(page: AppTest) -> None:
    choose_sample(page, "astronaut")
    assert "bright pixels spoke for **musician**." in texts(page)
    choose_sample(page, "photographer")
    assert "bright pixels spoke for **photometrist**." in texts(page)


def test_what_the_checks_found_of_a_samples_map_stands_below_it_at_once(page: AppTest) -> None:
    choose_sample(page, "astronaut")
    (found,) = [each for each in (sample_verdicts.load() or {})["astronaut"] if each.method == "grad-cam"]
    assert f"**{sentences.held_up(found)}**" in texts(page)
    assert "check_map" not in {button.key for button in page.button}


def test_another_map_is_checked_once_the_visitor_asks(page: AppTest) -> None:
    page.toggle(key="whole").set_value(True).run()
    assert "**Grad-CAM" not in texts(page)
    press(page, "check_map")
    assert not page.exception
    assert "**Grad-CAM" in texts(page)


def test_after_a_reveal_the_chosen_label_says_its_words(labelled: AppTest) -> None:
    target = next(box for box in labelled.selectbox if box.key.startswith("target_"))
    masked = next(at for at, option in enumerate(target.options) if "covered" in option)
    target.select_index(masked).run()
    press(labelled, "reveal_all")
    target = next(box for box in labelled.selectbox if box.key.startswith("target_"))
    assert target.proto.default == masked
    assert "covered" not in target.options[masked]


def test_a_file_that_is_no_photo_gives_a_sentence_and_the_photo_stays(labelled: AppTest) -> None:
    before = sent(labelled)
    upload(labelled, "holiday.png", b"not a photo")

    assert not labelled.exception
    (error,) = labelled.error
    assert error.value.startswith("This is no photo that can be read here: ")
    assert error.value.count(".") == 1
    assert len(pictures(labelled)) == 4
    assert pictures(labelled)[0] in before
    assert labelled.session_state["sample"] == "photographer"


def test_a_good_file_after_a_bad_one_takes_the_sentence_away(page: AppTest) -> None:
    upload(page, "holiday.png", b"not a photo")
    assert len(page.error) == 1
    upload(page, "chelsea.png", (PICTURES / "chelsea.png").read_bytes())

    assert not page.error
    assert not page.exception
    assert any("No face was found" in caption.value for caption in page.caption)


def test_a_file_that_was_read_is_let_go_of_though_the_session_names_it() -> None:
    def brought() -> None:
        import streamlit as st
        from streamlit.proto.Common_pb2 import FileURLs
        from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

        from explainer.ui import photo_source

        file = UploadedFile(UploadedFileRec("id", "a.png", "image/png", b"no photo"), FileURLs())
        st.session_state["uploads"], st.session_state["upload_0"] = 0, file
        photo_source._upload("upload_0")

    page = AppTest.from_function(brought, default_timeout=SECONDS).run()
    assert not page.exception
    assert "photo_error" in page.session_state
    assert page.session_state["upload_0"].getvalue() == b""


def test_a_file_that_the_browser_names_once_more_after_it_was_taken_changes_nothing() -> None:
    def named_again() -> None:
        import streamlit as st
        from streamlit.runtime.uploaded_file_manager import DeletedFile

        from explainer.ui import photo_source

        st.session_state["uploads"], st.session_state["upload_0"] = 1, DeletedFile("taken")
        photo_source._upload("upload_0")

    page = AppTest.from_function(named_again).run()
    assert not page.exception
    assert page.session_state["uploads"] == 1
    assert "photo_error" not in page.session_state


def test_what_is_loaded_is_left_out_of_the_search_for_circles_once_no_photo_can_be_in_one(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[str] = []
    monkeypatch.setattr(photo_source, "_brought", WeakKeyDictionary())  # without those of other tests
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append("all"))
    upload(page, "teal.png", photo_of("teal"))
    assert not photo_source.look_for_no_circles_in_what_is_loaded()
    assert not frozen
    press(page, "forget")
    gc.collect()
    assert photo_source.look_for_no_circles_in_what_is_loaded()
    assert frozen == ["all"]


@pytest.mark.parametrize("limit", ["photos", "photos of an address"])
def test_beyond_so_many_photos_another_one_waits_until_one_is_forgotten(
    limit: str, page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = dataclasses.replace(limits.TABLE[limit], most=1)
    monkeypatch.setattr(limits, "TABLE", {**limits.TABLE, limit: one})
    monkeypatch.setattr(photo_source, "_brought", WeakKeyDictionary())  # without those of other tests
    other = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    teal, plum = (photo_of(colour) for colour in ("teal", "plum"))
    upload(page, "teal.png", teal)
    upload(page, "plum.png", plum)  # one's own gives way to another of one's own
    assert not page.error

    upload(other, "teal.png", teal)
    assert [error.value for error in other.error] == [photo_source._TOO_MANY]
    press(page, "forget")
    gc.collect()
    upload(other, "teal.png", teal)
    assert not other.error


@pytest.mark.parametrize(("limit", "whose"), [("waiting photos", "another's"), ("waiting photos of an address", "")])
def test_beyond_so_many_bytes_that_wait_to_be_decoded_a_photo_is_refused(
    limit: str, whose: str, page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    teal = photo_of("teal")
    monkeypatch.setattr(photo_source, "_waiting", [(whose, 1000)])
    for most, said in ((1000 + len(teal) - 1, [photo_source._TOO_MANY]), (1000 + len(teal), [])):
        some = dataclasses.replace(limits.TABLE[limit], most=most)
        monkeypatch.setattr(limits, "TABLE", {**limits.TABLE, limit: some})
        upload(page, "teal.png", teal)
        assert [error.value for error in page.error] == said
    assert photo_source._waiting == [(whose, 1000)]


class Decoded:
    """A photo."""


def test_photos_of_a_few_addresses_leave_room_for_anothers(monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(address: str, size: int) -> bool:
        context = contextvars.copy_context()
        context.run(jobs.owner.set, address)
        try:
            kept.append(context.run(photo_source._read, bytes(size)))
        except photos.PhotoError:
            return False
        return True

    kept: list[Any] = []
    monkeypatch.setattr(photo_source, "_brought", WeakKeyDictionary())
    monkeypatch.setattr(decoder, "read", lambda data: Decoded())
    few = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert [sum(bring(address, 1) for _ in range(250)) for address in few] == [100, 87, 2]
    assert bring("192.0.2.4", 5_000_000)
    waiting = [*[(few[0], 62_000_000)] * 4, *[(few[1], 62_000_000)] * 2]
    monkeypatch.setattr(photo_source, "_waiting", waiting)
    assert not bring("192.0.2.5", 62_000_000)
    assert bring("192.0.2.5", 8_000_000)
    assert len(waiting) == 6


def test_photos_that_come_while_others_are_counted_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def bring(photos: int) -> int:
        context = contextvars.copy_context()
        context.run(jobs.owner.set, str(threading.get_ident()))
        for _ in range(photos):
            kept.append(context.run(photo_source._read, b"a photo"))
            del kept[:-90]
        return photos

    kept: list[Any] = []
    monkeypatch.setattr(photo_source, "_brought", WeakKeyDictionary())
    monkeypatch.setattr(decoder, "read", lambda data: Decoded())
    monkeypatch.setattr(limits, "value", lambda name: 1e9)
    before = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-6)
        with ThreadPoolExecutor(4) as threads:
            assert [*threads.map(bring, [1000] * 4)] == [1000] * 4
    finally:
        sys.setswitchinterval(before)


def photo_of(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return file.getvalue()


def test_an_upload_takes_the_place_of_a_sample_and_a_sample_of_an_upload(labelled: AppTest) -> None:
    sample = pictures(labelled)[0]
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(file, "PNG")
    upload(labelled, "teal.png", file.getvalue())

    assert not labelled.exception
    uploaded = pictures(labelled)[0]
    assert uploaded != sample
    assert labelled.session_state["sample"] is None
    assert pictures(choose_sample(labelled, "photographer"))[0] == sample


def test_the_whole_picture_is_labelled_by_choice(page: AppTest) -> None:
    assert "1 face was found" in texts(page)
    page.toggle(key="whole").set_value(True).run()

    assert not page.exception
    assert "You asked for the whole picture" in texts(page)


def test_each_label_can_be_explained_by_each_method(labelled: AppTest) -> None:
    overlays = set()
    for index in (0, -1):
        for method in ("grad-cam", "integrated-gradients"):
            target = next(box for box in labelled.selectbox if box.key.startswith("target_"))
            target.select_index(index % len(target.options)).run()
            labelled.segmented_control(key="method").set_value(method).run()
            assert not labelled.exception
            overlays.add(pictures(labelled)[-1])
    assert len(overlays) == 4


# Masks


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("sample", ["astronaut", "photographer", "cat", "coffee", "rocket"])
def test_no_masked_word_is_sent_or_drawn_before_it_is_asked_for(page: AppTest, drawn: list[str], sample: str) -> None:
    choose_sample(page, sample)
    assert not page.exception
    assert sentinels.found(sent(page)) == set()
    assert drawn
    assert not any("qzq" in text for text in drawn)


@pytest.mark.usefixtures("planted")
def test_words_are_sent_and_drawn_once_all_are_asked_for(labelled: AppTest, drawn: list[str]) -> None:
    assert sentinels.found(sent(labelled)) == set()
    press(labelled, "reveal_all")

    assert not labelled.exception
    assert any("gloss" in word for word in sentinels.found(sent(labelled)))
    assert reveals(labelled) == []


@pytest.mark.usefixtures("planted")
def test_a_masked_word_that_is_typed_is_answered_by_one_sentence_and_not_repeated(labelled: AppTest) -> None:
    tree = taxonomy.load()
    answers = set()
    for safety in sentinels.MASKED:
        wnid = next(wnid for wnid in tree.people if tree[wnid].safety == safety)
        field = labelled.text_input(key="word_place")
        field.set_value(sentinels.lemma(tree[wnid])).run()
        assert not labelled.exception
        said = [text.value for text in labelled.markdown if "covered" in text.value]
        answers.add(said[-1])
        assert not sentinels.found("".join(element.value for element in labelled.markdown))
        assert not any(re.search(r"\*\*[\d,]+(st|nd|rd|th)\*\*", text.value) for text in labelled.markdown)
    assert answers == {sentences.COVERED_PLACE}


@pytest.mark.usefixtures("planted")
def test_one_word_is_revealed_alone_and_everything_masked_again(labelled: AppTest) -> None:
    buttons = reveals(labelled)
    press(labelled, buttons[-1])

    assert not labelled.exception
    shown = sentinels.found(sent(labelled))
    assert {word.replace("gloss", "") for word in shown} == {word for word in shown if "gloss" not in word}
    assert len(shown) == 2  # lemma and gloss

    press(labelled, "mask_all")
    assert sentinels.found(sent(labelled)) == set()
    assert reveals(labelled) == buttons


@pytest.mark.usefixtures("planted")
def test_what_is_taken_away_carries_no_masked_word_even_after_all_were_asked_for(
    page: AppTest, drawn: list[str], downloads: dict[str, Callable[[], bytes | str]]
) -> None:
    choose_sample(page, "coffee")
    press(page, "reveal_all")
    drawn.clear()
    picture, readings = downloads["download_picture"](), downloads["download_readings"]()

    assert drawn
    assert not any("qzq" in text for text in drawn)
    assert sentinels.found(str(readings)) == set()
    assert '"masked": true' in str(readings)
    assert isinstance(picture, bytes)
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG"
        assert not image.info


# Privacy


def test_a_forgotten_photo_leaves_the_page_and_the_session(page: AppTest) -> None:
    upload(page, "chelsea.png", (PICTURES / "chelsea.png").read_bytes())
    uploaded = pictures(page)[0]
    press(page, "forget")

    assert not page.exception
    assert uploaded not in sent(page)
    assert "photo" not in page.session_state
    assert "ImageNet has the word *astronaut*." in texts(page)


def test_what_is_drawn_of_a_photo_is_drawn_once_and_goes_with_it(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(page, "chelsea.png", (PICTURES / "chelsea.png").read_bytes())
    kept = {"labelled_picture", "square", "square_and_map"}
    drawn = {name: page.session_state[name] for name in kept}
    with monkeypatch.context() as patch:
        for name in ("labelled", "overlay", "to_jpeg"):
            patch.delattr(f"explainer.charts.pictures.{name}")
        assert not page.run().exception
    press(page, "forget")
    assert not page.exception
    assert all(page.session_state[name] != drawn[name] for name in kept)


def test_another_visitor_starts_with_the_first_exhibit(page: AppTest) -> None:
    upload(page, "chelsea.png", (PICTURES / "chelsea.png").read_bytes())
    other = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()

    assert pictures(page)[0] not in sent(other)
    assert "photo" not in other.session_state


def test_a_thing_that_the_network_all_but_rules_out_has_a_bar_too(monkeypatch: pytest.MonkeyPatch) -> None:
    result = sample_results.read(samples.read(photo_source.FIRST), False)
    (reading,) = result.readings
    sure = dataclasses.replace(reading, probabilities=reading.probabilities**30)
    monkeypatch.setattr(sample_results, "read", lambda photo, whole: dataclasses.replace(result, readings=(sure,)))
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=SECONDS).run()
    assert not app.exception
