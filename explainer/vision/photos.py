"""An upload: bytes in, an upright RGB photo of bounded size out, or a sentence that says why not."""

import ctypes
import hashlib
import io
import logging
import os
import re
import struct
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import (
    ExifTags,
    Image,
    ImageChops,
    ImageCms,
    JpegImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    _imaging,
)

from explainer.vision import avif, parts

MAX_BYTES = 64 * 1024 * 1024  # what Streamlit's server.maxUploadSize = 64 enforces
MAX_PIXELS = 64_000_000
MAX_JPEG_PIXELS = 210_000_000  # phones make 200 megapixels; a JPEG is decoded at an eighth of its sides
MAX_LENGTH = 65_535  # pixels of a side; what JPEG allows. A PNG of one row less costs 20 bytes a pixel
MAX_SIDE = 2048
_DRAFT_SIDE = 1280  # the short side that a JPEG keeps, at least, where it is decoded at reduced size

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")

EXTENSIONS = ("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif")
"""What the names of photos end with; what a file holds decides whether it is one."""

_EMPTY = "The file is empty: choose another photo."
HEAVY = f"The file is larger than {MAX_BYTES // 1024**2} MB: save the photo smaller and try again."
_WIDE = (
    f"The photo has more than {MAX_PIXELS // 10**6} megapixels, or as a JPEG more than {MAX_JPEG_PIXELS // 10**6}: "
    "make it smaller, or save it as JPEG, and try again."
)
_PROGRESSIVE = (
    "The photo is too large for a progressive JPEG, or has too many parts: save it as a plain (baseline) JPEG."
)
_LONG = f"The photo is more than {MAX_LENGTH:,} pixels wide or high: cut it and try again."
_FOREIGN = "This is no photo that can be read here: choose a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC."
_DAMAGED = "The file is cut short or damaged: choose the original, or save it again as JPEG or PNG."
_RAW = "This is a camera's raw file, which is no picture yet: save it as JPEG and try again."
_NUMBERS = "The file holds measurements without a fixed white: save it as JPEG or PNG and try again."
_MEMORY = "There is not enough memory for this photo just now: make it smaller or try again later."

_TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FILTER = Image.Resampling.HAMMING  # half the time of bicubic, and does not overshoot at edges
_STRIP_PIXELS = 2**20

# Each decode of 64 megapixels holds some 300 MB (WebP 1 GB): two at a time. Those of visitors are decoded in processes:
# see `decoder`.
_decoding = threading.BoundedSemaphore(2)

_END = b"\xff\xd9"  # of a JPEG
_MARK = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")  # what begins another part of a JPEG
_SCANS = 100  # of a JPEG; a progressive one has some ten
_SCAN_PIXELS = 1_500_000_000  # of all scans of a JPEG together: seven of 200 megapixels
_ARITHMETIC = b"\xc9\xca\xcb\xcd\xce\xcf"  # kinds that no camera writes; three bytes of them fill a scan

# The coefficients of a JPEG of several scans are held whole, whatever size is decoded.
_COEFFICIENT_BYTES = 400_000_000

_TAG_TYPES = {*range(1, 14), 16}  # of tags of a TIFF, those that Pillow reads
_RAW_TAGS = {50706, 50740, 37398}  # DNGVersion, DNGPrivateData, TIFF/EPStandardID
_PHOTOMETRIC, _OF_A_SENSOR = ExifTags.Base.PhotometricInterpretation, (32803, 34892)  # through a filter, or linear
_RUN_PIXELS = 4_000_000  # of a BMP in runs, which Pillow reads in Python: a third of a second
_PROFILE_BYTES = 4 << 20  # of a colour profile; those of printers have up to two million
_PICTURES = 4  # so many times the pixels of the largest photo an AVIF may have in all: transparency, thumbnail, HDR

# Modes of pictures whose profile is applied, and what it must be for.
_SPACES = {"RGB": "RGB", "CMYK": "CMYK", "L": "GRAY"}

# What is printed with four inks goes back as it came in most programs: colours as they are, black to black; and its
# table is read so finely that levels do not differ by more than the rounding to 8 bits makes them.
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC
_COLOURS = Image.frombytes("RGB", (36, 6), bytes(51 * level for colour in np.ndindex(6, 6, 6) for level in colour))
_ROUNDING = 2  # levels, of 255

