"""Captum's attribution methods (Kokhlikyan et al., arXiv 2009.07896): a file each, which the table finds by itself."""

import importlib
import pkgutil

from explainer.attribution.methods.method import REGISTERED, SETTINGS, Kind, Method, Need, Setting
from explainer.attribution.question import BASELINES, Answer, Progress, Question, Settings, counter

__all__ = [
    "BASELINES",
    "FIRST",
    "METHODS",
    "SETTINGS",
    "Answer",
    "Kind",
    "Method",
    "Need",
    "Progress",
    "Question",
    "Setting",
    "Settings",
    "counter",
]

FIRST = ("grad-cam", "integrated-gradients")
"""The methods that a photo's page offers; the laboratory offers all that work."""

for _file in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_file.name}")

METHODS = {name: REGISTERED[name] for name in (*FIRST, *sorted(set(REGISTERED) - set(FIRST)))}
"""The methods by name. A further one is a further file in this folder."""
