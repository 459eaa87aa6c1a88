"""The size that an AVIF's pictures are coded with, before any of them is decoded.

The box that Pillow takes the size from (`ispe`) may say anything: libavif decodes what the AV1 sequence header says, up
to 256 megapixels, and then scales it. Boxes: ISO/IEC 14496-12 and 23008-12; headers: AV1 specification, 5.3 to 5.5.
"""

from collections.abc import Callable, Iterator

_CONTAINERS = {b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"meta": 4}  # bytes before the boxes inside
_SEQUENCE_HEADER, _FRAMES = 1, (3, 6)  # obu_type; that of a frame with its header and of the header alone
_MOST_FRAMES = 8  # of one coded picture, which has one, or with layers four; hidden ones cost as much as shown ones
_MOST_PARTS = 20_000  # boxes of a file, parts of its items, and of a picture: more of them only cost time
_HEADER_BYTES = 512  # more than the longest sequence header has
_FRAME_BITS = 27  # of both fields of a frame's own size together: what pictures of up to 2**26 pixels need at most

_Parts = list[tuple[int, int]]  # starts and stops in the file


def coded_sizes(data: bytes) -> list[tuple[int, int]]:
    """Width and height that each coded picture may have; of an animation, those of each track's first frame.

    Raises ValueError or IndexError where that cannot be told.
    """
    pictures = [*_items(data), *_first_frames(data)]
    if sum(stop - start for picture in pictures for start, stop in picture) > len(data):
        raise ValueError("Pictures share their bytes.")
    return [size for parts in pictures for size in _sizes(b"".join(data[start:stop] for start, stop in parts))]


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the content of each box, and of those in containers."""
    for count, box in enumerate(_nested(data, start, end)):
        if count == _MOST_PARTS:
            raise ValueError("The file has too many boxes.")
        yield box


def _nested(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        size, kind, content = _number(data, start, 4), data[start + 4 : start + 8], start + 8
        if size == 1:
            size, content = _number(data, content, 8), content + 8
        stop = start + size if size else end
        if not content <= stop <= end:
            if end == len(data):
                return  # bytes after the last box, as some programs leave them, or a file that is cut short
            raise ValueError("A box is larger than what holds it.")
        yield kind, content, stop
        if kind in _CONTAINERS:
            yield from _nested(data, content + _CONTAINERS[kind], stop)
        start = stop


def _number(data: bytes, start: int, size: int) -> int:
    if start + size > len(data):
        raise ValueError("The file ends within a number.")
    return int.from_bytes(data[start : start + size])


class _Cursor:
    """Reads numbers one after the other."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data, self.place = data, place

    def take(self, size: int) -> int:
        """The next number of so many bytes; 0 of none."""
        self.place += size
        return _number(self.data, self.place - size, size)

    def take_leb128(self) -> int:
        """The next number whose bytes say whether another follows: eight at most (AV1, section 4.10.5)."""
        found = 0
        for place in range(8):
            part = self.take(1)
            found |= (part & 127) << 7 * place
            if part < 128:
                return found
        raise ValueError("A number does not end.")


def _items(data: bytes) -> Iterator[_Parts]:
    """The parts of each item that is coded with AV1."""
    boxes = list(_boxes(data, 0, len(data)))
    coded = set()
    for kind, start, end in boxes:
        if kind == b"iinf":
            first = start + (6 if data[start] == 0 else 8)
            for inner, entry, _ in _boxes(data, first, end):
                if inner == b"infe":
                    wide = 4 if data[entry] >= 3 else 2
                    if data[entry + 6 + wide : entry + 10 + wide] == b"av01":
                        coded.add(_number(data, entry + 4, wide))
    inside = [(start, end) for kind, start, end in boxes if kind == b"idat"]
    left = iter(range(_MOST_PARTS))
    for kind, start, _ in boxes:
        if kind == b"iloc":
            for item, in_idat, extents in _located(data, start, left):
                if item in coded:
                    home, end = inside[0] if in_idat else (0, len(data))
                    yield [(home + at, home + at + length if length else end) for at, length in extents]


