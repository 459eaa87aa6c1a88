"""What pages need, made ready while the server starts, so that its first visitor does not wait for it."""

import time

from explainer.attribution import sample_results
from explainer.imagenet import search
from explainer.ui import computed, exhibit, labels, ladder, model_picker, page_files, photo_source, saliency, word_place  # noqa: F401

_SOON, _QUIET = 1.0, 3.0  # seconds in which the first visitors' pages are drawn; then others take the processor

_LONG = 60.0  # seconds in which the models are loaded, even where they have to be compiled


def run() -> None:
    """Read the tables and pictures of the first page; then load what reads photos, all pages, and the dictionary."""
    sample_results.load()
    photo_source.prepare()
    search.of_words().named("person")
    time.sleep(_SOON)
    computed.prepare_to_read().wait(_LONG)
    from explainer.ui import about, break_it, rank_on_pictures, roulette, tree  # noqa: F401
    from explainer.ui.removal import afterlife, as_published, branches, history, lineage, maps, photo, rule, steps  # noqa: F401
    from explainer.ui.workshop import lobby, notes, phone, projector  # noqa: F401

    steps.figure("categories")
    page_files.compress_charts()
    time.sleep(_QUIET)
    search.of_words().find("person")
    computed.prepare_to_search().wait(_LONG)
    while not photo_source.look_for_no_circles_in_what_is_loaded():
        time.sleep(_QUIET)
