"""Recall of faces under what photos do to them, before and after, and false faces: `python -m benchmarks faces`.

"Before" is one look at 640 pixels; "after" is what `faces.detect` does. Half of the photos in `../shared/photos/faces`
were used to choose thresholds; the table is of the other half. Writes `docs/faces.md`, and compares the speed of YuNet
through OpenVINO with OpenCV's `FaceDetectorYN`.
"""

import csv
import datetime
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import skimage
import sklearn
from PIL import Image, ImageDraw, ImageFilter

from explainer.setup import files
from explainer.vision import faces
from explainer.vision.faces import Box, Detector
from explainer.vision.photos import MAX_SIDE, Photo

ROOT = Path(__file__).resolve().parents[1]
PHOTOS = ROOT.parent / "shared" / "photos"
TABLE = ROOT / "docs" / "faces.md"

Corners = tuple[float, float, float, float]  # left, top, right, bottom
Change = Callable[[Image.Image, Sequence[Corners]], tuple[Image.Image, list[Corners]] | None]


def held_out() -> Iterator[tuple[Image.Image, list[Corners]]]:
    """The photos with even numbers, and the boxes of their faces."""
    with (PHOTOS / "faces" / "boxes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name in sorted({row["file"] for row in rows}):
        if int(name[4:7]) % 2 == 0:
            boxes = [
                (float(row["left"]), float(row["top"]), float(row["right"]), float(row["bottom"]))
                for row in rows
                if row["file"] == name
            ]
            yield Image.open(PHOTOS / "faces" / name).convert("RGB"), boxes


def largest(boxes: Sequence[Corners]) -> Corners:
    return max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))


def close(share: float, image: Image.Image, boxes: Sequence[Corners]) -> tuple[Image.Image, list[Corners]] | None:
    """A square in which the largest face's box is so many times as high as the frame."""
    left, top, right, bottom = largest(boxes)
    side = (bottom - top) / share
    if side > min(image.size):
        return None
    x = min(max((left + right - side) / 2, 0), image.width - side)
    y = min(max((top + bottom - side) / 2, 0), image.height - side)
    cut = image.resize((800, 800), Image.Resampling.BICUBIC, box=(x, y, x + side, y + side))
    box = [
        (value - origin) * 800 / side for value, origin in zip((left, top, right, bottom), (x, y, x, y), strict=True)
    ]
    return cut, [(max(0, box[0]), max(0, box[1]), min(800, box[2]), min(800, box[3]))]


def small(pixels: int, image: Image.Image, boxes: Sequence[Corners]) -> tuple[Image.Image, list[Corners]] | None:
    """The photo on grey ground of 640 pixels, the largest face's box so many pixels high."""
    box = largest(boxes)
    scale = pixels / (box[3] - box[1])
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if max(size) > 640:
        return None
    x, y = (640 - size[0]) // 2, (640 - size[1]) // 2
    ground = Image.new("RGB", (640, 640), (120, 120, 110))
    ground.paste(image.resize(size, Image.Resampling.LANCZOS), (x, y))
    left, top, right, bottom = (value * scale for value in box)
    return ground, [(left + x, top + y, right + x, bottom + y)]


def tilted(angle: float, image: Image.Image, boxes: Sequence[Corners]) -> tuple[Image.Image, list[Corners]]:
    """Turned against the clock on grey ground; the box of a face is the square round its middle."""
    turned = image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(128, 128, 128))
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    found = []
    for left, top, right, bottom in boxes:
        x, y = (left + right - image.width) / 2, (top + bottom - image.height) / 2
        x, y = x * cosine + y * sine + turned.width / 2, -x * sine + y * cosine + turned.height / 2
        half = (right - left + bottom - top) / 4
        found.append((x - half, y - half, x + half, y + half))
    return turned, found


def pixels(
    change: Callable[[np.ndarray], np.ndarray], image: Image.Image, boxes: Sequence[Corners]
) -> tuple[Image.Image, list[Corners]]:
    """Every value changed, and cut to 0..255."""
    values = change(np.asarray(image).astype(np.float32))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8)), list(boxes)


def blurred(radius: float, image: Image.Image, boxes: Sequence[Corners]) -> tuple[Image.Image, list[Corners]]:
    """A Gaussian blur, in pixels of a picture of 640."""
    return image.filter(ImageFilter.GaussianBlur(radius * max(image.size) / 640)), list(boxes)


# What covers a face: left, top, right, bottom in shares of its box, and a colour.
COVERS = {
    "sunglasses": (0.0, 0.28, 1.0, 0.48, "#0f0f0f"),
    "a mask": (0.0, 0.52, 1.0, 1.0, "#c8d7e1"),
    "a brim over the brows": (-0.2, -0.3, 1.2, 0.38, "#283246"),
    "half hidden": (0.5, -0.2, 1.3, 1.2, "#5a5046"),
    "a phone in front": (0.3, 0.35, 0.75, 1.3, "#141416"),
}