_GREYS = ("L", "LA", "I;16", "I;16B")
_SRGB_GAMMA = 0.45455  # as a PNG has it for pictures in sRGB

# Pillow's own limit, which it enforces at twice this value, must let in what is let in here.
Image.MAX_IMAGE_PIXELS = MAX_JPEG_PIXELS // 2 + 1

# Once, under the import lock: threads may not change filters and plugins while others read.
pillow_heif.register_heif_opener()
# PhotoError alone tells what is wrong with a photo. Pillow's warnings quote metadata, its debug log prints
# all of it (the place, the camera's owner), and libtiff writes to stderr: an upload leaves no trace there.
warnings.filterwarnings("ignore", module=r"PIL\.(Image|\w+ImagePlugin)$")
logging.getLogger("PIL").setLevel(logging.CRITICAL)
with suppress(AttributeError, OSError):  # a Pillow that hides its libtiff: it then stays talkative, no more
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)


class PhotoError(Exception):
    """A photo that cannot be read; the message is one plain sentence that says what to do."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo, upright, without metadata.

    `image`: RGB, longest side at most `MAX_SIDE`; `size`: width and height in pixels of the upright original;
    `digest`: SHA-256 of the file's bytes, hex.
    """

    image: Image.Image
    size: tuple[int, int]
    digest: str

    @property
    def scale(self) -> float:
        """Pixels of the original per pixel of `image`, 1 or more (measured on the longest side)."""
        return max(self.size) / max(self.image.size)


def read(data: bytes) -> Photo:
    """The photo in a file's bytes; of an animation the first frame. Raises PhotoError, and nothing else."""
    if not data:
        raise PhotoError(_EMPTY)
    if len(data) > MAX_BYTES:
        raise PhotoError(HEAVY)
    try:
        with _decoding:
            image, size = _decoded_whole(data)
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoError(_WIDE) from error
    except MemoryError as error:
        raise PhotoError(_MEMORY) from error
    except UnidentifiedImageError as error:
        raise PhotoError(_RAW if _is_raw(data) else _DAMAGED if _familiar(data) else _FOREIGN) from error
    except Exception as error:
        # A bad file makes Pillow's decoders raise almost anything: OSError, SyntaxError, struct.error,
        # EOFError, KeyError, ZeroDivisionError, RuntimeError... no list of them would be complete.
        raise PhotoError(_RAW if _is_raw(data) else _DAMAGED) from error
    return Photo(image, size, hashlib.sha256(data).hexdigest())


def read_file(path: Path) -> Photo:
    """The photo in a file. Raises PhotoError, also where there is no such file or it may not be read."""
    try:
        if path.is_dir() and not os.access(path, os.R_OK | os.X_OK):
            raise PhotoError(f"{path} is a folder that cannot be opened: check that you may read it.")
        if path.is_dir():
            raise PhotoError(f"{path} is a folder: name a photo in it.")
        if not path.is_file():
            raise PhotoError(f"There is no file {path}: check the name.")
        if path.stat().st_size > MAX_BYTES:
            raise PhotoError(HEAVY)
        data = path.read_bytes()
    except OSError as error:
        raise PhotoError(f"{path} cannot be opened: check that you may read it.") from error
    return read(data)


def is_familiar(path: Path) -> bool:
    """Whether a file begins like a format that is read here, whatever its name says."""
    Image.init()  # all of Pillow's formats are known only then
    try:
        with path.open("rb") as file:
            return _familiar(file.read(16))
    except OSError:
        return False


def _familiar(data: bytes) -> bool:
    """Whether the first bytes are those of a format that is read here."""
    return any(accept and accept(data[:16]) for _, accept in map(Image.OPEN.__getitem__, _FORMATS))


def _is_raw(data: bytes) -> bool:
    """Whether a TIFF holds what a sensor measured (DNG, TIFF/EP, CR2): at most a thumbnail of it can be read."""
    if data[:4] not in (b"II*\0", b"MM\0*"):
        return False
    tags = TiffImagePlugin.ImageFileDirectory_v2(data[:8].ljust(8, b"\0"))
    with suppress(Exception):  # a damaged one raises anything
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
    return data[8:10] == b"CR" or bool(_RAW_TAGS & set(tags)) or tags.get(_PHOTOMETRIC) in _OF_A_SENSOR


