"""What pages need, made ready while the server starts, so that its first visitor does not wait for it."""

import time

from explainer.attribution import sample_results
from explainer.charts import style
from explainer.imagenet import search
from explainer.ui import about, computed, exhibit, model_picker, photo_source, rank_on_pictures, roulette, tree  # noqa: F401
from explainer.ui.removal import afterlife, as_published, branches, history, lineage, maps, photo, rule  # noqa: F401
from explainer.ui.workshop import lobby, notes, phone, projector  # noqa: F401
from explainer.vision import decoder

_QUIET = 4.0  # seconds in which the page of a first visitor is drawn before the models take the processor


def run() -> None:
    """Read the tables and pictures of the first page and what draws charts, then start to load the models."""
    sample_results.load()
    photo_source.prepare()
    search.of_words().named("person")
    style.plotly()
    time.sleep(_QUIET)
    computed.prepare()
    decoder.prepare()
