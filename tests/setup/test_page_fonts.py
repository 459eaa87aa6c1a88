"""The typefaces of Streamlit's page, cut to what the app shows."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from explainer.setup import page_fonts

pytestmark = pytest.mark.slow

Cut = dict[str, tuple[TTFont, int, int]]


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    """Each cut typeface by its kind, with its bytes and those of the whole."""
    folder = tmp_path_factory.mktemp("fonts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_fonts, "_folder", lambda: folder)
        page_fonts.compile_fonts()
    media = page_fonts._static() / "media"
    return {
        file.name.partition(".")[0]: (TTFont(file), file.stat().st_size, (media / file.name).stat().st_size)
        for file in folder.iterdir()
    }


def icons(font: TTFont) -> set[str]:
    """What can be written as an icon: letters that are drawn as one sign."""
    letters = {glyph: chr(code) for code, glyph in font.getBestCmap().items()}
    return {
        "".join(letters[glyph] for glyph in (first, *ligature.Component))
        for lookup in font["GSUB"].table.LookupList.Lookup
        for table in lookup.SubTable
        for first, ligatures in getattr(getattr(table, "ExtSubTable", table), "ligatures", {}).items()
        for ligature in ligatures
    }


def test_each_is_less_than_half_of_the_whole(cut: Cut) -> None:
    assert set(cut) == {page_fonts._ICONS, *page_fonts._LETTERS}
    assert all(size < whole / 2 for _, size, whole in cut.values())


def test_every_icon_that_the_app_names_can_be_written(cut: Cut) -> None:
    assert {"arrow_forward", "check"} <= page_fonts.icons_of_app() <= icons(cut[page_fonts._ICONS][0])


def test_the_icons_of_streamlits_own_controls_can_be_written(cut: Cut) -> None:
    controls = {"keyboard_arrow_down", "keyboard_arrow_right", "expand_more", "more_vert", "close"}
    assert controls <= icons(cut[page_fonts._ICONS][0])


@pytest.mark.parametrize("text", ["naïve Müller façade", "“2,832 → 158”", "≥ 25 % − × … ⋮ €"])
def test_all_letters_of_the_pages_are_there(text: str, cut: Cut) -> None:
    font, _, _ = cut["SourceSansVF-Upright"]
    whole = TTFont(next((page_fonts._static() / "media").glob("SourceSansVF-Upright*")))
    assert {ord(letter) for letter in text} & set(whole.getBestCmap()) <= set(font.getBestCmap())


@pytest.mark.parametrize("name", ["../../secret.woff2", "none.woff2", "key.txt", ""])
def test_only_cut_typefaces_are_handed_out(name: str) -> None:
    assert page_fonts.cut(name) is None


def test_what_was_cut_for_other_icons_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    page_fonts._folder.cache_clear()
    before: Path = page_fonts._folder()
    monkeypatch.setattr(page_fonts, "icons_of_app", lambda: frozenset({"check"}))
    page_fonts._folder.cache_clear()
    assert page_fonts._folder() != before
    page_fonts._folder.cache_clear()
