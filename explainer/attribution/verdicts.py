"""One verdict for each map and check: passed, failed or undecided, with the number behind it and its uncertainty.

To pass is no proof. A map that fails a check does not show what the network did; one that passes was not caught.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from explainer.attribution import agreement, faithfulness
from explainer.attribution.explain import METHODS, Attribution
from explainer.attribution.faithfulness import Claim
from explainer.attribution.question import Progress
from explainer.jobs import Parts, whole

if TYPE_CHECKING:
    import torch

    from explainer.vision.classifiers import Classifier
    from explainer.vision.pipeline import Reader

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
        "Shown alone, do its brightest spots bring the label back sooner than random ones?",
        "uncovering its brightest spots brings the label back no sooner than uncovering random ones",
        "Petsiuk et al., RISE (BMVC 2018, arXiv 1806.07421)",
    ),
    "deletion": Check(
        "Takes it away",
        "Covered, do its brightest spots take the label away sooner than random ones?",
        "covering its brightest spots takes the label away no sooner than covering random ones",
        "Petsiuk et al., RISE (BMVC 2018, arXiv 1806.07421)",
    ),
    "road": Check(
        "Painted over",
        "The same, with spots painted over from what is around them, so that no edges come in.",
        "painting over its brightest spots changes no more than painting over random ones",
        "Rong et al., ROAD (ICML 2022, arXiv 2202.00449)",
    ),
    "randomised": Check(
        "Depends on the network",
        "Does the map change when the network is shuffled so that it answers by other parts?",
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

    Against random orders `within` is how far the best of them came; else half the range of several draws, and NaN where
    one draw decided alone. Both numbers are NaN where there is nothing to measure; `reason` then says why.
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
    def asked(self) -> tuple[str, ...]:
        """The names of the checks that count, without those of what the method does not promise."""
        return self._checks("passed", "failed", "undecided")

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

    def _checks(self, *outcomes: Outcome) -> tuple[str, ...]:
        return tuple(each.check for each in self.verdicts if each.outcome in outcomes and CHECKS[each.check].counts)


NOTHING_CHANGES = "no part of the picture changes the answer"

UNMOVED = 0.7
"""The rank correlation from which a map counts as the one it was: half of the variance of its ranks is still foretold.

The same bound holds for maps under small noise, by their correlation as drawn."""

COMPLETE = 0.05
"""The share of the whole that the parts of a map may miss."""

_ORDERS = 19  # random orders: to beat all of them happens by chance once in 20 times
_UPPER = 1 / 3  # the share of the network's stages that are shuffled
_OTHERWISE = 0.5  # the correlation of answers below which a network answers by other parts
_TRIED = 4  # networks shuffled, at most
_DRAWS = 2  # of these that count, and pictures with noise, at most
_FAR = 0.2  # so far from its bound one draw decides alone
_STEPS = 6  # of insertion and deletion
_PAINTED = (0.2, 0.5, 0.8)  # shares of the cells that ROAD paints over
_GRID = 28  # pixels along a side of the grid that paint is computed on: it is smooth
_AT_ONCE = 8


Areas = tuple[float, float, float]
"""What an order of the cells gave: the area of insertion, less that of deletion, and the difference of ROAD."""


@dataclass(eq=False)
class Common:
    """What maps of one target by several methods are held against alike: found for the first, kept for the others."""

    chance: list[Areas] = field(default_factory=list)
    """What each random order of the cells gave."""

    otherwise: list[bool] = field(default_factory=list)
    """Whether each of the shuffled networks answers by other parts of the picture."""


def judge(claim: Claim, progress: Progress = lambda fraction: None, seed: int = 0) -> Judgement:
    """Every check of a map. `progress` hears of each part as a fraction, 0 to 1; errors as in `explain.explain`."""
    return whole(judge_in_parts(claim, progress, seed))


def judge_in_parts(claim: Claim, progress: Progress, seed: int = 0, common: Common | None = None) -> Parts[Judgement]:
    """The same, to be interrupted between its parts; maps of one target should share what they have in common."""
    given, common = claim.attribution, common or Common()
    if given.finding in ("nothing", "even"):
        reason = NOTHING_CHANGES if given.finding == "nothing" else "the map is the same everywhere"
        progress(1.0)
        names = [name for name in CHECKS if name != "complete"]
        return Judgement(
            given.method, (*(Verdict(name, "undecided", reason=reason) for name in names), _complete(given))
        )
    found = yield from _orders(claim, lambda fraction: progress(0.3 * fraction), seed, common.chance)

    def again(other: Claim, done: int) -> Parts[Attribution]:
        return other.again(lambda fraction: progress(0.3 + 0.7 * fraction), done, 2 * _DRAWS + 1)

    kept: list[float] = []
    for classifier in _answering_otherwise(claim, seed, common.otherwise):
        if classifier is None:
            yield
            continue
        shuffled = yield from again(replace(claim, classifier=classifier), len(kept))
        similar = faithfulness.similarity(given, shuffled)
        kept.append(0.0 if math.isnan(similar) else similar)  # of a map that shows nothing any more
        yield
        if _certain(kept):
            break
    gone = None
    if METHODS[given.method].cost == "an instant":
        gone = yield from again(replace(claim, classifier=_shuffled(claim.classifier, 1.0, seed)), _DRAWS)
        yield
    moved: list[float] = []
    for noisy in _noisy(claim, seed):
        other = yield from again(noisy, _DRAWS + 1 + len(moved))
        moved.append(agreement.correlation(given.values, other.values))
        yield
        if _certain(moved):
            break
    progress(1.0)
    return Judgement(
        given.method, (*found, _randomised(kept), _complexity(given, gone), _steady(moved), _complete(given))
    )


def judge_crop(
    reader: "Reader", crop: Image.Image, attribution: Attribution, common: Common, progress: Progress
) -> Parts[Judgement]:
    """The same of a map of what a reader's network saw; it holds the reader as `explain.explain_crop` does."""
    claim = Claim(reader.classifier, reader.head, crop, attribution)
    return (yield from judge_in_parts(claim, progress, common=common))


