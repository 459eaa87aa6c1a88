"""One verdict for each map and check: passed, failed or undecided, with the number behind it and its uncertainty.

To pass is no proof. A map that fails a check does not show what the network did; one that passes was not caught.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explainer.attribution import agreement, faithfulness
from explainer.attribution.explain import Attribution
from explainer.attribution.faithfulness import Claim, Parts
from explainer.attribution.question import Progress

if TYPE_CHECKING:
    from torch import nn

    from explainer.vision.classifiers import Classifier

Outcome = Literal["passed", "failed", "undecided", "not asked"]


@dataclass(frozen=True)
class Check:
    """A check: its title, what it asks, what a map does that fails it, in words for a visitor, and its paper.

    One that does not count is shown, but a map does not fail by it.
    """

    title: str
    asks: str
    failing: str
    paper: str
    counts: bool = True


CHECKS = {
    "insertion": Check(
        "Brings it back",
        "Shown alone, do its brightest cells bring the label back sooner than random cells?",
        "its brightest cells bring the label back no sooner than random ones",
        "Petsiuk et al., RISE (BMVC 2018, arXiv 1806.07421)",
    ),
    "deletion": Check(
        "Takes it away",
        "Hidden, do its brightest cells take the label away sooner than random cells?",
        "hiding its brightest cells takes the label away no sooner than hiding random ones",
        "Petsiuk et al., RISE (BMVC 2018, arXiv 1806.07421)",
    ),
    "road": Check(
        "Painted over",
        "The same, with cells painted over from what is around them, so that no edges come in.",
        "painting over its brightest cells changes no more than painting over random ones",
        "Rong et al., ROAD (ICML 2022, arXiv 2202.00449)",
    ),
    "randomised": Check(
        "Depends on the network",
        "Does the map change when the network's upper layers are shuffled?",
        "it hardly changes when the network is shuffled, so it draws the picture, not the network",
        "Adebayo et al., Sanity Checks for Saliency Maps (NeurIPS 2018, arXiv 1810.03292)",
    ),
    "complexity": Check(
        "Loses its order",
        "Does the map become more disordered when all of the network is shuffled?",
        "it is as tidy when all of the network is shuffled",
        "Hedström et al., Efficient MPRT (2024, arXiv 2401.06465)",
        # With permuted weights the gradients of the network that comes with the app have a few huge values, and the
        # histogram of all gradient maps becomes narrower: entropy falls by 60 to 85 %, whatever the method.
        counts=False,
    ),
    "steady": Check(
        "Steady",
        "Does it stay the same under noise that nobody sees?",
        "noise that nobody sees moves it to other places",
        "Yeh et al., On the (In)fidelity and Sensitivity of Explanations (NeurIPS 2019, arXiv 1901.09392)",
    ),
    "complete": Check(
        "Adds up",
        "Where it promises so: do its parts add up to the change of the output?",
        "its parts do not add up as the method promises",
        "Sundararajan et al., Axiomatic Attribution for Deep Networks (ICML 2017, arXiv 1703.01365)",
    ),
}
"""The checks by name, in the order of the table."""


@dataclass(frozen=True)
class Verdict:
    """What a check found: a number, how far it may be off, and the bound that decides.

    Against random orders `within` is how far the best of them came; else half the range of several draws. Both numbers
    are NaN where there is nothing to measure; `reason` then says why.
    """

    check: str
    outcome: Outcome
    value: float = math.nan
    within: float = math.nan
    bound: float = 0.0
    draws: int = 1
    reason: str = ""


@dataclass(frozen=True)
class Judgement:
    """All verdicts on the map of one method."""

    method: str
    verdicts: tuple[Verdict, ...]

    def verdict(self, check: str) -> Verdict:
        """What a check found, by its name. Raises KeyError for a check that was not run."""
        return {each.check: each for each in self.verdicts}[check]

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that it failed."""
        return self._checks("failed")

    @property
    def undecided(self) -> tuple[str, ...]:
        """The names of the checks that could not decide."""
        return self._checks("undecided")

    @property
    def outcome(self) -> Outcome:
        """Failed, if a check failed; undecided, if no more were passed than could not decide; else passed."""
        if self.failed:
            return "failed"
        return "passed" if len(self._checks("passed")) > len(self.undecided) else "undecided"

    def _checks(self, outcome: Outcome) -> tuple[str, ...]:
        return tuple(each.check for each in self.verdicts if each.outcome == outcome and CHECKS[each.check].counts)


NOTHING_CHANGES = "no part of the picture changes the answer"

