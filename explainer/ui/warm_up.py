"""What pages need, made ready while the server starts, so that its first visitor does not wait for it."""

import time

from explainer.attribution import sample_results
from explainer.imagenet import search
from explainer.ui import exhibit, labels, ladder, middleware, model_picker, photo_source, saliency, word_place  # noqa: F401

_SOON, _QUIET = 1.0, 3.0  # seconds in which the page of a first visitor is drawn; then the models take the processor


def run() -> None:
    """Read the tables and pictures of the first page, then make the first chart, then start to load the models."""
    sample_results.load()
    photo_source.prepare()
    search.of_words().named("person")
    time.sleep(_SOON)
    from explainer.ui import about, break_it, computed, rank_on_pictures, roulette, tree  # noqa: F401
    from explainer.ui.removal import afterlife, as_published, branches, history, lineage, maps, photo, rule, steps  # noqa: F401
    from explainer.ui.workshop import lobby, notes, phone, projector  # noqa: F401
    from explainer.vision import decoder

    steps.figure("categories")
    middleware.compress_charts()
    time.sleep(_QUIET)
    search.of_words().find("person")
    computed.prepare()
    decoder.prepare()
