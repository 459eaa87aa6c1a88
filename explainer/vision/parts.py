"""How many parts a file has before its picture: a decoder goes through each, however empty, before anybody can ask."""

from collections.abc import Iterator
from itertools import islice

_MOST = 20_000  # a PNG of 64 MB in the smallest parts that encoders write has some 8,000
_MOST_MARKS = 2_000  # of a JPEG, whose notes are joined one after another; with a large profile it has some hundreds
_PACKED, _MOST_PACKED = (b"zTXt", b"iTXt", b"iCCP"), 100  # parts of a PNG that are unpacked, each to a megabyte


def are_too_many(data: bytes) -> bool:
    """Whether a JPEG, PNG or GIF has more parts than any photo has; nothing is said of other files."""
    if data.startswith(b"\xff\xd8"):
        return _more_than(_MOST_MARKS, _marks(data))
    if data.startswith(b"\x89PNG"):
        kinds = list(islice(_chunks(data), _MOST + 1))
        return len(kinds) > _MOST or sum(kind in _PACKED for kind in kinds) > _MOST_PACKED
    return data.startswith(b"GIF8") and _more_than(_MOST, _blocks(data))


def _more_than(most: int, parts: Iterator[object]) -> bool:
    return any(number >= most for number, _ in enumerate(parts))


def _marks(data: bytes) -> Iterator[int]:
    """The kinds of a JPEG's parts before its first scan, as Pillow looks for them."""
    at = 2
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 1:
        kind = data[at + 1]
        at += 1
        if kind in (0x00, 0xFF):
            continue
        yield kind
        if kind == 0xDA:
            return
        if kind >= 0xC0 and not 0xD0 <= kind <= 0xD9:
            at += 1 + max(2, int.from_bytes(data[at + 1 : at + 3]))


def _chunks(data: bytes) -> Iterator[bytes]:
    """The kinds of a PNG's chunks (PNG 1.2, section 3.2)."""
    at = 8
    while at + 8 <= len(data):
        yield data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4])


def _blocks(data: bytes) -> Iterator[int]:
    """The sizes of the blocks of a GIF before its first picture (GIF 89a, sections 15 and 24 to 26)."""
    colours = data[10] if len(data) > 12 else 0
    at = 13 + (3 << (colours & 7) + 1 if colours & 128 else 0)
    while at < len(data) and data[at] != 0x2C:
        extension = data[at] == 0x21
        at += 2 if extension else 1
        yield 0
        while extension and at < len(data) and data[at]:
            yield data[at]
            at += 1 + data[at]
        at += extension
