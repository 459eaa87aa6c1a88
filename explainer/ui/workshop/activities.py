"""What a room does in a step: what the projector, the phones and the presenter have of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from explainer.workshop import talk
from explainer.workshop.rooms import Room, Stage


@dataclass(frozen=True)
class Act:
    """One activity. `on_phone` is given the token of the phone; `controls` are the presenter's, in the notes."""

    on_screen: Callable[[Room, Stage], None]
    on_phone: Callable[[Room, Stage, str], None]
    controls: Callable[[Room, Stage], None]


ACTS: Mapping[talk.Activity, Act] = {}
"""The activities by name."""
