"""Photo bytes in, readings out: the explainer on all cores against the plain way, one after another.

The plain way decodes with Pillow in full, looks for faces with YuNet at 640 pixels, and asks timm's module in eager
PyTorch. Each way runs in a process of its own, which `python -m benchmarks.reading plain|explainer` starts.

`python -m benchmarks.reading against FOLDER` compares with an earlier commit instead, a worktree of which is in the
folder (`git worktree add --detach FOLDER COMMIT`), in turns and in one run.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import pictures
from explainer.setup import files

ROOT = Path(__file__).resolve().parents[1]

# Of each reading: box (left, top, right, bottom) or None, first object, first person category.
Answer = list[tuple[list[int] | None, str, str]]
ReadAll = Callable[[Sequence[bytes]], list[Answer]]

REPEATS = 3
TURNS = 2  # of the one commit and the other
PEAK = 100_000  # labels an hour that ImageNet Roulette gave at its peak (The New York Times, quoted by Artnet 2019)


def plain() -> ReadAll:
    """The way one would write it down first."""
    import cv2
    import numpy as np
    import torch
    from PIL import Image, ImageOps

    from explainer.setup import files
    from explainer.vision import classifiers, faces, people
    from explainer.vision.photos import Photo

    classifier = classifiers.load()
    head = people.load(classifier)
    yunet = cv2.FaceDetectorYN.create(str(files.path(files.YUNET)), "", (640, 640), score_threshold=0.7)

    def read(data: bytes) -> Answer:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        shrink = max(1.0, max(image.size) / 640)
        size = round(image.width / shrink), round(image.height / shrink)
        yunet.setInputSize(size)
        _, found = yunet.detect(np.ascontiguousarray(np.asarray(image.resize(size))[:, :, ::-1]))
        corners = [] if found is None else [(x, y, x + w, y + h) for x, y, w, h in (found[:, :4] * shrink).tolist()]
        boxes: list[faces.Box | None] = [faces.Box(*map(round, corner)) for corner in corners]
        boxes.sort(key=lambda box: box.width * box.height if box else 0, reverse=True)
        answer: Answer = []
        for box in boxes[:8] or [None]:
            pixels = torch.from_numpy(classifier.to_pixels([faces.crop(Photo(image, image.size, ""), box)]))
            with torch.no_grad():
                logits = classifier.module(classifier.standardise(pixels))
                scores = head.module(logits)
            corner = list(astuple(box)) if box else None
            answer.append((corner, classifier.wnids[int(logits.argmax())], head.wnids[int(scores.argmax())]))
        return answer

    return lambda batch: [read(data) for data in batch]


def explainer() -> ReadAll:
    """The way the app and the command line go."""
    from explainer.jobs import Worker
    from explainer.vision import photos, pipeline

    worker = Worker(pipeline.load, "reader", threads=os.cpu_count() or 1)

    def read(data: bytes, reader: pipeline.Reader, progress: Callable[[float], None]) -> Answer:
        return [
            (
                list(astuple(reading.box)) if reading.box else None,
                reading.objects(1)[0].wnid,
                reading.people("fall-2011", 1)[0].wnid,
            )
            for reading in pipeline.read(reader, photos.read(data)).readings
        ]

    return lambda batch: [job.result() for job in [worker.submit(partial(read, data)) for data in batch]]


def measure(way: ReadAll) -> dict[str, Any]:
    """Seconds for each kind of picture, the best of REPEATS, with the answers; megabytes at the peak."""
    report: dict[str, Any] = {"seconds": {}, "answers": {}}
    for kind, batch in pictures.kinds().items():
        way(batch[:4])  # what is loaded at the first call
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            report["answers"][kind] = way(batch)
            times.append(time.perf_counter() - start)
        report["seconds"][kind] = min(times)
    status = Path("/proc/self/status").read_text()
    report["megabytes"] = int(status.split("VmHWM:")[1].split()[0]) / 1024  # of this process alone
    return report


def report() -> None:
    """Run both ways and print how they compare."""
    _compare("all cores against the plain way", _run("plain"), _run("explainer"))


def report_against(folder: Path) -> None:
    """Run this commit and the one in the folder in turns, and print how the best of each compare."""
    with _ready(folder):
        runs = [(_run("explainer", folder), _run("explainer")) for _ in range(TURNS)]
    theirs, ours = (
        {
            **each[0],
            "seconds": {kind: min(run["seconds"][kind] for run in each) for kind in each[0]["seconds"]},
            "megabytes": max(run["megabytes"] for run in each),
        }
        for each in zip(*runs, strict=True)
    )
    _compare(f"this commit against the one in {folder}", theirs, ours)


@contextmanager
def _ready(folder: Path) -> Iterator[None]:
    """The worktree with what it reads: the face detector, and the photos beside its checkout."""
    detector, photos = files.path(files.YUNET), folder.resolve().parent / "shared"
    if detector is not None:
        weights = folder / "models" / "weights"
        weights.mkdir(parents=True, exist_ok=True)
        shutil.copy(detector, weights / detector.name)
    linked = not photos.exists()
    if linked:
        photos.symlink_to(pictures.SHARED.parent.resolve(), target_is_directory=True)
    try:
        yield
    finally:
        if linked:
            photos.unlink()


def _compare(which: str, plainly: dict[str, Any], ours: dict[str, Any]) -> None:
    print(f"Reading photos, {which}")
    for kind, theirs in plainly["answers"].items():
        answers = ours["answers"][kind]
        seconds = plainly["seconds"][kind], ours["seconds"][kind]
        labels = sum(map(len, answers))
        print(
            f"  {kind}: {len(answers) / seconds[1]:.1f} photos a second against {len(answers) / seconds[0]:.1f}, "
            f"{seconds[0] / seconds[1]:.2f} times as fast; {labels / seconds[1] * 3600:,.0f} labels an hour, "
            f"{labels / seconds[1] * 3600 / PEAK:.1f} times Roulette's peak"
        )
        pairs = list(zip(theirs, answers, strict=True))
        faces = [(box, [other for other, *_ in our if other]) for their, our in pairs for box, *_ in their if box]
        boxes = sum(any(_iou(box, other) > 0.7 for other in others) for box, others in faces)
        things = sum(their[0][1] == our[0][1] for their, our in pairs)
        people = sum(their[0][2] == our[0][2] for their, our in pairs)
        print(
            f"    the same box for {boxes} of {len(faces)} faces, the same first object for {things}, the same "
            f"person category for {people} of {len(answers)} photos"
        )
    print(f"  peak memory: {ours['megabytes']:.0f} MB against {plainly['megabytes']:.0f} MB")


def _run(way: str, folder: Path = ROOT) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.reading", way]
    environment = {**os.environ, "PYTHONPATH": str(folder.resolve())}
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=folder, env=environment)
    result: dict[str, Any] = json.loads(run.stdout)
    return result


def _iou(one: list[int], other: list[int]) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0, width) * max(0, height)
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (area - shared)


if __name__ == "__main__":
    if sys.argv[1] == "against":
        report_against(Path(sys.argv[2]))
    else:
        print(json.dumps(measure({"plain": plain, "explainer": explainer}[sys.argv[1]]())))