UNMOVED = 0.7
"""The rank correlation from which a map counts as the one it was: half of the variance of its ranks is still foretold.

The same bound holds for maps under small noise, by their correlation as drawn."""

COMPLETE = 0.05
"""The share of the whole that the parts of a map may miss."""

_CELLS = 7  # along each side, as in `faithfulness.curves`
_ORDERS = 19  # random orders: to beat all of them happens by chance once in 20 times
_DRAWS = 2  # networks shuffled, and pictures with noise
_STEPS = 6  # of insertion and deletion
_PAINTED = (0.2, 0.5, 0.8)  # shares of the cells that ROAD paints over
_GRID = 28  # pixels along a side of the grid that paint is computed on: it is smooth
_AT_ONCE = 8


def judge(claim: Claim, progress: Progress = lambda fraction: None, seed: int = 0) -> Judgement:
    """Every check of a map. `progress` hears of each part as a fraction, 0 to 1; errors as in `explain.explain`."""
    return faithfulness.whole(judge_in_parts(claim, progress, seed))


def judge_in_parts(claim: Claim, progress: Progress, seed: int = 0) -> Parts[Judgement]:
    """The same, to be interrupted between its parts."""
    found: list[Verdict] = []
    if claim.attribution.finding in ("nothing", "even"):
        reason = NOTHING_CHANGES if claim.attribution.finding == "nothing" else "the map is the same everywhere"
        progress(1.0)
        names = [name for name in CHECKS if name != "complete"]
        found = [Verdict(name, "undecided", reason=reason) for name in names]
        return Judgement(claim.attribution.method, (*found, _complete(claim.attribution)))
    found += yield from _orders(claim, lambda fraction: progress(0.4 * fraction), seed)
    again = [*_shuffled(claim, seed), *_noisy(claim, seed)]
    maps = []
    for number, other in enumerate(again):
        maps.append(other.again(lambda fraction: progress(0.4 + 0.6 * fraction), number, len(again)))
        yield
    top, all_of_it, noisy = maps[:_DRAWS], maps[_DRAWS : 2 * _DRAWS], maps[2 * _DRAWS :]
    found.append(_randomised(claim.attribution, top))
    found.append(_complexity(claim.attribution, all_of_it))
    found.append(_steady(claim.attribution, noisy))
    found.append(_complete(claim.attribution))
    return Judgement(claim.attribution.method, tuple(found))


# Against random orders


def _orders(claim: Claim, progress: Progress, seed: int) -> Parts[list[Verdict]]:
    """Insertion, deletion and ROAD, each of the map and of random orders of the cells.

    The number is the advantage over the mean of random orders, as a share of what hiding all of the picture changes.
    Passed is what beats all of 19 random orders, a permutation test at 5 %; failed what does not beat their mean. How
    such numbers scatter is no bell curve, so that no interval is computed from their deviation.
    """
    import torch
    from torch import nn

    question = claim.question("mean", lambda: None)
    head = nn.Softmax(dim=1) if claim.attribution.target.kind == "object" else question.head
    output = replace(question, head=head).output_of_pictures()
    side = question.inputs.shape[-1]
    cells = (min(_CELLS, side), min(_CELLS, side))
    mean = cv2.resize(
        faithfulness.to_pixels(claim.attribution.values, side), cells, interpolation=cv2.INTER_AREA
    ).astype(np.float64)
    orders = [mean, *np.random.default_rng(seed).random((_ORDERS, *cells))]
    ranks = [_ranks(order) for order in orders]
    blurred = claim.question("blurred", lambda: None).baseline
    paint = _Paint(question.inputs, seed)

    def areas(pictures: "list[torch.Tensor]") -> NDArray[np.float64]:
        with torch.no_grad():
            batches = torch.split(torch.cat(pictures), _AT_ONCE)
            return np.concatenate([output(batch).double().numpy() for batch in batches])

    inside = np.linspace(0, 1, _STEPS + 1)[1:-1]
    whole, blur, empty = areas([question.inputs, blurred, question.baseline])
    inserted, deleted, painted = [], [], []
    for number, rank in enumerate(ranks):
        pixels = cv2.resize(rank, (side, side), interpolation=cv2.INTER_NEAREST)
        first = [torch.from_numpy(pixels < share)[None, None] for share in inside]
        came = areas([torch.where(mask, question.inputs, blurred) for mask in first])
        went = areas([torch.where(mask, question.baseline, question.inputs) for mask in first])
        inserted.append(float(np.trapezoid([blur, *came, whole], dx=1 / _STEPS)))
        deleted.append(-float(np.trapezoid([whole, *went, empty], dx=1 / _STEPS)))
        least, most = ([paint.over(np.less(places, share)) for share in _PAINTED] for places in (1 - rank, rank))
        painted.append(float(np.mean(areas(least) - areas(most))))
        progress((number + 1) / len(ranks))
        yield
    floor = max(claim.attribution.floor, 1e-9)
    return [
        _against("insertion", inserted, abs(whole - blur), floor),
        _against("deletion", deleted, abs(whole - empty), floor),
        _against("road", painted, abs(whole - empty), floor),
    ]


