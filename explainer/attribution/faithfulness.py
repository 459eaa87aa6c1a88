"""Whether an explanation is true of the network: what its map foretells, how steady it is, what it depends on."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explainer.attribution import explain
from explainer.attribution.explain import Attribution
from explainer.attribution.question import Progress, Question, counter
from explainer.jobs import Parts, whole

# torch, Captum and SciPy take seconds to import, and the pages know this module before they need them.
if TYPE_CHECKING:
    import torch

    from explainer.vision.classifiers import Classifier
    from explainer.vision.people import PeopleHead
    from explainer.vision.pipeline import Reader

Direction = Literal["insertion", "deletion"]
Order = Literal["map", "random", "centre"]

_AT_ONCE = 8  # passes in one batch
_CELLS = 7  # along each side of the picture, of 32 x 32 pixels: those of Grad-CAM's map
_ORDERS = 4  # random ones


@dataclass(frozen=True, eq=False)
class Claim:
    """What is checked: that a map shows why a network, with the head for its people, answers so to a crop."""

    classifier: "Classifier"
    head: "PeopleHead"
    crop: Image.Image
    attribution: Attribution

    def question(self, baseline: str, heard: Callable[[], None]) -> Question:
        """The map's target as a question, with an empty picture of `question.BASELINES`."""
        target = self.attribution.target
        settings = {"baseline": baseline}
        return explain.question(self.classifier, self.head, self.crop, target, settings, lambda outputs: heard())

    def answer(self, baseline: str, heard: Callable[[], None]) -> Question:
        """The same, but of an object its probability and not its logit, which is what parts bring and take away."""
        from torch import nn

        question = self.question(baseline, heard)
        return replace(question, head=nn.Softmax(dim=1)) if self.attribution.target.kind == "object" else question

    @property
    def cells(self) -> NDArray[np.float32]:
        """The mean of the map in each of the cells that come and go, (rows, columns)."""
        side = self.classifier.card.transform.side
        cells = (min(_CELLS, side), min(_CELLS, side))
        shrunk = cv2.resize(to_pixels(self.attribution.values, side), cells, interpolation=cv2.INTER_AREA)
        return np.asarray(shrunk, np.float32)

    def again(self, progress: Progress, done: int, number: int) -> Parts[Attribution]:
        """The same target by the same method, the explanation after `done` of a `number` of them."""
        return explain.explain_in_parts(
            self.classifier,
            self.head,
            self.crop,
            self.attribution.target,
            self.attribution.method,
            lambda fraction: progress((done + fraction) / number),
            self.attribution.settings,
        )


@dataclass(frozen=True, eq=False)
class Curve:
    """How an output changes while cells of the picture come into an empty one, or go from the whole, in an order.

    The order is that of the map, the highest mean first; or from the centre of the picture outwards; or random, as the
    mean of some such curves. `shares` is float (n,), the share of the cells that came or went, 0 to 1. `outputs` is
    float (n,): of an object its probability, of a person category its cosine, and with a target that has an `against`
    the difference of the two. `cells` is the grid (rows, columns), `baseline` what stands for an empty picture, one of
    `question.BASELINES`, `curves` how many it is the mean of, and `seed` what random orders were drawn from.
    """

    direction: Direction
    order: Order
    shares: NDArray[np.float64]
    outputs: NDArray[np.float64]
    cells: tuple[int, int] = (_CELLS, _CELLS)
    baseline: str = "mean"
    curves: int = 1
    seed: int | None = None

    @property
    def area(self) -> float:
        """The area under it: the truer a map is of the network, the larger in insertion, the smaller in deletion."""
        return float(np.trapezoid(self.outputs, self.shares))