def _decoded_whole(data: bytes) -> tuple[Image.Image, tuple[int, int]]:
    """As `_decoded`, and of a JPEG without its end mark as well, as some cameras and downloads leave it."""
    try:
        return _decoded(data)
    except OSError:
        if not data.startswith(b"\xff\xd8\xff") or data.rstrip(b"\0").endswith(_END):
            raise
        return _decoded(_complete(data))


def _decoded(data: bytes) -> tuple[Image.Image, tuple[int, int]]:
    """The picture, upright, RGB, bounded; and the size of the upright original."""
    if data[4:8] == b"ftyp":
        # AVIF and HEIF say in a property of their own how to turn the picture. Their EXIF adds nothing and,
        # damaged, makes the decoder refuse the photo: its item is renamed to a kind that nobody reads.
        data = re.sub(rb"(infe.{8,10})Exif", rb"\1skip", data, flags=re.DOTALL)
    if parts.are_too_many(data):
        raise PhotoError(_DAMAGED)
    with Image.open(io.BytesIO(data), formats=_FORMATS) as file:
        jpeg = isinstance(file, JpegImagePlugin.JpegImageFile)
        size = _checked(file.size, MAX_JPEG_PIXELS if jpeg else MAX_PIXELS)
        if file.mode in ("I", "F"):
            raise PhotoError(_NUMBERS)
        if isinstance(file, JpegImagePlugin.JpegImageFile):
            _check_scans(file, data)
            # Decodes at 1/2, 1/4 or 1/8 where that is still large enough, in a fraction of the time. (HEIF would
            # draft a thumbnail, which may show something else.)
            file.draft(None, (_DRAFT_SIDE, _DRAFT_SIDE))
            file.load()
        else:
            if file.format == "AVIF":
                _check_coded(avif.coded_sizes(data))
            if isinstance(file, TiffImagePlugin.TiffImageFile):
                _check_tile(file, data)
            if any(tile[0] == "bmp_rle" for tile in file.tile):
                _checked(file.size, _RUN_PIXELS)
            file.load()
            size = _checked(file.size, MAX_PIXELS)  # HEIF learns its size for certain only now
        _scale_key(file, data)
        orientation = _orientation(file)
        image = _in_gamma(_on_white(file, _bounded(file.size)), file)
    if orientation in _TRANSPOSED:
        image = image.transpose(_TRANSPOSED[orientation])
    return image, size[::-1] if orientation >= 5 else size


def _complete(data: bytes) -> bytes:
    """A JPEG that lacks its end mark, with one. Raises PhotoError where it lacks pixels as well."""
    # Where all pixels are there, what follows them changes none of them.
    data = data.rstrip(b"\xff")  # the first half of a mark
    following = (b"", b"\x55" * 64, bytes(range(254)), bytes(range(253, -1, -1)))
    if len({_decoded(data + after + _END)[0].tobytes() for after in following}) > 1:
        raise PhotoError(_DAMAGED)
    return data + _END


