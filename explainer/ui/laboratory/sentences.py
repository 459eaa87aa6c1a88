"""What is said of maps and of their checks: texts made of data, without a page."""

import math
from collections import Counter
from collections.abc import Collection, Sequence

from explainer.attribution import explain
from explainer.attribution.explain import METHODS, Attribution
from explainer.attribution.faithfulness import Infidelity, Sensitivity
from explainer.attribution.question import Settings
from explainer.attribution.verdicts import CHECKS, COMPLETE, UNMOVED, Judgement, Verdict, missed_share, promised_sum

_ALIKE, _UNLIKE = 0.7, 0.3  # correlations as drawn from which two maps mark the same places, and below which others


_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven")


def chosen(settings: Settings) -> str:
    """The settings that can be chosen, as a sentence; nothing where there are none."""
    choices = explain.SETTINGS.items()
    said = [f"{setting.title.lower()} {settings[name]}" for name, setting in choices if name in settings]
    return f"{', '.join(said).capitalize()}. " if said else ""


def agree(correlations: Sequence[float]) -> str:
    """How far maps mark the same places, from the correlation of each pair as drawn."""
    found = [correlation for correlation in correlations if not math.isnan(correlation)]
    if not found:
        return "Nothing can be compared: a map without bright places agrees with none."
    least, most = min(found), max(found)
    if least >= _ALIKE:
        said = "The maps mark much the same places."
    elif most < _UNLIKE:
        said = "The maps mark different places, so none of them alone is “the” reason."
    else:
        said = "The maps agree in part: they do not tell the same story, so none of them alone is “the” reason."
    left = " A map without bright places was left out." if len(found) < len(correlations) else ""
    return f"{said} Correlation {least:z.2f}{f' to {most:z.2f}' if len(found) > 1 else ''}.{left}"


def _titles(of: Sequence[Judgement]) -> str:
    *names, last = (METHODS[each.method].title for each in of)
    return f"{', '.join(names)} and {last}" if names else last


def rely(word: str, judgements: Sequence[Judgement]) -> str:
    """Which of some maps of a word one may rely on, and why, in plain words, from what the checks found."""

    def failed(of: Judgement) -> str:
        number = "too little decided" if of.outcome == "undecided" else f"{len(of.failed) or 'none'} of {len(of.asked)}"
        return f"{METHODS[of.method].title} {number}"

    held = [each for each in judgements if each.outcome == "passed"]
    if not held:
        verdict = "Rely on none of them"
    elif len(held) < len(judgements):
        verdict = f"Only {_titles(held)} held up"
    else:
        verdict = "All held up"
    return (
        f"The machine says **{word}**. {_NUMBERS[len(judgements)].capitalize()} methods show which pixels counted. We "
        "checked them against random maps, noise and a shuffled network. "
        f"**{verdict}**. Failed checks: {', '.join(map(failed, judgements))}. "
        "Even a map that holds up shows where, never why."
    )


def often(found: Collection[Sequence[Judgement]]) -> str:
    """On how many of the sample pictures maps of the same methods held up."""
    held = Counter({each.method: 0 for judged in found for each in judged})
    held.update(each.method for judged in found for each in judged if each.outcome == "passed")
    counts = ", ".join(f"{METHODS[method].title} {number}" for method, number in held.most_common())
    return f"Maps that held up, of our {len(found)} sample pictures: {counts}. So check the map you look at."


def alike(correlations: Sequence[float]) -> str:
    """How far maps of several words mark the same places, from the correlation of each pair as drawn."""
    found = [correlation for correlation in correlations if not math.isnan(correlation)]
    if not found:
        return "Fewer than two of these maps have bright places: there is nothing to compare."
    least, mean = min(found), sum(found) / len(found)
    if least >= _ALIKE:
        said = "The maps are nearly the same: they show what the network looked at, not why it took one word."
    elif mean >= _ALIKE:
        said = "Most of the maps are nearly the same, whatever the word."
    else:
        said = "The maps differ with the word."
    return f"{said} Correlation {least:z.2f} to {max(found):z.2f}, on average {mean:z.2f}."


