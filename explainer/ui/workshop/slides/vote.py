"""You decide: a word is voted on, talked about, voted on again; then the record stands beside the room's answer."""

from explainer.ui.workshop import ballot
from explainer.ui.workshop.slide import Scene, Slide


def _controls(scene: Scene) -> None:
    ballot.controls(scene)
    ballot.picker(scene)


SLIDE = Slide(ballot.on_projector, ballot.on_phone, _controls)
