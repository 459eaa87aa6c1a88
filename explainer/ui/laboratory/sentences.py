"""What is said of maps and of their checks: texts made of data, without a page."""

import math
from collections.abc import Sequence

from explainer.attribution import explain
from explainer.attribution.explain import Attribution
from explainer.attribution.question import Settings

_ABOVE = 0.9  # the rank correlation from which two maps count as the same
# The rank correlation from which a map counts as the one it was: half of the variance of its ranks (0.7 squared) is
# then still foretold by the map of the network that had learned. A map turned upside down is another one.
_UNMOVED = 0.7
_COMPLETE = 0.05  # the share of the whole by which parts may miss it


def chosen(settings: Settings) -> str:
    """The settings that can be chosen, as a sentence; nothing where there are none."""
    choices = explain.SETTINGS.items()
    said = [f"{setting.title.lower()} {settings[name]}" for name, setting in choices if name in settings]
    return f"{', '.join(said).capitalize()}. " if said else ""


def agree(correlations: Sequence[float]) -> str:
    """How far maps agree, from the correlation of each pair."""
    found = [correlation for correlation in correlations if not math.isnan(correlation)]
    if not found:
        return "With a map that is the same everywhere there is none."
    if min(found) >= _ABOVE:
        agree = "they agree."
    else:
        agree = "they do not tell the same story, so that none of them alone is “the” reason."
    least, most = min(found), max(found)
    if len(found) < len(correlations):
        agree = "with a map that is the same everywhere there is none; of the others " + agree
    return f"Here it is {least:z.2f}{f' to {most:z.2f}' if len(found) > 1 else ''}: {agree}"


def randomised(correlations: Sequence[float]) -> str:
    """What a map's correlations with those of a network shuffled further and further say, as sentences."""
    if any(map(math.isnan, correlations)):
        return "A map of these is the same everywhere, so that nothing can be told."
    said = f"With the topmost layer gone, the map correlates with the first one by {correlations[0]:z.2f}, " + (
        f"with all gone by {correlations[-1]:z.2f}. "
    )
    unmoved = sum(correlation > _UNMOVED for correlation in correlations)
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
    promised = float(attribution.values.sum()) - attribution.delta
    missed = abs(attribution.delta / promised) if promised else math.inf
    more = next((setting for setting in ("steps", "samples") if setting in attribution.settings), None)
    hint = f" With more {more} they would come nearer." if more else ""
    if missed <= _COMPLETE:
        verdict = "The promise is kept."
    else:
        verdict = f"The promise is not kept, and the map is only roughly what the method means by it.{hint}"
    return (
        f"**Completeness**: the parts should add up to {promised:z.3g}, and miss it by {attribution.delta:z.3g}, "
        f"{f'{missed:.1%}' if math.isfinite(missed) else 'all'} of it. {verdict}"
    )