def _check_scans(file: JpegImagePlugin.JpegImageFile, data: bytes) -> None:
    """Raises PhotoError where the scans of a JPEG take too long, or too much memory.

    Each of several, however short, walks over the whole picture.
    """
    most = min(_SCANS, _SCAN_PIXELS // (file.width * file.height))
    scans, arithmetic = _scans(data, most)
    coefficients = _coefficients(file) if scans > 1 or file.info.get("progressive") else 0
    if scans > max(1, most) or arithmetic or coefficients > _COEFFICIENT_BYTES:
        raise PhotoError(_PROGRESSIVE)


def _scans(data: bytes, most: int = _SCANS) -> tuple[int, bool]:
    """How many scans a JPEG has, counted until there are more than `most`, and whether any is coded arithmetically.

    A thumbnail's, or those of what follows, do not count.
    """
    at, scans, arithmetic = 2, 0, False
    while scans <= most and (mark := _MARK.search(data, at)):
        at, kind = mark.end(), data[mark.end() - 1]
        if kind == _END[1]:
            break
        scans += kind == 0xDA
        arithmetic |= kind in _ARITHMETIC
        if kind >= 0xC0:  # the others have no length, and are passed over within a scan
            at += int.from_bytes(data[at : at + 2])
    return scans, arithmetic


def _check_tile(file: TiffImagePlugin.TiffImageFile, data: bytes) -> None:
    """Raises PhotoError where the tiles of a TIFF are larger than a picture may be: each is decoded whole.

    So it does of a raw file, whose first picture is a thumbnail at most, and where a tag is of a type that Pillow
    passes over: libtiff, which decodes, knows more of them.
    """
    if _is_raw(data):
        raise PhotoError(_RAW)
    if not _tag_types(data) <= _TAG_TYPES:
        raise PhotoError(_DAMAGED)
    sides = [file.tag_v2.get(tag, 0) for tag in (TiffImagePlugin.TILEWIDTH, TiffImagePlugin.TILELENGTH)]
    if not all(isinstance(side, int) for side in sides):
        raise PhotoError(_DAMAGED)
    _checked((sides[0], sides[1]), MAX_PIXELS)


def _tag_types(data: bytes) -> set[int]:
    """The types of all tags of a TIFF's first picture (TIFF 6.0, page 14; BigTIFF has longer numbers)."""
    order, long = ("<" if data[:2] == b"II" else ">"), 43 in data[2:4]
    at: int = struct.unpack_from(f"{order}{'Q' if long else 'I'}", data, 8 if long else 4)[0]
    number: int = struct.unpack_from(f"{order}{'Q' if long else 'H'}", data, at)[0]
    head, entry = (8, 20) if long else (2, 12)
    tags = data[at + head :][: number * entry]
    return {struct.unpack_from(f"{order}H", tags, place + 2)[0] for place in range(0, len(tags) - 3, entry)}


def _coefficients(file: JpegImagePlugin.JpegImageFile) -> int:
    """Bytes that the coefficients of a JPEG take: two for each sample of each of its components."""
    across, down = (max(layer[place] for layer in file.layer) for place in (1, 2))
    share = sum(layer[1] * layer[2] for layer in file.layer) / (across * down)
    return int(2 * share * file.width * file.height)


def _checked(size: tuple[int, int], most: int) -> tuple[int, int]:
    if size[0] * size[1] > most:
        raise PhotoError(_WIDE)
    if max(size) > MAX_LENGTH:
        raise PhotoError(_LONG)
    return size


def _check_coded(sizes: list[tuple[int, int]]) -> None:
    """Raises PhotoError where the pictures of an AVIF are larger than it says, each or together."""
    if sum(width * height for width, height in (_checked(size, MAX_PIXELS) for size in sizes)) > _PICTURES * MAX_PIXELS:
        raise PhotoError(_WIDE)


def _bounded(size: tuple[int, int]) -> tuple[int, int]:
    """The size with the same proportions whose sides are at most MAX_SIDE and at least 1."""
    shrink = max(1.0, max(size) / MAX_SIDE)
    return max(1, round(size[0] / shrink)), max(1, round(size[1] / shrink))


def _orientation(file: Image.Image) -> int:
    """EXIF's orientation, 1 to 8; 1 where it is missing or damaged. TIFF, AVIF and HEIF come upright."""
    try:
        value = file.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # damaged EXIF raises as variously as damaged pictures do; the photo is still good
        return 1
    return value if isinstance(value, int) and value in _TRANSPOSED else 1


def _scale_key(file: Image.Image, data: bytes) -> None:
    """Bring a PNG's transparent colour to 8 bits a channel, as Pillow brings its pixels but not this.

    Of 16 bits the upper 8 are compared, so colours within 1/256 of the key are transparent as well.
    """
    key = file.info.get("transparency")
    if file.format == "PNG" and file.mode in ("L", "RGB", "I;16") and key is not None:
        depth = data[24]  # bits a channel, in the header chunk

        def scaled(level: int) -> int:
            return level >> 8 if depth == 16 else level * 255 // (2**depth - 1)

        file.info["transparency"] = tuple(map(scaled, key)) if file.mode == "RGB" else scaled(key)


def _on_white(file: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in RGB, as sRGB, on white ground, scaled to `size`.

    Where its pixels must be changed first, strip by strip, rows first and columns at the end, so that no second picture
    of full size is ever held.
    """
    profile = file.info.get("icc_profile")
    if file.mode == "RGB" and not file.has_transparency_data:
        plain = _plain(file)
        return _in_srgb(plain if plain.size == size else plain.resize(size, _FILTER, reducing_gap=2), profile)
    if file.mode == "CMYK":
        inks = file.resize(size, _FILTER, reducing_gap=2)
        inks.info = {}
        # Pillow takes inks for inverted, as Adobe writes them; without Adobe's mark they are not.
        return _in_srgb(inks if "adobe" in file.info or file.format != "JPEG" else ImageChops.invert(inks), profile)
    narrow = Image.new("RGB", (size[0], file.height))
    rows = max(1, _STRIP_PIXELS // file.width)
    for top in range(0, file.height, rows):
        strip = _flat(file.crop((0, top, file.width, min(top + rows, file.height))), *_levels(file))
        narrow.paste(strip.resize((size[0], strip.height), _FILTER, reducing_gap=2), (0, top))
    flat = narrow.resize(size, _FILTER, reducing_gap=2)
    if profile and file.mode in _GREYS:
        return _in_srgb(flat.convert("L"), profile)
    return _in_srgb(flat, profile if file.mode in ("RGB", "RGBA", "P", "PA") else None)


def _plain(file: Image.Image) -> Image.Image:
    """The pixels of a file that is loaded, and nothing else of it; they are not copied."""
    file.load()
    return Image.Image()._new(file.im)


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A picture of some colour space in sRGB, by its profile; as it is, or as Pillow has it, without a sound one."""
    if profile and len(profile) <= _PROFILE_BYTES:
        # Any error of a profile is one of its own alone: the picture is still good.
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError, SyntaxError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if source.profile.xcolor_space.strip() == _SPACES.get(image.mode):
                transform = ImageCms.buildTransform(
                    source, ImageCms.createProfile("sRGB"), image.mode, "RGB", _INTENT, flags=_FLAGS
                )
                converted = ImageCms.applyTransform(image, transform) if _changes_colours(transform) else None
                if converted is not None:
                    converted.info = {}
                    return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _changes_colours(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether it does more than rounding does; that from sRGB does not, whatever the profile calls itself."""
    if transform.input_mode != "RGB":
        return True
    changed = ImageCms.applyTransform(_COLOURS, transform) or _COLOURS
    apart = np.asarray(changed).astype(np.int16) - np.asarray(_COLOURS)
    return bool(np.abs(apart).max() > _ROUNDING)


def _in_gamma(image: Image.Image, file: Image.Image) -> Image.Image:
    """The picture of a PNG that says no more of its colours than a gamma, with that of sRGB (PNG 1.2, section 10.5)."""
    gamma = file.info.get("gamma")
    known = any(key in file.info for key in ("icc_profile", "srgb"))
    if file.format != "PNG" or known or not gamma or not 0.1 <= gamma <= 5 or abs(gamma - _SRGB_GAMMA) < 0.02:
        return image
    return image.point(3 * [round(255 * (level / 255) ** (_SRGB_GAMMA / gamma)) for level in range(256)])


def _levels(file: Image.Image) -> tuple[float, float]:
    """Factor and offset from 16-bit grey to 0..255; a TIFF may hold 12 bits, or count from white."""
    tags = getattr(file, "tag_v2", {})
    factor = 1 / 16 if tags.get(ExifTags.Base.BitsPerSample) == (12,) else 1 / 256
    return (-factor, 65535 / 256) if tags.get(ExifTags.Base.PhotometricInterpretation) == 0 else (factor, 0)


def _flat(strip: Image.Image, factor: float, offset: float) -> Image.Image:
    if strip.mode.startswith("I;16"):  # Pillow would clip: everything brighter than 255 of 65,535 white
        strip = strip.convert("I").point(lambda level: level * factor + offset).convert("L")
    if not strip.has_transparency_data:
        return strip.convert("RGB")
    strip = strip.convert("RGBA")
    white = Image.new("RGB", strip.size, "white")
    white.paste(strip, mask=strip)
    return white
