"""Be the worker: 25 small pictures, drawn or cut from the samples, the same for everybody."""

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

from explainer.imagenet import masked_words, taxonomy
from explainer.imagenet.masked_words import Context
from explainer.vision import samples
from explainer.workshop import drawings, sheets

BUDGET = 120_000  # bytes of a sheet, which forty phones load at once


@pytest.mark.parametrize("name", sheets.SHEETS)
def test_a_sheet_has_25_small_different_pictures_that_are_called_by_their_number(name: str) -> None:
    pictures = sheets.sheet(name).pictures
    assert [picture.alt for picture in pictures] == [f"Picture {n}" for n in range(1, 26)]
    assert len({picture.data for picture in pictures}) == 25
    assert sum(len(picture.data) for picture in pictures) <= BUDGET
    for picture in pictures:
        image = Image.open(io.BytesIO(picture.data))
        assert (image.format, image.size) == ("WEBP", (sheets.SIDE, sheets.SIDE))
        assert not {"exif", "xmp"} & set(image.info)
        assert np.asarray(image.convert("L")).std() > 8  # none is blank


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


def test_a_third_of_the_first_sheet_shows_a_cup_of_fall_2011_and_some_can_be_doubted() -> None:
    sheet = sheets.sheet("thing")
    synset = taxonomy.load()[sheet.wnid]
    assert (synset.in_fall_2011, synset.safety, synset.lemmas) == (True, None, ("cup",))
    shows = Counter(picture.shows for picture in sheet.pictures)
    assert shows[True] == len(sheet.showing) == 8
    assert shows[None] >= 6
    assert shows[False] > shows[True]
    called = {picture.shows: "cup" in picture.title.lower() for picture in sheet.pictures if picture.shows is not None}
    assert called == {True: True, False: False}


def test_the_second_word_is_safe_and_nobody_can_see_it() -> None:
    tree, sheet = taxonomy.load(), sheets.sheet("person")
    synset = tree[sheet.wnid]
    assert synset.safety == "safe"
    safe = [tree[wnid] for wnid in tree.people if tree[wnid].safety == "safe"]
    assert synset.imageability == min(other.imageability for other in safe if other.imageability is not None) == 1.0
    assert synset.images == max(other.images or 0 for other in safe if other.imageability == 1.0)
    assert not masked_words.caption(synset.wnid, Context.PHOTO_FILE).masked
    assert {picture.shows for picture in sheet.pictures} == {None}


def test_every_picture_is_drawn_or_cut_from_a_sample_and_every_drawing_is_on_a_sheet() -> None:
    plans = sheets._PLANS.values()
    contents = {content for plan in plans for content in (*plan.shows, *plan.doubtful, *plan.others)}
    assert {content for content in contents if isinstance(content, str)} == set(drawings.DRAWINGS)
    assert {content.sample for content in contents if not isinstance(content, str)} <= set(samples.SAMPLES)


def test_a_drawing_varies_by_chance_alone() -> None:
    first, other, again = (np.asarray(drawings.draw("Cup", 25, random.Random(seed))) for seed in (1, 2, 1))
    assert (first != other).any()
    assert (first == again).all()