def covered(name: str, image: Image.Image, boxes: Sequence[Corners]) -> tuple[Image.Image, list[Corners]]:
    """A rectangle over each face."""
    changed = image.copy()
    draw = ImageDraw.Draw(changed)
    x, y, right, bottom, colour = COVERS[name]
    for box in boxes:
        across, down = box[2] - box[0], box[3] - box[1]
        corners = (box[0] + x * across, box[1] + y * down, box[0] + right * across, box[1] + bottom * down)
        draw.rectangle(corners, fill=colour)
    return changed, list(boxes)


def within(wide: int, high: int, image: Image.Image, boxes: Sequence[Corners]) -> tuple[Image.Image, list[Corners]]:
    """The photo within a light picture so many times its width or height, as large as a photo is kept."""
    size = (image.width * wide, image.height * high)
    x, y = (size[0] - image.width) // 2, (size[1] - image.height) // 3
    ground = Image.new("RGB", size, (235, 235, 230))
    ground.paste(image, (x, y))
    scale = min(1, MAX_SIDE / max(size))
    kept = ground.resize((max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))
    return kept, [((a + x) * scale, (b + y) * scale, (c + x) * scale, (d + y) * scale) for a, b, c, d in boxes]


CHANGES: dict[str, Change] = {
    "plain": lambda image, boxes: (image, list(boxes)),
    **{f"face {share:.0%} of the frame": partial(close, share) for share in (0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8)},
    **{f"turned by {angle}": partial(tilted, angle) for angle in (90, 180, 270)},
    **{f"tilted by {angle}": partial(tilted, angle) for angle in (15, 30, 45, 60)},
    **{f"face of {size} px at 640": partial(small, size) for size in (22, 15, 11)},
    **{f"dark, x {factor}": partial(pixels, lambda a, f=factor: a * f) for factor in (0.15, 0.1, 0.07)},
    **{f"contrast x {k}": partial(pixels, lambda a, f=k: (a - 128) * f + 128) for k in (0.2, 0.15, 0.1)},
    **{f"overexposed, x {factor}": partial(pixels, lambda a, f=factor: a * f) for factor in (2, 3, 4)},
    **{f"blur of {radius} px": partial(blurred, radius) for radius in (3, 4, 6)},
    **{name: partial(covered, name) for name in COVERS},
    "in a panorama, 6 times as wide": partial(within, 6, 1),
    "in a screenshot, 8 times as high": partial(within, 1, 8),
}

# What the pictures without anybody are shown as.
VARIANTS = ("plain", "turned by 90", "turned by 180", "tilted by 45", "dark, x 0.1", "contrast x 0.1",
            "overexposed, x 3", "blur of 4 px")  # fmt: skip


def before(detector: Detector, photo: Photo) -> tuple[Box, ...]:
    """One look at 640 pixels."""
    picture = photo.image.copy()
    picture.thumbnail((640, 640), Image.Resampling.BILINEAR, reducing_gap=2.0)
    across, down = photo.size[0] / picture.width, photo.size[1] / picture.height
    return tuple(
        Box(round(left * across), round(top * down), round((left + width) * across), round((top + height) * down))
        for left, top, width, height, sure in detector.search(np.asarray(picture))
        if sure >= 0.7
    )


def overlap(one: Corners, other: Corners) -> float:
    """Intersection over union, 0 to 1."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, across) * max(0.0, down)
    return shared / (sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared)


def interval(hits: int, n: int) -> str:
    """Percent, and Wilson's interval of 95 %."""
    share, z = hits / n, 1.96
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5 / (1 + z * z / n)
    return f"{share:.0%} ({max(0, middle - half):.0%}-{min(1, middle + half):.0%})"


def nobody() -> list[Path]:
    """Pictures at hand in which nobody is seen, as far as thumbnails of them show."""
    named = (ROOT / "benchmarks" / "nobody.txt").read_text().split()
    homes = (
        PHOTOS / "labelled",
        PHOTOS,
        Path(skimage.__file__).parent / "data",
        Path(sklearn.__file__).parent / "datasets" / "images",
    )
    return [file for name in named for home in homes if (file := home / name).is_file()]


def report() -> None:
    """Measure, print, and write the table."""
    detector = faces.load()
    _write(recall(detector), false_faces(detector), _speed([image for image, _ in held_out()][:20]))


