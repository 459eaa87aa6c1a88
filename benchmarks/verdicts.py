"""Which maps hold up: every check of every method, over the sample pictures, whole and by face, for three labels each.

This measures the network that comes with the app and not its speed. `python -m benchmarks.verdicts METHOD ...` asks
some methods, `python -m benchmarks verdicts` all. It prints the table of docs/methods.md, which takes some twenty
minutes on two cores, half of them for LIME and Kernel SHAP.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Sequence

from explainer.attribution import explain, verdicts
from explainer.attribution.explain import METHODS, AttributionError, Target
from explainer.attribution.faithfulness import Claim
from explainer.attribution.verdicts import CHECKS, Common, Judgement
from explainer.imagenet.vocabularies import OLDEST
from explainer.jobs import whole
from explainer.vision import faces, pipeline, samples
from explainer.vision.pipeline import Reader

LABELS = 3


def judged(reader: Reader, methods: Sequence[str]) -> dict[str, list[Judgement]]:
    """What the checks find of each method's maps, one for each square of a sample picture and each of its labels."""
    found: dict[str, list[Judgement]] = defaultdict(list)
    for name in samples.SAMPLES:
        photo = samples.read(name)
        readings = {
            reading.box: reading for whole in (True, False) for reading in pipeline.read(reader, photo, whole).readings
        }
        for box, reading in readings.items():
            crop = faces.crop(photo, box, reader.card.transform.side)
            for label in reading.people(OLDEST, LABELS):
                common, target = Common(), Target("person", label.wnid)
                for method in methods:
                    try:
                        given = explain.explain(reader.classifier, reader.head, crop, target, method)
                        claim = Claim(reader.classifier, reader.head, crop, given)
                        parts = verdicts.judge_in_parts(claim, lambda fraction: None, common=common)
                        found[method].append(whole(parts))
                    except AttributionError as error:
                        print(f"{name}, {method}: {error}", file=sys.stderr)
            print(f"{name}, {'whole' if box is None else 'face'}, so far:\n{table(found)}", file=sys.stderr)
    return found


def table(found: dict[str, list[Judgement]]) -> str:
    """For each method how many of its maps failed nothing and how many failed each check, in Markdown."""
    checks = [name for name, check in CHECKS.items() if check.counts]
    rows = [
        ["method", "maps", "failed nothing", "undecided", *(f"fails “{CHECKS[name].title}”" for name in checks)],
        ["---"] * (len(checks) + 4),
    ]
    for method, judgements in sorted(found.items(), key=lambda each: -_passed(each[1])):
        outcomes = Counter(each.outcome for each in judgements)
        failed = Counter(check for each in judgements for check in each.failed)
        asked = {name: any(each.verdict(name).outcome != "not asked" for each in judgements) for name in checks}
        counts = [str(failed[name]) if asked[name] else "–" for name in checks]
        number = [len(judgements), outcomes["passed"], outcomes["undecided"]]
        rows.append([METHODS[method].title, *map(str, number), *counts])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _passed(judgements: Sequence[Judgement]) -> int:
    return sum(each.outcome == "passed" for each in judgements)


def report(methods: Sequence[str] = ()) -> None:
    """Ask and print."""
    reader = pipeline.load()
    print(table(judged(reader, methods or explain.offered(reader.classifier, reader.head, "person"))))


if __name__ == "__main__":
    report(sys.argv[1:])