def together(judgements: Sequence[Judgement], things: bool) -> str:
    """What the checks found of all maps, in a sentence or two; `things` where the network saw things, not people."""

    passed = [each for each in judgements if each.outcome == "passed"]
    undecided = [each for each in judgements if each.outcome == "undecided"]
    said = []
    if passed:
        said.append(f"{_titles(passed)} failed no check")
    if undecided:
        said.append(f"of {_titles(undecided)} too little could be decided")
    for each in judgements:
        if each.failed:
            reason = CHECKS[each.failed[0]].failing
            number = _NUMBERS[len(each.failed)]
            first = "" if len(each.failed) == 1 else ", first of all"
            said.append(f"{METHODS[each.method].title} failed {number}{first}: {reason}")
    text = f"On this photo {'; '.join(said)}. Failing no check is no proof."
    return f"{text} And whatever a map shows, the network saw things, not this word." if things else text


MARKS = {"passed": "✓", "failed": "✗", "undecided": "?", "not asked": "–"}
"""The mark of each outcome."""


def outcome(verdict: Verdict) -> str:
    """A verdict as a cell of the table: its mark, the number behind it, and how far that may be off.

    Of what is held against random orders, the second number is how far the best of them came.
    """
    mark = MARKS[verdict.outcome] if CHECKS[verdict.check].counts else "–"
    if math.isnan(verdict.value):
        return mark
    if verdict.check == "complete":
        return f"{mark} off by {verdict.value:.0%}"
    if verdict.check in ("insertion", "deletion", "road"):
        return f"{mark} {verdict.value:+z.2f} (random ≤ {verdict.within:+z.2f})"
    return f"{mark} {verdict.value:z.2f}" + ("" if math.isnan(verdict.within) else f" ± {verdict.within:.2f}")


def ranked(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Those that failed nothing first, then by how many checks they failed and how many could not decide."""
    return sorted(judgements, key=lambda each: (len(each.failed), len(each.undecided)))


def unforetold(found: Infidelity) -> str:
    """What infidelity found, as a sentence."""
    said = "**Infidelity** (Yeh et al. 2019): "
    if math.isnan(found.share):
        return f"{said}no part of the picture changes the answer, so there is nothing to foretell."
    return f"{said}of what changes when squares are hidden the map leaves {found.share:.0%} unexplained."


def moved(found: Sensitivity) -> str:
    """What max-sensitivity found, as a sentence."""
    if math.isnan(found.value):
        return "**Max-sensitivity**: the map shows nothing that noise could move."
    return (
        f"**Max-sensitivity**: noise of {found.radius} levels of 255, which nobody sees, moves the map by up to "
        f"{found.value:.0%} of its length."
    )


def randomised(correlations: Sequence[float]) -> str:
    """What a map's correlations with those of a network shuffled further and further say, as sentences."""
    if any(map(math.isnan, correlations)):
        return "A map of these shows nothing, or the same everywhere: nothing can be told."
    said = f"With the topmost layer gone, the map correlates with the first one by {correlations[0]:z.2f}, " + (
        f"with all gone by {correlations[-1]:z.2f}. "
    )
    unmoved = sum(correlation > UNMOVED for correlation in correlations)
    if not unmoved:
        return said + "It is another map at once, as it must be if it shows what the network has learned."
    if unmoved == len(correlations):
        return said + "It never notices: it shows the picture, and not what the network has learned."
    stages = f"In {unmoved} of {len(correlations)} stages it stays much as it was"
    if unmoved < len(correlations) / 3:
        return said + f"{stages}: part of it is the picture, and not what the network has learned."
    return said + f"{stages}, with what was learned gone: it fails, and shows the picture more than the network."


def completeness(attribution: Attribution) -> str | None:
    """How far the parts of a map are from the whole that they promise, as sentences; None where they promise none."""
    if attribution.delta is None:
        return None
    promised, missed = promised_sum(attribution), missed_share(attribution)
    if math.isnan(missed):
        return "**Completeness**: no part of the picture changes the answer, so there is no sum to reach."
    hints = [_HINTS[name] for name in ("steps", "samples") if name in attribution.settings]
    if missed <= COMPLETE:
        verdict = "The promise is kept."
    else:
        verdict = " ".join(["The promise is not kept: read the map as rough.", *hints])
    return (
        f"**Completeness**: the parts should add up to {promised:z.3g}, and miss it by {attribution.delta:z.3g}, "
        f"{f'{missed:.1%}' if math.isfinite(missed) else 'all'} of it. {verdict}"
    )


# Measured on three photos with labels of people: at 100 steps the gap was 6, 75 and 275 % of the whole, at 200 steps
# 48, 23 and 58 %, from 400 on at most 13 %.
_HINTS = {
    "steps": "Up to 200 steps more of them may as well widen the gap; from 400 on we measured 13 % at most.",
    "samples": "The sum is promised on average only, over many draws.",
}