def curves(
    claim: Claim, progress: Progress = lambda fraction: None, steps: int = 24, seed: int = 0
) -> tuple[Curve, ...]:
    """Insertion and deletion (Petsiuk et al., RISE, BMVC 2018, arXiv 1806.07421), each in three orders.

    What comes and goes are not pixels but 7 x 7 cells, as in Samek et al. (TNNLS 2017, arXiv 1509.06321): a few
    random pixels undo most pictures, and few maps do better. Cells come into the crop out of focus, and go to the mean
    colour. `progress` hears of each batch as a fraction, 0 to 1; what it raises ends the work. Raises ValueError for a
    target that the model does not answer with.
    """
    return whole(_curves(claim, progress, steps, seed))


def _curves(claim: Claim, progress: Progress, steps: int = 24, seed: int = 0) -> Parts[tuple[Curve, ...]]:
    side = claim.classifier.card.transform.side
    own = claim.cells
    cells = (own.shape[0], own.shape[1])
    row, column = np.indices(cells) - (cells[0] - 1) / 2
    orders: dict[Order, list[NDArray[Any]]] = {
        "map": [own],
        "random": list(np.random.default_rng(seed).random((_ORDERS, *cells))),
        "centre": [-np.hypot(row, column)],
    }
    baselines: dict[Direction, str] = {"insertion": "blurred", "deletion": "mean"}
    shares = np.linspace(0, 1, steps + 1)
    batches = -(-len(shares) // _AT_ONCE) * (_ORDERS + 2) * len(baselines)
    tell = counter(batches, progress)
    found = []
    for direction, baseline in baselines.items():
        output = claim.answer(baseline, tell).output_of_masks()
        for order, maps in orders.items():
            outputs = []
            for values in maps:
                outputs.append(_along(output, values, shares, side, direction))
                yield
            drawn = seed if order == "random" else None
            found.append(
                Curve(direction, order, shares, np.mean(outputs, axis=0), cells, baseline, len(outputs), drawn)
            )
    return tuple(found)


def _along(
    output: "torch.nn.Module", values: NDArray[Any], shares: NDArray[np.float64], side: int, direction: Direction
) -> NDArray[np.float64]:
    """The outputs of masks in which shares of the cells came or went, those with the highest values first."""
    import torch

    pixels = cv2.resize(ranks(values), (side, side), interpolation=cv2.INTER_NEAREST)
    changed = pixels < shares[:, None, None]
    masks = torch.from_numpy(changed if direction == "insertion" else ~changed)[:, None].float()
    with torch.no_grad():
        return np.concatenate([output(batch).double().numpy() for batch in torch.split(masks, _AT_ONCE)])


def ranks(values: NDArray[Any]) -> NDArray[np.float32]:
    """For each cell its place, 0 to 1, the highest value first."""
    places = np.empty(values.size, dtype=np.float32)
    places[np.argsort(-values, axis=None, kind="stable")] = (np.arange(values.size) + 0.5) / values.size
    return places.reshape(values.shape)


@dataclass(frozen=True)
class Infidelity:
    """How far a map is from foretelling what the network does when parts of the picture are hidden.

    `value` is the mean squared error; `share` the same as a share of the mean squared change, 0 (all foretold) to 1
    (nothing): it compares targets and methods. NaN where nothing changes.
    """

    value: float
    share: float
    samples: int
    seed: int


def infidelity(
    claim: Claim, progress: Progress = lambda fraction: None, samples: int = 64, seed: int = 0
) -> Infidelity:
    """Infidelity under random squares put to the mean colour (Yeh et al., NeurIPS 2019, arXiv 1901.09392).

    The sum of the map within each square should be the change of the output; the map is first scaled by the factor of 0
    or more that fits best, as few methods promise a scale. (Captum's scales by a negative one as well, and so gives a
    map and the same map upside down the same figure.) Where no square changes the output beyond rounding, the share is
    NaN. `progress` and errors as in `curves`.
    """
    import torch

    tell = counter(1 + -(-samples // _AT_ONCE), progress)
    question = claim.question("mean", tell)
    side = claim.classifier.card.transform.side
    draw, squares = np.random.default_rng(seed), np.zeros((samples, side, side), np.float32)
    for square in squares:
        size = int(draw.integers(max(1, side // 8), side // 2 + 1))
        top, left = draw.integers(side - size + 1, size=2)
        square[top : top + size, left : left + size] = 1
    output = question.output_of_masks()
    shown = torch.from_numpy(1 - squares)[:, None]
    with torch.no_grad():
        hidden = np.concatenate([output(batch).double().numpy() for batch in torch.split(shown, _AT_ONCE)])
        changes = float(output(question.shown)) - hidden
    foretold = (squares * to_pixels(claim.attribution.values, side)).sum(axis=(1, 2), dtype=np.float64)
    factor = max(0.0, float(foretold @ changes) / length) if (length := float(foretold @ foretold)) else 0.0
    value, change = float(np.mean((factor * foretold - changes) ** 2)), float(np.mean(changes**2))
    counts = change > claim.attribution.floor**2
    return Infidelity(value, value / change if counts else math.nan, samples, seed)


@dataclass(frozen=True)
class Sensitivity:
    """How far a map moves at most, as a share of its length, when every value of the picture moves by up to `radius`.

    Values are 0 to 255. NaN where the map shows nothing, so that it has no length but that of rounding errors.
    """

    value: float
    radius: int
    samples: int
    seed: int


def max_sensitivity(
    claim: Claim, progress: Progress = lambda fraction: None, radius: int = 3, samples: int = 5, seed: int = 0
) -> Sensitivity:
    """Max-sensitivity (Yeh et al., NeurIPS 2019, arXiv 1901.09392): the method explains `samples` crops with noise.

    `progress` as in `curves`; errors as in `explain.explain`.
    """
    return whole(_max_sensitivity(claim, progress, radius, samples, seed))


def _max_sensitivity(
    claim: Claim, progress: Progress, radius: int = 3, samples: int = 5, seed: int = 0
) -> Parts[Sensitivity]:
    import torch

    if claim.attribution.finding == "nothing":
        progress(1.0)
        return Sensitivity(math.nan, radius, samples, seed)
    draw, furthest = np.random.default_rng(seed), 0.0
    pixels = torch.from_numpy(claim.classifier.to_pixels([claim.crop]))

    for number in range(samples):
        noise = draw.integers(-radius, radius + 1, size=tuple(pixels.shape))
        moved = np.clip(pixels.numpy() + noise, 0, 255).astype(np.uint8)
        # Before Captum asks for it, as it could not be interrupted there.
        found = yield from replace(claim, crop=Image.fromarray(moved[0])).again(progress, number, samples)
        furthest = max(furthest, _moved(claim.attribution, found, pixels, torch.from_numpy(moved)))
        yield
    return Sensitivity(furthest, radius, samples, seed)


def _moved(given: Attribution, found: Attribution, pixels: "torch.Tensor", moved: "torch.Tensor") -> float:
    """How far the map of moved pixels is from the given one, as a share of its length."""
    import torch
    from captum.metrics import sensitivity_max

    maps = iter([given, found])  # Captum asks for that of the picture first

    def explained(pictures: object) -> tuple[torch.Tensor]:
        return (torch.from_numpy(next(maps).values)[None],)

    return float(sensitivity_max(explained, pixels, lambda *pictures: moved, n_perturb_samples=1))


@dataclass(frozen=True, eq=False)
class Randomised:
    """The map of a network randomised from its top down to `stage`, and its rank correlation with the original.

    `seed` is what the network's weights were permuted by. Of maps that show nothing the correlation is NaN.
    """

    stage: str
    attribution: Attribution
    correlation: float
    seed: int


def randomisation(claim: Claim, progress: Progress = lambda fraction: None, seed: int = 0) -> tuple[Randomised, ...]:
    """The cascading randomisation check (Adebayo et al., NeurIPS 2018, arXiv 1810.03292), a stage more each time.

    A map that stays the same while what the network learned goes is not true of it. `progress` as in `curves`; errors
    as in `explain.explain`.
    """
    return whole(_randomisation(claim, progress, seed))


def _randomisation(claim: Claim, progress: Progress, seed: int = 0) -> Parts[tuple[Randomised, ...]]:
    import torch

    from explainer.attribution import networks

    module, generator, found = claim.classifier.module, torch.Generator().manual_seed(seed), []
    stages = networks.stages(module)
    for number, (stage, names) in enumerate(stages):
        module = networks.randomised(module, names, generator)
        other = replace(claim, classifier=claim.classifier.of(module, passing=True))
        again = yield from other.again(progress, number, len(stages))
        found.append(Randomised(stage, again, similarity(claim.attribution, again), seed))
        yield
    return tuple(found)


@dataclass(frozen=True, eq=False)
class Checks:
    """All checks of one map."""

    curves: tuple[Curve, ...]
    infidelity: Infidelity
    sensitivity: Sensitivity
    randomised: tuple[Randomised, ...]


def check(claim: Claim, progress: Progress = lambda fraction: None) -> Checks:
    """Every check of a map, each as by default; `progress` and errors as in each of them."""
    return whole(check_in_parts(claim, progress))


def check_in_parts(claim: Claim, progress: Progress) -> Parts[Checks]:
    """The same, to be interrupted after each curve and each map, and within those maps that can be."""

    def part(begin: float, end: float) -> Progress:
        return lambda fraction: progress(begin + fraction * (end - begin))

    # Shares of the time that they take with a method that passes the network some dozens of times.
    found = yield from _curves(claim, part(0, 0.2))
    unforetold = infidelity(claim, part(0.2, 0.3))
    yield
    moved = yield from _max_sensitivity(claim, part(0.3, 0.5))
    return Checks(found, unforetold, moved, (yield from _randomisation(claim, part(0.5, 1))))


def check_crop(reader: "Reader", crop: Image.Image, attribution: Attribution, progress: Progress) -> Parts[Checks]:
    """The same of a map of what a reader's network saw; it holds the reader as `explain.explain_crop` does."""
    return (yield from check_in_parts(Claim(reader.classifier, reader.head, crop, attribution), progress))


def record(checks: Checks) -> dict[str, Any]:
    """What checks found, as JSON has it; a number that does not exist is null."""
    found: dict[str, Any] = without_nan(_record(checks))
    return found


def without_nan(value: Any) -> Any:
    """The same for JSON, which knows neither NaN nor infinity: null in their place."""
    if isinstance(value, Mapping):
        return {key: without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _record(checks: Checks) -> dict[str, Any]:
    return {
        "curves": [
            {
                "direction": curve.direction,
                "order": curve.order,
                "area": curve.area,
                "cells": list(curve.cells),
                "baseline": curve.baseline,
                "curves": curve.curves,
                "seed": curve.seed,
                "shares": curve.shares.tolist(),
                "outputs": curve.outputs.tolist(),
            }
            for curve in checks.curves
        ],
        "infidelity": asdict(checks.infidelity),
        "max_sensitivity": asdict(checks.sensitivity),
        "randomisation": [
            {
                "stage": each.stage,
                "correlation": each.correlation,
                "seed": each.seed,
            }
            for each in checks.randomised
        ],
    }


def similarity(one: Attribution, other: Attribution) -> float:
    """The rank correlation of two maps; NaN where one of them shows nothing but rounding errors."""
    if "nothing" in (one.finding, other.finding):
        return math.nan
    return rank_correlation(one.values, other.values)


def rank_correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Spearman's rank correlation of two maps, -1 to 1; the coarser is scaled up. NaN where one is constant."""
    from scipy.stats import spearmanr

    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return math.nan
    side = max(len(one), len(other))
    return float(spearmanr(to_pixels(one, side), to_pixels(other, side), axis=None).statistic)


def to_pixels(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """A map scaled to side x side pixels, bilinearly."""
    return cv2.resize(values, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float32)