def _certain(found: Sequence[float]) -> bool:
    """Whether further draws would not decide otherwise: the first is far from the bound, or all were made."""
    return len(found) == _DRAWS or abs(found[0] - UNMOVED) > _FAR


# Against random orders


def _orders(claim: Claim, progress: Progress, seed: int, chance: list[Areas]) -> Parts[list[Verdict]]:
    """Insertion, deletion and ROAD, each of the map and of random orders of the cells.

    The number is the advantage over the mean of random orders, as a share of what hiding all of the picture changes.
    Passed is what beats all of 19 random orders, a permutation test at 5 %; failed what does not beat their mean. How
    such numbers scatter is no bell curve, so that no interval is computed from their deviation.
    """
    import torch

    question = claim.answer("mean", lambda: None)
    output = question.output_of_pictures()
    side, own = question.inputs.shape[-1], claim.cells
    blurred = claim.question("blurred", lambda: None).baseline
    paint = _Paint(question.inputs, seed)

    def answers(pictures: "list[torch.Tensor]") -> NDArray[np.float64]:
        with torch.no_grad():
            batches = torch.split(torch.cat(pictures), _AT_ONCE)
            return np.concatenate([output(batch).double().numpy() for batch in batches])

    inside = np.linspace(0, 1, _STEPS + 1)[1:-1]
    whole, blur, empty = answers([question.inputs, blurred, question.baseline])

    def areas(order: NDArray[Any]) -> Areas:
        rank = faithfulness.ranks(order)
        pixels = cv2.resize(rank, (side, side), interpolation=cv2.INTER_NEAREST)
        first = [torch.from_numpy(pixels < share)[None, None] for share in inside]
        pictures = [torch.where(mask, question.inputs, blurred) for mask in first]
        pictures += [torch.where(mask, question.baseline, question.inputs) for mask in first]
        pictures += [paint.over(np.less(places, share)) for places in (1 - rank, rank) for share in _PAINTED]
        came, went, least, most = np.split(answers(pictures), np.cumsum([len(first), len(first), len(_PAINTED)]))
        inserted = float(np.trapezoid([blur, *came, whole], dx=1 / _STEPS))
        deleted = float(np.trapezoid([whole, *went, empty], dx=1 / _STEPS))
        return inserted, -deleted, float(np.mean(least - most))

    ours = areas(own)
    random = np.random.default_rng(seed).random((_ORDERS, *own.shape))
    while len(chance) < _ORDERS:
        chance.append(areas(random[len(chance)]))
        progress(len(chance) / _ORDERS)
        yield
    progress(1.0)
    floor = max(claim.attribution.floor, 1e-9)
    spans = {"insertion": abs(whole - blur), "deletion": abs(whole - empty), "road": abs(whole - empty)}
    return [
        _against(check, value, others, span, floor)
        for (check, span), value, others in zip(spans.items(), ours, np.transpose(chance), strict=True)
    ]


def _against(check: str, ours: float, random: NDArray[np.float64], span: float, floor: float) -> Verdict:
    """The map's number against those of random orders, as shares of the span."""
    if span <= floor:
        return Verdict(check, "undecided", reason=NOTHING_CHANGES)
    chance = random / span
    value, best = float(ours / span - chance.mean()), float(chance.max() - chance.mean())
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