def _ranks(order: NDArray[np.float64]) -> NDArray[np.float32]:
    """For each cell its place, (0 to 1), the highest value first."""
    ranks = np.empty(order.size, dtype=np.float32)
    ranks[np.argsort(-order, axis=None, kind="stable")] = (np.arange(order.size) + 0.5) / order.size
    return ranks.reshape(order.shape)


def _against(check: str, numbers: Sequence[float], span: float, floor: float) -> Verdict:
    """The first number against the others, which random orders gave, as shares of the span."""
    if span <= floor:
        return Verdict(check, "undecided", reason=NOTHING_CHANGES)
    ours, chance = numbers[0] / span, np.array(numbers[1:]) / span
    value, best = float(ours - chance.mean()), float(chance.max() - chance.mean())
    outcome: Outcome = "passed" if value > best else "failed" if value <= 0 else "undecided"
    return Verdict(check, outcome, value, best, best, len(chance))


class _Paint:
    """Paints over parts of a picture what their surroundings foretell: ROAD's noisy linear imputation.

    Each pixel painted is the mean of its eight neighbours, those beside it weighing twice as much as those across a
    corner: linear equations, solved on a grid of 28 x 28, as what comes out is smooth. A little noise is added.
    """

    def __init__(self, inputs: Any, seed: int) -> None:
        self.inputs = inputs
        self.grid = min(_GRID, inputs.shape[-1])
        planes = inputs[0].numpy().transpose(1, 2, 0)
        small = cv2.resize(planes, (self.grid, self.grid), interpolation=cv2.INTER_AREA)
        self.small = small.reshape(self.grid**2, -1).astype(np.float64)
        self.noise = 0.01 * float(inputs.max() - inputs.min())
        self.draw = np.random.default_rng(seed)

    def over(self, cells: NDArray[np.bool_]) -> Any:
        """The inputs with those cells painted over, (1, 3, side, side)."""
        import torch

        side, grid = self.inputs.shape[-1], self.grid
        hidden = cv2.resize(cells.astype(np.uint8), (grid, grid), interpolation=cv2.INTER_NEAREST).astype(bool)
        smooth = imputed(self.small, hidden).reshape(grid, grid, -1).astype(np.float32)
        planes = cv2.resize(smooth, (side, side), interpolation=cv2.INTER_LINEAR).transpose(2, 0, 1)
        planes = planes + np.asarray(self.draw.normal(0, self.noise, planes.shape), np.float32)
        mask = cv2.resize(cells.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST).astype(bool)
        return torch.where(torch.from_numpy(mask), torch.from_numpy(planes)[None], self.inputs)


