"""A poll and nothing else; what was decided on paper in its place can be typed."""

from explainer.ui.workshop import ballot
from explainer.ui.workshop.slide import Scene, Slide


def _controls(scene: Scene) -> None:
    ballot.controls(scene)
    ballot.paper(scene.room)


SLIDE = Slide(ballot.on_projector, ballot.on_phone, _controls)