@lru_cache(maxsize=3)  # all that a photo needs, as a rule: every method and every photo is held against the same ones
def _shuffled(classifier: "Classifier", share: float, seed: int) -> "Classifier":
    """The same network with a share of its stages shuffled, from the top down."""
    from explainer.attribution import networks

    stages = networks.stages(classifier.module)
    names = [name for _, weights in stages[: math.ceil(share * len(stages))] for name in weights]
    return classifier.of(networks.randomised(classifier.module, names, seed))


def _answering_otherwise(claim: Claim, seed: int, known: list[bool]) -> Iterator["Classifier | None"]:
    """Networks shuffled in their upper third that answer by other parts of the picture than the network does.

    What is left of a network below its shuffled layers still sees what it saw, and may answer by the same parts: then a
    true map stays as well (Binder et al., CVPR 2023, arXiv 2211.12486). So each cell is hidden by itself, and a network
    whose answers change alike does not count. Between the steps of looking for one, None.
    """
    own = None
    for number in range(_TRIED):
        other = _shuffled(claim.classifier, _UPPER, seed + number)
        if number == len(known):
            yield None
            own = _changes(claim) if own is None else own
            yield None
            changes = _changes(replace(claim, classifier=other))
            still = min(np.ptp(own), np.ptp(changes)) <= claim.attribution.floor
            known.append(bool(still or np.corrcoef(own, changes)[0, 1] < _OTHERWISE))
        if known[number]:
            yield other


def _changes(claim: Claim) -> NDArray[np.float64]:
    """By how much the output falls when each of the cells is put to the mean colour by itself, (cells,)."""
    import torch

    question = claim.question("mean", lambda: None)
    output, side = question.output_of_masks(), question.inputs.shape[-1]
    numbers = np.arange(claim.cells.size, dtype=np.float32).reshape(claim.cells.shape)
    pixels = cv2.resize(numbers, (side, side), interpolation=cv2.INTER_NEAREST)
    shown = torch.from_numpy(pixels[None] != numbers.reshape(-1, 1, 1))[:, None].float()
    with torch.no_grad():
        hidden = np.concatenate([output(batch).double().numpy() for batch in torch.split(shown, _AT_ONCE)])
        return np.asarray(float(output(question.shown)) - hidden, np.float64)


def _noisy(claim: Claim, seed: int, radius: int = 3) -> list[Claim]:
    """The same of crops whose values moved by up to `radius` of 255."""
    draw, pixels = np.random.default_rng(seed), np.asarray(claim.crop).astype(int)
    moved = [pixels + draw.integers(-radius, radius + 1, size=pixels.shape) for _ in range(_DRAWS)]
    return [replace(claim, crop=Image.fromarray(np.clip(each, 0, 255).astype(np.uint8))) for each in moved]


def _randomised(found: Sequence[float]) -> Verdict:
    """The rank correlations with the maps of shuffled networks that answer otherwise."""
    if not found:
        return Verdict("randomised", "undecided", reason="shuffled, the network still answers by the same parts")
    return _all_sides("randomised", found, UNMOVED, above=False)


def _complexity(given: Attribution, gone: Attribution | None) -> Verdict:
    """By how much the entropy of the map grows when all of the network is shuffled, as a share of what it was."""
    if gone is None:
        return Verdict("complexity", "not asked", reason="the method takes seconds, and the check does not count")
    before = entropy(given.values)
    if gone.finding in ("nothing", "even") or before == 0:
        return Verdict("complexity", "undecided", reason="the shuffled network's map shows nothing")
    return _all_sides("complexity", [entropy(gone.values) / before - 1], 0.0, above=True)


def entropy(values: NDArray[np.float32], bins: int = 100) -> float:
    """The entropy of the histogram of a map's values, in nats, which eMPRT takes for its complexity."""
    counts = np.histogram(values, bins)[0]
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _steady(found: Sequence[float]) -> Verdict:
    """The correlations as drawn with the maps of noisy pictures."""
    if any(map(math.isnan, found)):
        return Verdict("steady", "undecided", reason="nothing in the map speaks for the label")
    return _all_sides("steady", found, UNMOVED, above=True)


def _all_sides(check: str, numbers: Sequence[float], bound: float, above: bool) -> Verdict:
    """Passed where all numbers are on the right side of the bound, failed where none is, else undecided."""
    right = [(number > bound) == above for number in numbers]
    outcome: Outcome = "passed" if all(right) else "undecided" if any(right) else "failed"
    within = float(np.ptp(numbers)) / 2 if len(numbers) > 1 else math.nan
    return Verdict(check, outcome, float(np.mean(numbers)), within, bound, len(numbers))


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
