"""What a slide is: how a step looks on the projector and on phones, and what the presenter can do in it."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from explainer.workshop.rooms import Room
from explainer.workshop.screens import Stage
from explainer.workshop.talk import Step


@dataclass(frozen=True)
class Scene:
    """What is drawn: a room, what it is shown, and the step."""

    room: Room
    stage: Stage
    step: Step


def nothing(scene: Scene) -> None:
    """Draw nothing."""


def look_up(scene: Scene, token: str) -> None:
    """On a phone: what is shown is too large for it, and title and question stand there already."""


@dataclass(frozen=True)
class Slide:
    """Draws a step below its title: on the projector, on the phone of a token, and controls in the notes."""

    on_projector: Callable[[Scene], None]
    on_phone: Callable[[Scene, str], None] = look_up
    controls: Callable[[Scene], None] = nothing


def of(scene: Scene) -> Slide:
    """The slide of a step: `SLIDE` in the file of its name in `slides`."""
    slide: Slide = importlib.import_module(f"explainer.ui.workshop.slides.{scene.step.slide}").SLIDE
    return slide
