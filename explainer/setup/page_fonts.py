"""The typefaces of Streamlit's page, cut down to the letters and icons that the app's pages show.

Streamlit loads 4,000 icons and the letters of many scripts before it draws anything: 550 kB, where 130 kB do. Letters
that were cut are drawn in a typeface of the visitor's own.
"""

import hashlib
import importlib.util
import re
from functools import cache
from importlib.metadata import version
from pathlib import Path

from explainer.setup import files

_ICONS = "MaterialSymbols-Rounded"
_LETTERS = ("SourceSansVF-Upright", "SourceSansVF-Italic", "SourceCodeVF-Upright")

# Latin, punctuation, currencies, letter-like signs, arrows, the commonest mathematical signs, shapes, a tick.
_RANGES = ((0x20, 0x17F), (0x2000, 0x2265), (0x25A0, 0x25FF), (0x2713, 0x2717))

_NAMED = re.compile(r":material/([a-z0-9_]+):")
_IN_SCRIPTS = re.compile(r"""["'`](?::material/)?([a-z0-9_]+):?["'`]""")


def cut(name: str) -> Path | None:
    """The cut file of a typeface by its file's name; None where set-up made none, or for other versions."""
    file = _folder() / name
    return file if re.fullmatch(r"[\w.-]+\.woff2", name) and file.is_file() else None


def compile_fonts() -> Path:
    """Cut the typefaces, unless that was done; returns their folder. Takes some seconds."""
    from fontTools import subset  # type: ignore[import-untyped]

    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    letters = [number for first, last in _RANGES for number in range(first, last + 1)]
    for file in sorted((_static() / "media").glob("*.woff2")):
        kind = file.name.partition(".")[0]
        if kind not in (_ICONS, *_LETTERS) or (folder / file.name).is_file():
            continue
        # Without closure: every letter is part of an icon's name, and would bring all icons.
        options = subset.Options(flavor="woff2", layout_closure=kind != _ICONS)
        font = subset.load_font(str(file), options)
        subsetter = subset.Subsetter(options)
        icons = _icons_of_streamlit() | icons_of_app() if kind == _ICONS else frozenset()
        subsetter.populate(unicodes=letters, glyphs=icons & set(font.getGlyphOrder()))
        subsetter.subset(font)
        part = folder / f"{file.name}.part"
        subset.save_font(font, str(part), options)
        part.replace(folder / file.name)
    return folder


@cache
def icons_of_app() -> frozenset[str]:
    """The icons that the app's own code names."""
    package = Path(__file__).parents[1]
    return frozenset(icon for file in package.rglob("*.py") for icon in _NAMED.findall(file.read_text("utf-8")))


def _icons_of_streamlit() -> frozenset[str]:
    """Every word in Streamlit's scripts that could name an icon: too many rather than one too few."""
    scripts = (file.read_text("utf-8") for file in (_static() / "js").glob("*.js"))
    return frozenset(word for script in scripts for word in _IN_SCRIPTS.findall(script))


def _static() -> Path:
    # Found, not imported: only the user interface imports Streamlit.
    spec = importlib.util.find_spec("streamlit")
    return Path(spec.origin if spec and spec.origin else "").parent / "static" / "static"


@cache
def _folder() -> Path:
    """Where the cut files are: its name tells what they were made of."""
    parts = [version("streamlit"), files.digest(Path(__file__)), *sorted(icons_of_app())]
    made_of = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return files.models_folder() / "compiled" / f"fonts-{made_of}"
