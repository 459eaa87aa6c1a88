"""The pictures to measure with: small photographs, and a dozen of 12 megapixels with faces, made from others."""

import io
from pathlib import Path

from PIL import Image

from explainer.vision import samples

SHARED = Path(__file__).parents[2] / "shared" / "photos"
LARGE = (4000, 3000)


def kinds() -> dict[str, list[bytes]]:
    """What there is to measure with, by what it is called in reports."""
    if not SHARED.is_dir():
        raise SystemExit(f"The pictures to measure with are not there: {SHARED}")
    return {"small photos": small(), "12 megapixels": large()}


def small() -> list[bytes]:
    """Photographs of things, a few hundred pixels wide, as files."""
    return [path.read_bytes() for path in sorted((SHARED / "labelled").glob("*.jpg"))]


def large() -> list[bytes]:
    """A dozen 12-megapixel JPEGs with faces, as files: crops of portraits and of a group, scaled up."""
    portraits = [samples.read("astronaut").image]
    portraits += [Image.open(SHARED / name).convert("RGB") for name in ("four_faces.jpg", "grace_hopper.jpg")]
    files = []
    for portrait in portraits:
        for share in (1.0, 0.97, 0.94, 0.91):
            width, height = portrait.width * share, portrait.height * share
            height = min(height, width * LARGE[1] / LARGE[0])
            file = io.BytesIO()
            portrait.resize(LARGE, Image.Resampling.BICUBIC, (0, 0, width, height)).save(file, "JPEG", quality=90)
            files.append(file.getvalue())
    return files
