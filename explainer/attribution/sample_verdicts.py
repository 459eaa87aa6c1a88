"""What the checks find of maps of a sample picture, compiled into a table, so that a page can open with it.

It counts only for the weights that it was compiled with.
"""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from explainer.attribution import explain, sample_results, verdicts
from explainer.attribution.faithfulness import Claim
from explainer.attribution.verdicts import Judgement, Verdict
from explainer.imagenet import taxonomy
from explainer.vision import cards, pipeline, samples
from explainer.vision.pipeline import Reader

TABLE = taxonomy.DATA / "sample_verdicts.json"

SAMPLE = "astronaut"
"""The sample picture; the maps are those of its first word in `sample_results`."""


@cache
def load() -> tuple[Judgement, ...] | None:
    """The judgements of the sample's maps, or None where they are of other weights than the default card names."""
    if not TABLE.is_file():
        return None
    facts = json.loads(TABLE.read_text(encoding="utf-8"))
    if facts["weights"] != getattr(cards.load().weights, "sha256", ""):
        return None
    return tuple(
        Judgement(method, tuple(Verdict(**_with_nan(each)) for each in found))
        for method, found in facts["judgements"].items()
    )


def judged(reader: Reader, method: str) -> Judgement:
    """What the checks find of a method's map of the sample's first word, computed now."""
    photo = samples.read(SAMPLE)
    reading, *_ = pipeline.read(reader, photo).readings
    crop, target = pipeline.seen(photo, reading), sample_results.first_word(reading)
    given = explain.explain(reader.classifier, reader.head, crop, target, method)
    return verdicts.judge(Claim(reader.classifier, reader.head, crop, given))


def write() -> Path:
    """Compile the table and put it in the package; returns its path. Takes minutes."""
    reader = pipeline.load()
    found = {
        method: [_without_nan(asdict(each)) for each in judged(reader, method).verdicts]
        for method in sample_results.METHODS
    }
    facts = {"weights": getattr(cards.load().weights, "sha256", ""), "judgements": found}
    TABLE.write_text(json.dumps(facts, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    load.cache_clear()
    return TABLE


def _without_nan(said: dict[str, Any]) -> dict[str, Any]:
    """Numbers to five digits, and null for those that do not exist."""
    return {
        key: (round(value, 5) if value == value else None) if isinstance(value, float) else value
        for key, value in said.items()
    }


def _with_nan(said: dict[str, Any]) -> dict[str, Any]:
    return {key: float("nan") if value is None else value for key, value in said.items()}
