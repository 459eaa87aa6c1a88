"""`explainer classify`: photos labelled, one JSON object a line."""

import argparse
import json
import os
import sys
from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from explainer.attribution import explain
from explainer.attribution.explain import MethodFailed, Target
from explainer.attribution.report import Report
from explainer.charts import pictures
from explainer.cli import at_least_one
from explainer.imagenet import masked_words, vocabularies
from explainer.imagenet.masked_words import Caption, Context
from explainer.jobs import Job, Progress, Worker
from explainer.setup import files
from explainer.vision import cards, photos, pipeline
from explainer.vision.photos import Photo, PhotoError
from explainer.vision.pipeline import Reader, Result

ERRORS = (cards.CardError, files.ProvisionError, explain.MethodError)


def add_arguments(classify: argparse.ArgumentParser) -> None:
    """Photos, and how they are read."""
    classify.add_argument("photos", nargs="+", type=_named_path, metavar="PHOTO", help="a photo, or a folder of photos")
    classify.add_argument(
        "--top", type=at_least_one, default=5, metavar="N", help="how many labels in each list (default: 5)"
    )
    classify.add_argument("--whole", action="store_true", help="label the whole picture instead of the faces in it")
    classify.add_argument(
        "--model", default=cards.DEFAULT, metavar="NAME", help=f"the model to use (default: {cards.DEFAULT})"
    )
    classify.add_argument("--reveal", action="store_true", help="print offensive and sensitive words uncovered")
    classify.add_argument(
        "--explain",
        choices=explain.METHODS,
        metavar="METHOD",
        help=f"explain the first label of each face: {', '.join(explain.METHODS)}",
    )
    classify.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write the explanations: map (.png and .npy), how made (.json)"
    )


def _named_path(text: str) -> Path:
    if not text:  # Path would take it for the current folder
        raise argparse.ArgumentTypeError("an empty name names no photo")
    return Path(text)


def run(options: argparse.Namespace) -> int:
    """Label the photos; 1 where one of them could not be."""
    if bool(options.explain) != bool(options.out):
        options.parser.error("--explain and --out go together")
    paths = [path for given in options.photos for path in _files(given)]
    cards.load(options.model)  # so that a wrong name ends the call before any work
    if options.out:
        try:
            options.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            print(f"explainer: {options.out} cannot be a folder for explanations: {error.strerror}.", file=sys.stderr)
            return 2

    def caption(wnid: str) -> Caption:
        return masked_words.caption(wnid, Context.PHOTO, options.reveal)

    def classify(path: Path, reader: Reader, progress: Progress) -> dict[str, Any]:
        try:
            photo = photos.read_file(path)
        except PhotoError as error:
            return {"photo": str(path), "error": str(error)}
        result = pipeline.read(reader, photo, options.whole)
        if options.explain:
            stem = options.out / f"{path.stem[:100]}-{photo.digest[:8]}"
            try:
                _explain(reader, photo, result, options.explain, stem, progress)
            except MethodFailed as error:
                return {"photo": str(path), "error": str(error)}
            except OSError as error:
                return {"photo": str(path), "error": f"The explanation cannot be written: {error.strerror}."}
        return {"photo": str(path), **pipeline.record(result, options.top, caption)}

    # Explaining hooks the module, so only one thread may do it.
    threads = 1 if options.explain else os.cpu_count() or 1
    worker = Worker(lambda: pipeline.load(options.model), "reader", threads)
    if not paths:
        print("explainer: no photo was found there.", file=sys.stderr)
    failed = False
    waiting: deque[tuple[Path, Job[dict[str, Any]]]] = deque()  # a few at a time, so that a long list takes no memory
    unasked = iter(paths)
    try:
        with tqdm(total=len(paths), unit="photo", disable=not sys.stderr.isatty()) as bar:
            while True:
                for path in islice(unasked, _AHEAD * threads - len(waiting)):
                    waiting.append((path, worker.submit(partial(classify, path))))
                if not waiting:
                    break
                record = _recorded(*waiting[0])
                waiting.popleft()
                failed |= "error" in record
                tqdm.write(json.dumps(record))
                sys.stdout.flush()
                bar.update()
    finally:
        for _, job in waiting:  # those that still wait, or are under way, when the work is interrupted
            job.cancel()
    return int(failed)


_AHEAD = 8  # photos for each thread that are asked for before the first of them is printed


def _recorded(path: Path, job: Job[dict[str, Any]]) -> dict[str, Any]:
    """What a job found, or the error that it met. Raises those that every other photo would meet as well."""
    try:
        return job.result()
    except ERRORS:
        raise
    except Exception as error:  # an error of one photo that nobody foresaw: the others are still good
        return {"photo": str(path), "error": f"It cannot be labelled ({type(error).__name__}: {files.why(error)})."}


def _files(path: Path) -> Iterator[Path]:
    """The photos that a path stands for: the file itself, or all photos in the folder and below it, by name.

    Content decides, whatever a file is called; one that is called like a photo and is none is tried as well. A folder
    that may not be entered stands there itself, so that reading it says so.
    """
    try:
        if not path.is_dir():
            yield path
            return
    except OSError:  # the name is too long, or the folder may not be entered: reading it will say so
        yield path
        return
    barred: list[Path] = []
    found = [
        Path(folder, name)
        for folder, _, names in os.walk(path, onerror=lambda error: barred.append(Path(error.filename)))
        for name in names
    ]
    yield from sorted([*barred, *filter(_is_photo, found)])


def _is_photo(file: Path) -> bool:
    return file.is_file() and (file.suffix.lower().removeprefix(".") in photos.EXTENSIONS or photos.is_familiar(file))


def _explain(reader: Reader, photo: Photo, result: Result, method: str, stem: Path, progress: Progress) -> None:
    """Save the explanation of the first label of each reading. The files have no words in them.

    `progress` is told of each, from 0 to 1; what it raises ends the work.
    """
    for number, reading in enumerate(result.readings, start=1):
        target = Target("person", reading.people(vocabularies.OLDEST, 1)[0].wnid)
        attribution = explain.explain_photo(reader, photo, reading.box, target, method, progress)
        crop = pipeline.seen(photo, reading)
        Report(crop, (attribution,), reading.box).save(Path(f"{stem}-{number}"), partial(pictures.overlay, crop))
