"""What the checks find of maps of a sample picture, compiled into a table, so that pages can show it at once.

It counts only for the weights that it was compiled with.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from explainer.attribution import explain, faithfulness, sample_results, verdicts
from explainer.attribution.faithfulness import Claim
from explainer.attribution.verdicts import Common, Judgement, Verdict
from explainer.imagenet import taxonomy
from explainer.jobs import whole
from explainer.vision import cards, pipeline, samples
from explainer.vision.pipeline import Reader

TABLE = taxonomy.DATA / "sample_verdicts.json"

SAMPLE = "photographer"
"""The sample picture that the laboratory opens with: one map of it held up, and the other did not."""


@cache
def load() -> Mapping[str, tuple[Judgement, ...]] | None:
    """The judgements of the maps in `sample_results`, by the sample's name.

    None where they are of other weights than those that the default card names.
    """
    if not TABLE.is_file():
        return None
    facts = json.loads(TABLE.read_text(encoding="utf-8"))
    if facts["weights"] != getattr(cards.load().weights, "sha256", ""):
        return None
    return {
        name: tuple(
            Judgement(method, tuple(Verdict(**_with_nan(each)) for each in found)) for method, found in judged.items()
        )
        for name, judged in facts["judgements"].items()
    }


def judged(reader: Reader, name: str, methods: Sequence[str] = sample_results.METHODS) -> tuple[Judgement, ...]:
    """What the checks find of methods' maps of a sample picture's first word, computed now."""
    photo, common = samples.read(name), Common()
    reading, *_ = pipeline.read(reader, photo).readings
    crop, target = pipeline.seen(photo, reading), sample_results.first_word(reading)
    found = []
    for method in methods:
        given = explain.explain(reader.classifier, reader.head, crop, target, method)
        claim = Claim(reader.classifier, reader.head, crop, given)
        found.append(whole(verdicts.judge_in_parts(claim, lambda fraction: None, common=common)))
    return tuple(found)


def write() -> Path:
    """Compile the table and put it in the package; returns its path. Takes minutes."""
    reader = pipeline.load()
    found = {
        name: {each.method: [_rounded(asdict(said)) for said in each.verdicts] for each in judged(reader, name)}
        for name in samples.SAMPLES
    }
    facts = {"weights": getattr(cards.load().weights, "sha256", ""), "judgements": found}
    TABLE.write_text(json.dumps(faithfulness.without_nan(facts), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    load.cache_clear()
    return TABLE


def _rounded(said: dict[str, Any]) -> dict[str, Any]:
    """Numbers to five digits."""
    return {key: round(value, 5) if isinstance(value, float) else value for key, value in said.items()}


def _with_nan(said: dict[str, Any]) -> dict[str, Any]:
    return {key: float("nan") if value is None else value for key, value in said.items()}
