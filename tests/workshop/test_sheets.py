"""Fifty a minute: 25 small pictures, drawn or cut from the samples, the same for everybody."""

import hashlib
import io
import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from handmade import ROOT
from PIL import Image

from explainer.imagenet import taxonomy, words
from explainer.imagenet.words import Context
from explainer.vision import samples
from explainer.workshop import drawings, sheets

BUDGET = 120_000  # bytes of a sheet, which forty phones load at once


@pytest.mark.parametrize("name", sheets.SHEETS)
def test_a_sheet_has_25_pictures_numbered_from_one(name: str) -> None:
    assert [picture.number for picture in sheets.sheet(name).pictures] == list(range(1, 26))


@pytest.mark.parametrize("name", sheets.SHEETS)
def test_a_sheet_is_small_enough_for_many_phones(name: str) -> None:
    data = [picture.data for picture in sheets.sheet(name).pictures]
    assert sum(map(len, data)) <= BUDGET
    assert max(map(len, data)) <= 2_500


@pytest.mark.parametrize("name", sheets.SHEETS)
def test_every_picture_is_a_webp_of_its_size_without_metadata(name: str) -> None:
    for picture in sheets.sheet(name).pictures:
        image = Image.open(io.BytesIO(picture.data))
        assert (image.format, image.size) == ("WEBP", (sheets.SIDE, sheets.SIDE))
        assert not {"exif", "xmp"} & set(image.info)


@pytest.mark.parametrize("name", sheets.SHEETS)
def test_no_picture_is_blank_and_no_two_are_the_same(name: str) -> None:
    pictures = sheets.sheet(name).pictures
    assert len({picture.data for picture in pictures}) == 25
    for picture in pictures:
        assert np.asarray(Image.open(io.BytesIO(picture.data)).convert("L")).std() > 8


@pytest.mark.slow
def test_everybody_has_the_same_sheets_after_a_restart_too() -> None:
    script = """
import hashlib
from explainer.workshop import sheets
pictures = (picture for name in sheets.SHEETS for picture in sheets.sheet(name).pictures)
print(hashlib.sha256(b"".join(picture.data for picture in pictures)).hexdigest())
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    pictures = (picture for name in sheets.SHEETS for picture in sheets.sheet(name).pictures)
    assert run.stdout.strip() == hashlib.sha256(b"".join(picture.data for picture in pictures)).hexdigest()


def test_a_page_at_fifty_a_minute_takes_half_a_minute() -> None:
    assert pytest.approx(30) == sheets.seconds()


def test_a_third_of_the_first_sheet_shows_the_thing_and_some_can_be_doubted() -> None:
    shows = Counter(picture.shows for picture in sheets.sheet("thing").pictures)
    assert shows[True] == 8
    assert shows[None] >= 6
    assert len(sheets.sheet("thing").showing) == 8
    assert shows[False] > shows[True]


def test_the_first_word_is_a_cup_of_fall_2011() -> None:
    synset = taxonomy.load()[sheets.sheet("thing").wnid]
    assert synset.in_fall_2011
    assert synset.safety is None
    assert synset.lemmas == ("cup",)


def test_what_shows_a_cup_is_called_one_afterwards() -> None:
    pictures = sheets.sheet("thing").pictures
    assert all("cup" in picture.title.lower() for picture in pictures if picture.shows)
    assert not any("cup" in picture.title.lower() for picture in pictures if picture.shows is False)


def test_the_second_word_is_safe_and_nobody_can_see_it() -> None:
    tree = taxonomy.load()
    synset = tree[sheets.sheet("person").wnid]
    assert synset.safety == "safe"
    safe = [tree[wnid] for wnid in tree.people if tree[wnid].safety == "safe"]
    assert synset.imageability == min(other.imageability for other in safe if other.imageability is not None) == 1.0
    assert synset.images == max(other.images or 0 for other in safe if other.imageability == 1.0)
    assert not words.caption(synset.wnid, Context.PHOTO_FILE).masked


def test_of_no_picture_the_second_sheet_says_that_it_shows_the_word_or_not() -> None:
    assert {picture.shows for picture in sheets.sheet("person").pictures} == {None}
    assert not sheets.sheet("person").showing


@pytest.mark.parametrize("name", sheets.SHEETS)
def test_a_picture_is_called_by_its_number_while_the_room_is_asked(name: str) -> None:
    assert [picture.alt for picture in sheets.sheet(name).pictures] == [f"Picture {n}" for n in range(1, 26)]


@pytest.mark.parametrize("name", sheets.SHEETS)
def test_every_picture_is_drawn_or_cut_from_a_sample(name: str) -> None:
    plan = sheets._PLANS[name]
    contents = {*plan.shows, *plan.doubtful, *plan.others}
    assert all(
        content in drawings.DRAWINGS if isinstance(content, str) else content.sample in samples.SAMPLES
        for content in contents
    )
    assert {isinstance(content, str) for content in contents} == {True, False}


def test_every_drawing_is_on_a_sheet() -> None:
    used = {picture.title for name in sheets.SHEETS for picture in sheets.sheet(name).pictures}
    assert set(drawings.DRAWINGS) <= used


@pytest.mark.parametrize("title", drawings.DRAWINGS)
def test_a_drawing_varies_by_chance_alone(title: str) -> None:
    first, other = (np.asarray(drawings.draw(title, 25, random.Random(seed))) for seed in (1, 2))
    assert (first != other).any()
    assert (first == np.asarray(drawings.draw(title, 25, random.Random(1)))).all()


def test_an_unknown_sheet_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        sheets.sheet("people")
