"""A poll and nothing else."""

from explainer.ui.workshop import ballot
from explainer.ui.workshop.slide import Slide

SLIDE = Slide(ballot.on_projector, ballot.on_phone, ballot.controls)