def _located(data: bytes, start: int, left: Iterator[int]) -> Iterator[tuple[int, bool, list[tuple[int, int]]]]:
    """Of each item its number, whether it lies in `idat`, and its parts: place and length, 0 for all that follows.

    `left` has one entry for each item and part that there may be yet: a part may take no byte of the file.
    """
    version, cursor = data[start], _Cursor(data, start + 4)
    sizes = cursor.take(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(cursor.take(wide)):
        item = cursor.take(wide)
        next(left, None)
        method = cursor.take(2) & 15 if version else 0
        if method > 1:
            raise ValueError("An item is built from another one.")
        cursor.take(2)  # the file it lies in
        origin = cursor.take(base)
        extents = []
        for _ in range(cursor.take(2)):
            if next(left, None) is None:
                raise ValueError("The file has too many parts.")
            cursor.take(index if version else 0)
            extents.append((origin + cursor.take(offset), cursor.take(length)))
        yield item, method == 1, extents


def _first_frames(data: bytes) -> Iterator[_Parts]:
    """Where the bytes are of the first frame of each track."""
    place: int | None = None
    size: int | None = None
    for kind, start, _ in _boxes(data, 0, len(data)):
        if kind == b"stbl":
            place = size = None
        elif kind in (b"stco", b"co64"):
            place = _number(data, start + 8, 4 if kind == b"stco" else 8)
        elif kind == b"stsz":
            size = _number(data, start + 4, 4) or _number(data, start + 12, 4)
        if place is not None and size is not None:
            yield [(place, place + size)]
            place = size = None


def _sizes(picture: bytes) -> Iterator[tuple[int, int]]:
    """The size in each sequence header of a coded picture, which has one at least."""
    cursor, found, frames = _Cursor(picture, 0), False, 0
    for _ in range(_MOST_PARTS):
        if cursor.place >= len(picture):
            break
        header = cursor.take(1)
        if header & 4:  # an extension
            cursor.take(1)
        length = len(picture) - cursor.place
        if header & 2:
            length = cursor.take_leb128()
        kind = header >> 3 & 15
        frames += kind in _FRAMES
        if kind == _SEQUENCE_HEADER:
            found = True
            yield _sequence_size(picture[cursor.place : cursor.place + min(length, _HEADER_BYTES)])
        cursor.place += length
    if not found or cursor.place < len(picture) or frames > _MOST_FRAMES:
        raise ValueError("A picture has no sequence header, or too many parts or frames.")


def _sequence_size(header: bytes) -> tuple[int, int]:
    bits = iter(f"{int.from_bytes(header):0{8 * len(header)}b}")

    def take(count: int) -> int:
        return int("".join([next(bits) for _ in range(count)]) or "0", 2)

    try:
        take(4)  # the profile, and whether it is a still picture
        reduced = take(1)
        if reduced:
            take(5)
        else:
            _skip_operating_points(take)
        wide, high = take(4) + 1, take(4) + 1
        size = take(wide) + 1, take(high) + 1
    except StopIteration as error:
        raise ValueError("A sequence header is cut short.") from error
    # Only frames with such a header may have sizes of their own, which decoders hold to the fields' bits alone.
    if not reduced and wide + high > _FRAME_BITS:
        raise ValueError("Frames may be larger than the sequence header says.")
    return size


def _skip_operating_points(take: Callable[[int], int]) -> None:
    model = delay = 0
    if take(1):  # timing
        take(64)
        if take(1):
            zeros = 0
            while not take(1):
                zeros += 1
            take(zeros if zeros < 32 else 0)
        model = take(1)
        if model:
            delay = take(5) + 1
            take(42)
    initial = take(1)
    for _ in range(take(5) + 1):
        take(12)
        if take(5) > 7:
            take(1)
        if model and take(1):
            take(2 * delay + 1)
        if initial and take(1):
            take(4)
