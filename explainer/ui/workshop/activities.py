"""What a room can do in a step, each with three faces: the projector's, a phone's, and the presenter's controls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from explainer.ui.workshop import fifty, vote
from explainer.workshop.rooms import Room, Stage
from explainer.workshop.talk import Activity


@dataclass(frozen=True)
class Act:
    """Draws an activity: for the projector, for the phone of a token, and the presenter's controls in the notes."""

    on_screen: Callable[[Room, Stage], None]
    on_phone: Callable[[Room, Stage, str], None]
    controls: Callable[[Room, Stage], None]


ACTS: Mapping[Activity, Act] = {
    "vote": Act(vote.on_screen, vote.on_phone, vote.controls),
    "fifty": Act(fifty.on_screen, fifty.on_phone, fifty.controls),
}
"""The acts by activity."""
