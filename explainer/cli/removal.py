"""`explainer removal`: the steps of the removal, or what another rule would have kept."""

import argparse
import contextlib
import json
from collections.abc import Collection
from dataclasses import asdict
from typing import Any, get_args

from explainer.imagenet import published, removal, vocabularies
from explainer.imagenet.taxonomy import Extent, Safety

ERRORS = ()


def add_arguments(remove: argparse.ArgumentParser) -> None:
    """Another rule, if it is asked for."""
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


def _rating(text: str) -> float:
    with contextlib.suppress(ValueError):
        number = float(text)
        if removal.LOWEST <= number <= removal.HIGHEST:
            return number
    raise argparse.ArgumentTypeError(f"a number from {removal.LOWEST:g} to {removal.HIGHEST:g}, as in 3.5")


# How the table names each field of a removal.RuleOutcome.
_OUTCOME = {
    "kept": "kept by this rule",
    "not_rated": "  of these, never rated",
    "returned": "  of these, removed by 2021",
    "removed": "removed by this rule",
    "lost": "  of these, kept in 2021",
}


def run(options: argparse.Namespace) -> int:
    """Print the steps, or the rule and its outcome."""
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
