"""The command `explainer`: what the pages show, from a shell. docs/command-line.md describes it."""

import argparse
import contextlib
import json
import os
import sys
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, get_args

from tqdm import tqdm

from explainer.attribution import explain, sample_results, sample_verdicts
from explainer.attribution.explain import MethodFailed, Target
from explainer.attribution.report import Report
from explainer.charts import pictures
from explainer.imagenet import catalogue, published, removal, search, taxonomy, vocabularies, words
from explainer.imagenet.taxonomy import Extent, Safety
from explainer.imagenet.words import Caption, Context
from explainer.jobs import Job, Progress, Worker
from explainer.setup import files, page_fonts, provision
from explainer.vision import cards, photos, pipeline
from explainer.vision.photos import Photo, PhotoError
from explainer.vision.pipeline import Reader, Result
from explainer.workshop import presenter_key

_EXTENSIONS = {
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp",
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 1 if some of the work failed, 2 if the call was wrong."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except (cards.CardError, files.ProvisionError, explain.MethodError) as error:
        print(f"explainer: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of the output has gone; Python would complain again on exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="explainer", description="How image categories turn people into labels.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    classify = commands.add_parser("classify", help="label photos; prints one JSON object a line")
    classify.add_argument("photos", nargs="+", type=_named_path, metavar="PHOTO", help="a photo, or a folder of photos")
    classify.add_argument(
        "--top", type=_at_least_one, default=5, metavar="N", help="how many labels in each list (default: 5)"
    )
    classify.add_argument("--whole", action="store_true", help="label the whole picture instead of the faces in it")
    classify.add_argument(
        "--model", default=cards.DEFAULT, metavar="NAME", help=f"the model to use (default: {cards.DEFAULT})"
    )
    classify.add_argument("--reveal", action="store_true", help="print offensive and sensitive words unmasked")
    classify.add_argument(
        "--explain",
        choices=explain.METHODS,
        metavar="METHOD",
        help=f"explain the first label of each face: {', '.join(explain.METHODS)}",
    )
    classify.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write the explanations: map (.png and .npy), how made (.json)"
    )
    classify.set_defaults(run=_classify, parser=classify)

    category = commands.add_parser("category", help="show a category, or all categories that a word names")
    category.add_argument("name", metavar="WORD|WNID")
    find = commands.add_parser("search", help="find categories by word, number (wnid) or definition")
    find.add_argument("text", metavar="TEXT")
    find.add_argument("--top", type=_at_least_one, default=20, metavar="N", help="how many at most (default: 20)")
    for parser_, run in ((category, _category), (find, _search)):
        parser_.add_argument("--reveal", action="store_true", help="print offensive words unmasked")
        parser_.add_argument("--json", action="store_true", help="print one JSON object a line")
        parser_.set_defaults(run=run)

    remove = commands.add_parser("removal", help="show the steps of the removal, or what another rule would have kept")
    remove.add_argument("--json", action="store_true", help="print one JSON object a line")
    remove.add_argument(
        "--drop",
        nargs="+",
        action="extend",
        choices=get_args(Safety),
        help="remove all categories of these safety classes",
    )
    remove.add_argument(
        "--threshold", type=_rating, metavar="X", help="remove what is rated harder to picture than this, 1 to 5"
    )
    remove.add_argument("--strict", action="store_true", help="also remove what is rated exactly at the threshold")
    remove.set_defaults(run=_removal, parser=remove)

    models = commands.add_parser("models", help="list the models and say which are present, or download some")
    models.add_argument(
        "--download", nargs="+", metavar="NAME", default=[], help="download the weights of these models"
    )
    models.set_defaults(run=_models)

    provide = commands.add_parser("provision", help="fetch WordNet and the face detector")
    provide.add_argument(
        "--pack",
        type=Path,
        metavar="FOLDER",
        help="fill this folder with all that an installation without a network needs",
    )
    provide.add_argument(
        "--apt", action="store_true", help="let apt-get install WordNet if nothing else has it (needs root)"
    )
    provide.set_defaults(run=_provision)

    key = commands.add_parser("key", help="make a presenter's key for a workshop")
    key.set_defaults(run=_key)

    compile_ = commands.add_parser("compile", help="rebuild a table that ships with the package")
    compile_.add_argument("table", choices=("tree", "embeddings", "samples", "verdicts"))
    compile_.set_defaults(run=_compile)
    return parser


def _named_path(text: str) -> Path:
    if not text:  # Path would take it for the current folder
        raise argparse.ArgumentTypeError("an empty name names no photo")
    return Path(text)


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _rating(text: str) -> float:
    with contextlib.suppress(ValueError):
        number = float(text)
        if removal.LOWEST <= number <= removal.HIGHEST:
            return number
    raise argparse.ArgumentTypeError(f"a number from {removal.LOWEST:g} to {removal.HIGHEST:g}, as in 3.5")


def _classify(options: argparse.Namespace) -> int:
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
        return words.caption(wnid, Context.PHOTO, options.reveal)

    def classify(path: Path, reader: Reader, progress: Progress) -> dict[str, Any]:
        try:
            photo = photos.read_file(path)
        except PhotoError as error:
            return {"photo": str(path), "error": str(error)}
        result = pipeline.read(reader, photo, options.whole)
        if options.explain:
            stem = options.out / f"{path.stem[:100]}-{photo.digest[:8]}"
            try:
                _explain(reader, photo, result, options.explain, stem)
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
                record = _recorded(*waiting.popleft())
                failed |= "error" in record
                tqdm.write(json.dumps(record))
                sys.stdout.flush()
                bar.update()
    finally:
        for _, job in waiting:  # those that still wait when the work is interrupted
            job.cancel()
    return int(failed)


_AHEAD = 8  # photos for each thread that are asked for before the first of them is printed


def _recorded(path: Path, job: Job[dict[str, Any]]) -> dict[str, Any]:
    """What a job found, or the error that it met. Raises those that every other photo would meet as well."""
    try:
        return job.result()
    except (cards.CardError, files.ProvisionError, explain.MethodError):
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
    return file.is_file() and (file.suffix.lower() in _EXTENSIONS or photos.is_familiar(file))


def _explain(reader: Reader, photo: Photo, result: Result, method: str, stem: Path) -> None:
    """Save the explanation of the first label of each reading. The files have no words in them."""
    for number, reading in enumerate(result.readings, start=1):
        target = Target("person", reading.people(vocabularies.OLDEST, 1)[0].wnid)
        attribution = explain.explain_photo(reader, photo, reading.box, target, method)
        crop = pipeline.seen(photo, reading)
        Report(crop, (attribution,), reading.box).save(Path(f"{stem}-{number}"), partial(pictures.overlay, crop))


def _category(options: argparse.Namespace) -> int:
    index = search.load()
    named = index.named(options.name[: search.MAX_LENGTH + 1])
    if not named:
        print("explainer: no category has this name; try `explainer search`.", file=sys.stderr)
        return 1
    tree = taxonomy.load()
    for wnid in named:
        said = _record(wnid, options.reveal)
        relations = {
            "parents": tree[wnid].parents,
            "children": tree.hyponyms(wnid) + tree.instances(wnid),
            "siblings": tree.siblings(wnid),
            # Other senses would give a masked word away, and masked senses would give this one away.
            "senses": [
                other for other in index.senses(wnid) if not said["masked"] and _said(other, options.reveal)["words"]
            ],
        }
        said |= {name: [_said(other, options.reveal) for other in others] for name, others in relations.items()}
        said["vocabularies"] = vocabularies.naming(wnid)
        if options.json:
            print(json.dumps(said))
            continue
        print(_line(said))
        for path in said["paths"]:
            print("  " + " > ".join(path))
        for relation in relations:
            if said[relation]:
                print(f"  {relation}: {', '.join(other['words'] or '[masked: offensive]' for other in said[relation])}")
        for fact in ("images", "categories_below", "images_below", "safety", "imageability", "status"):
            if said[fact] is not None:
                print(f"  {fact.replace('_', ' ')}: {said[fact]}")
        for lists in ("releases", "vocabularies"):
            print(f"  {lists}: {', '.join(said[lists]) or 'none'}")
    return 0


def _search(options: argparse.Namespace) -> int:
    try:
        hits = search.load().find(options.text, options.top)
    except search.SearchError as error:
        print(f"explainer: {error}", file=sys.stderr)
        return 2
    for wnid in hits.wnids:
        said = _record(wnid, options.reveal)
        print(json.dumps(said) if options.json else _line(said))
    if not hits.wnids:
        alike = f" Spelt alike: {', '.join(hits.spellings)}." if hits.spellings else ""
        print(f"explainer: no category has that word.{alike}", file=sys.stderr)
    return int(not hits.wnids)


def _record(wnid: str, reveal: bool) -> dict[str, Any]:
    """A category as `catalogue.record` gives it, with the names on its paths."""

    def caption(wnid: str) -> Caption:
        return words.caption(wnid, Context.TREE, reveal)

    paths = taxonomy.load().hypernym_paths(wnid)
    return {
        **catalogue.record(wnid, caption),
        "paths": [[catalogue.as_text(caption(step).name) for step in path] for path in paths],
    }


def _said(wnid: str, reveal: bool) -> dict[str, Any]:
    said = words.caption(wnid, Context.TREE, reveal)
    return {"wnid": wnid, "words": said.words and catalogue.as_text(said.name)}


def _line(said: dict[str, Any]) -> str:
    return f"{said['wnid']}  {said['words'] or '[masked: offensive]'}" + (f": {said['gloss']}" if said["gloss"] else "")


# How the table names each field of a removal.RuleOutcome.
_OUTCOME = {
    "kept": "kept by this rule",
    "not_rated": "  of these, never rated",
    "returned": "  of these, removed by 2021",
    "removed": "removed by this rule",
    "lost": "  of these, kept in 2021",
}


def _removal(options: argparse.Namespace) -> int:
    if options.strict and options.threshold is None:
        options.parser.error("--strict needs a threshold: add --threshold X")
    if options.drop is None and options.threshold is None:
        records, rows = _steps()
    else:
        records, rows = _another_rule(options.drop or (), options.threshold or removal.LOWEST, options.strict)
    if options.json:
        for record in records:
            print(json.dumps(record))
    else:
        for record in records:
            if rule := record.get("rule"):
                than = "above" if rule["strict"] else "from"
                print(f"dropped: {', '.join(rule['drop']) or 'nothing'}; imageability: {than} {rule['threshold']:g}")
        print(f"{'':28}{'categories':>12}{'images':>12}")
        for title, extent in rows:
            print(f"{title:28}{extent.categories:>12,}{extent.images:>12,}")
    return 0


def _steps() -> tuple[list[dict[str, Any]], list[tuple[str, Extent]]]:
    """The steps of the removal, as records and as rows of a table."""
    rows, records = [], []
    announced = Extent(*(int(published.figure(name).published.replace(",", "")) for name in published.UNSAFE.values()))
    for step in removal.steps():
        record = {**asdict(step), "together": asdict(step.together)}
        rows += [(f"  {reason}, removed", gone) for reason, gone in step.removed.items() if gone.categories]
        if step.release == vocabularies.ANNOUNCED:
            rows += [("  together, removed", step.together), ("  together, as published", announced)]
            record["as_published"] = asdict(announced)
        rows.append((vocabularies.RELEASES[step.release].title, step.kept))
        records.append(record)
    return records, rows


def _another_rule(
    drop: Collection[Safety], threshold: float, strict: bool
) -> tuple[list[dict[str, Any]], list[tuple[str, Extent]]]:
    """A rule and its outcome as a record, with the wnids of each group, and the outcome as the rows of a table."""
    outcome = removal.what_if(drop, threshold, strict)
    groups = {name: removal.by_images(getattr(outcome, name)) for name in _OUTCOME}
    record = {
        "rule": {"drop": sorted(set(drop)), "threshold": threshold, "strict": strict},
        **{name: {**asdict(removal.extent(wnids)), "wnids": wnids} for name, wnids in groups.items()},
    }
    return [record], [(_OUTCOME[name], removal.extent(wnids)) for name, wnids in groups.items()]


def _models(options: argparse.Namespace) -> int:
    failed = False
    for card in [cards.load(name) for name in options.download]:
        try:
            with files.terminal_progress(card.title) as progress:
                cards.fetch(card, progress=progress, report=lambda line: print(line, file=sys.stderr))
            pipeline.load(card.name)  # runs the self-test
        except (files.ProvisionError, cards.CardError) as error:
            failed = True
            print(error, file=sys.stderr)
        else:
            print(f"{card.title} is ready: it passed the self-test.")
    for card in () if options.download else cards.load_all():
        print(f"{card.name}  {card.title}  {card.labels}  {card.licence}  {_state(card)}")
    for trouble in () if options.download else cards.troubles():
        failed = True
        print(trouble, file=sys.stderr)
    return int(failed)


def _state(card: cards.ModelCard) -> str:
    if not card.present:
        return f"missing: {card.weights.remedy(card.name)}"
    return "present" if card.weights.is_whole() else f"{card.weights.path} is not the file that the card names"


def _provision(options: argparse.Namespace) -> int:
    if options.pack:
        downloaded = [card.weights.asset for card in cards.load_all() if card.present and card.weights.asset]
        provision.pack(options.pack, (files.YUNET, *downloaded))
    else:
        missing = provision.provision(apt=options.apt)
        if words.compile_dictionary():
            print("The dictionary: compiled, so that searching starts at once")
        pipeline.load()
        print(f"{cards.load().title}: compiled, so that reading starts at once")
        page_fonts.compile_fonts()
        print("The page's typefaces: cut to what the app shows, so that pages come sooner")
        return int(bool(missing))
    return 0


def _key(options: argparse.Namespace) -> int:
    print(presenter_key.made_key())
    return 0


def _compile(options: argparse.Namespace) -> int:
    try:
        path = _written(options.table)
    except ImportError as error:
        print(f"explainer: {error.name} is missing; pip install -e '.[embeddings]' brings it.", file=sys.stderr)
        return 2
    if path is None:
        print("explainer: WordNet 3.0 is missing; `explainer provision` fetches it.", file=sys.stderr)
        return 2
    print(f"Wrote {path}")
    return 0


def _written(table: str) -> Path | None:
    """The file of a table that was compiled; None where the dictionary that it needs is missing."""
    if table == "samples":
        return sample_results.write()
    if table == "verdicts":
        return sample_verdicts.write()
    with contextlib.suppress(LookupError):
        if table == "tree":
            return taxonomy.write_table()
        from explainer.vision import people  # imports torch

        return people.write_embeddings()
    return None