def imputed(values: NDArray[np.float64], hidden: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values (pixels, channels) of a grid in which the hidden (rows, columns) are foretold by what is around them.

    The weights are those of Rong et al. (ICML 2022, arXiv 2202.00449): 1/6 beside, 1/12 across a corner, and at an edge
    scaled up to 1.
    """
    from scipy.sparse import coo_matrix, identity
    from scipy.sparse.linalg import spsolve

    rows, columns = hidden.shape
    if not hidden.any():
        return values
    places = np.arange(rows * columns).reshape(rows, columns)
    entries = []
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            if down or across:
                here = places[max(0, -down) : rows - max(0, down), max(0, -across) : columns - max(0, across)].ravel()
                entries.append(
                    (here, here + down * columns + across, np.full(here.size, 1 / 12 if down and across else 1 / 6))
                )
    at, neighbours, weights = (np.concatenate(each) for each in zip(*entries, strict=True))
    total = np.bincount(at, weights, rows * columns)
    matrix = coo_matrix((weights / total[at], (at, neighbours)), shape=(rows * columns,) * 2).tocsr()
    unknown = hidden.ravel()
    if unknown.all():
        return np.broadcast_to(values.mean(axis=0), values.shape).copy()
    left = identity(int(unknown.sum()), format="csr") - matrix[unknown][:, unknown]
    right = matrix[unknown][:, ~unknown] @ values[~unknown]
    found = values.copy()
    found[unknown] = np.asarray(spsolve(left.tocsc(), right)).reshape(right.shape)
    return found


# Explained again


def _shuffled(claim: Claim, seed: int) -> list[Claim]:
    """The same of networks shuffled: at the top alone and in the upper third, then as a whole with several seeds."""
    from explainer.attribution import networks

    stages = networks.stages(claim.classifier.module)
    third = -(-len(stages) // 3)
    depths = [(1, third)[number % 2] for number in range(_DRAWS)] + [len(stages)] * _DRAWS
    found = []
    for number, depth in enumerate(depths):
        names = [name for _, weights in stages[:depth] for name in weights]
        module = networks.randomised(claim.classifier.module, names, seed + number)
        found.append(replace(claim, classifier=_passing(claim.classifier, module)))
    return found


def _passing(classifier: "Classifier", module: "nn.Module") -> "Classifier":
    return replace(classifier, module=module, passing=True)


def _noisy(claim: Claim, seed: int, radius: int = 3) -> list[Claim]:
    """The same of crops whose values moved by up to `radius` of 255."""
    draw, pixels = np.random.default_rng(seed), np.asarray(claim.crop).astype(int)
    moved = [pixels + draw.integers(-radius, radius + 1, size=pixels.shape) for _ in range(_DRAWS)]
    return [replace(claim, crop=Image.fromarray(np.clip(each, 0, 255).astype(np.uint8))) for each in moved]


def _randomised(given: Attribution, maps: Sequence[Attribution]) -> Verdict:
    """The rank correlations with the maps of shuffled networks; of one that shows nothing any more it is 0."""
    found = [faithfulness.similarity(given, other) for other in maps]
    found = [0.0 if math.isnan(each) else each for each in found]
    return _all_sides("randomised", found, UNMOVED, above=False)


def _complexity(given: Attribution, maps: Sequence[Attribution]) -> Verdict:
    """By how much the entropy of the map grows when all of the network is shuffled, as a share of what it was."""
    before = entropy(given.values)
    if any(other.finding in ("nothing", "even") for other in maps) or before == 0:
        return Verdict("complexity", "undecided", reason="the shuffled network's map shows nothing")
    return _all_sides("complexity", [entropy(other.values) / before - 1 for other in maps], 0.0, above=True)


def entropy(values: NDArray[np.float32], bins: int = 100) -> float:
    """The entropy of the histogram of a map's values, in nats, which eMPRT takes for its complexity."""
    counts = np.histogram(values, bins)[0]
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _steady(given: Attribution, maps: Sequence[Attribution]) -> Verdict:
    found = [agreement.correlation(given.values, other.values) for other in maps]
    if any(map(math.isnan, found)):
        return Verdict("steady", "undecided", reason="nothing in the map speaks for the label")
    return _all_sides("steady", found, UNMOVED, above=True)


def _all_sides(check: str, numbers: Sequence[float], bound: float, above: bool) -> Verdict:
    """Passed where all numbers are on the right side of the bound, failed where none is, else undecided."""
    right = [(number > bound) == above for number in numbers]
    outcome: Outcome = "passed" if all(right) else "undecided" if any(right) else "failed"
    return Verdict(check, outcome, float(np.mean(numbers)), float(np.ptp(numbers)) / 2, bound, len(numbers))


def _complete(given: Attribution) -> Verdict:
    """By what share of the whole the parts of a map miss it."""
    if given.delta is None:
        return Verdict("complete", "not asked", bound=COMPLETE, reason="the method promises no sum")
    missed = missed_share(given)
    if math.isnan(missed):
        return Verdict("complete", "undecided", bound=COMPLETE, reason=NOTHING_CHANGES)
    if math.isinf(missed):
        return Verdict("complete", "failed", bound=COMPLETE, reason="the parts should add up to nothing, and do not")
    return Verdict("complete", "passed" if missed <= COMPLETE else "failed", missed, 0.0, COMPLETE)


def promised_sum(given: Attribution) -> float:
    """The change of the output that the values of a map should add up to; NaN where no sum is promised."""
    return math.nan if given.delta is None else float(given.values.sum(dtype=np.float64)) - given.delta


def missed_share(given: Attribution) -> float:
    """By what share of the whole the parts of a map miss it, 0 or more.

    Infinite where the whole is nothing and the parts are not; NaN where both are rounding, or no sum is promised.
    """
    promised = promised_sum(given)
    if given.delta is None or max(abs(promised), abs(given.delta)) <= given.floor:
        return math.nan
    return abs(given.delta / promised) if abs(promised) > given.floor else math.inf