def recall(detector: Detector) -> str:
    """The table of the faces that are found under each condition."""
    lines = ["| condition | n | before | after |", "| --- | ---: | --- | --- |"]
    photos = list(held_out())
    for name, change in CHANGES.items():
        n, hits = 0, [0, 0]
        for image, boxes in photos:
            changed = change(image, boxes)
            if changed is None:
                continue
            photo = Photo(changed[0], changed[0].size, "")
            n += len(changed[1])
            for way, detect in enumerate((before, faces.detect)):
                found = [(box.left, box.top, box.right, box.bottom) for box in detect(detector, photo)]
                hits[way] += sum(any(overlap(truth, box) > 0.35 for box in found) for truth in changed[1])
        lines.append(f"| {name} | {n} | {interval(hits[0], n)} | {interval(hits[1], n)} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def false_faces(detector: Detector) -> str:
    """The table of the pictures without anybody in which a face is found all the same."""
    empty = [Image.open(file).convert("RGB") for file in nobody()]
    lines = ["| pictures without anybody | n | with a face before | after |", "| --- | ---: | ---: | ---: |"]
    for name in VARIANTS:
        counts = [0, 0]
        for image in empty:
            image.thumbnail((900, 900))
            changed = CHANGES[name](image, [])
            assert changed is not None
            photo = Photo(changed[0], changed[0].size, "")
            for way, detect in enumerate((before, faces.detect)):
                counts[way] += bool(detect(detector, photo))
        lines.append(f"| {name} | {len(empty)} | {counts[0]} | {counts[1]} |")
        print(lines[-1], flush=True)
    return "\n".join(lines)


def _write(recalled: str, false: str, speed: str) -> None:
    TABLE.write_text(_TEXT.format(date=datetime.date.today(), recall=recalled, false=false, speed=speed))
    print(speed)


def _speed(images: Sequence[Image.Image]) -> str:
    path = files.path(files.YUNET)
    assert path is not None
    cv2.setNumThreads(1)
    opencv = cv2.FaceDetectorYN.create(str(path), "", (640, 640), score_threshold=0.7)
    detector = faces.load()

    def by_opencv(picture: np.ndarray) -> np.ndarray:
        opencv.setInputSize((picture.shape[1], picture.shape[0]))
        rows = opencv.detect(np.ascontiguousarray(picture[:, :, ::-1]))[1]
        return np.zeros((0, 15)) if rows is None else rows

    pictures = []
    for image in images:
        small_ = image.copy()
        small_.thumbnail((640, 640))
        pictures.append(np.asarray(small_))
    # Processor time: how long a call takes on the clock says more about what else the machine does.
    times: dict[str, list[float]] = {"opencv": [], "ours": []}
    for _ in range(10):
        for picture in pictures:
            for name, way in (("opencv", by_opencv), ("ours", detector.search)):
                start = time.process_time()
                way(picture)
                times[name].append(time.process_time() - start)
    apart = 0.0
    for picture in pictures:
        boxes = [
            sorted(row[:4] for row in detector.search(picture) if row[4] >= 0.7),
            sorted(by_opencv(picture)[:, :4].tolist()),
        ]
        apart = max(apart, float(np.abs(np.subtract(*boxes)).max(initial=0)))
    ours, theirs = (1000 * statistics.median(times[name]) for name in ("ours", "opencv"))
    return (
        f"YuNet on one picture of 640 pixels, median of {len(times['ours'])} calls, in milliseconds of one processor: "
        f"{ours:.1f} through OpenVINO, {theirs:.1f} by\nOpenCV's `FaceDetectorYN`, {theirs / ours:.1f} times as long. "
        f"Their boxes are at most {apart:.1g} pixels apart in these pictures."
    )


_TEXT = """# Which faces are found

Made by one run of `python -m benchmarks faces`, on {date}. *Before* is one look with YuNet at 640 pixels; *after* is
what `explainer/vision/faces.py` does. The faces are those of photos that no threshold was chosen by; n counts
faces, brackets hold the 95 % interval (Wilson). The changes are made by the benchmark: a rectangle stands for
sunglasses, grey surrounds a tilted photo. A face's share of the frame is that of YuNet's box, which is higher than the
face from brow to chin. A face counts as found where a box overlaps it by more than 0.35 (intersection over union).

{recall}

## False faces

Of the pictures named in `benchmarks/nobody.txt` thumbnails were looked at, and nobody was seen in them; a small face
could have been missed. Thresholds for turned and close faces were chosen on these same pictures, so the counts are
**not held out**: on other pictures there may be more false faces. Animals' faces are counted as false.

{false}

## What it costs

A photo in which a face is found for certain takes one look, as before; a dull one takes another with its contrast
restored. Where nothing is found, further looks follow only where the first has a hint (YuNet's own certainty, 0.1 to
0.5, by what is looked for): a quarter of the pixels for faces that fill the picture; at most four squares of 192 pixels
round hints, twice as large, for small ones; at most two squares round hints, made 128 pixels wide, on one side, and on
the other where that shows a hint too; with a strong hint upside down and tilted as well; and the picture in full,
turned the likeliest way. Of photos of things about a third have no hint. Searching at 320 pixels first, and at 640 only
where that can change the answer, is not possible: some faces of 22 pixels at 640, and more of 15, left no hint at all
at 320.

Thresholds for hints were chosen on the half of the faces that is not in the table above, and on one turned photo that
is in neither half.

{speed}

## By skin tone: not measured here

Nobody is sorted by us. Without photos that carry their subjects' own words, a hundred or more of each group, recall by
skin tone cannot be told. Published audits of other detectors found differences: Buolamwini & Gebru, *Gender Shades*
(FAT* 2018), of commercial classifiers of faces; Dooley et al., *Robustness Disparities in Face Detection* (NeurIPS
2022), of commercial and academic detectors, with lower recall for darker skin, older people and dim light.

Where nothing is found, the app says "no face found": not that there is none.
"""
