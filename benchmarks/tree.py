"""The category tree: search and what is below a category against NLTK directly; the first page, and a click's bytes."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from explainer.imagenet import search, taxonomy
from tests.browser.pages import TreePage, chromium_running, find_chromium
from tests.servers import APP, starting

QUERIES, SUBTREES = 300, 50
PLACES = (("animal", "n00015388"), ("dog", "n02084071"))


def report() -> None:
    """Print ratios of one run, seconds and kilobytes."""
    print("Category tree")
    _report_search()
    _report_subtrees()
    _report_page()


def _report_search() -> None:
    from nltk.corpus import wordnet

    index = search.load()
    choose = random.Random(0)
    words = choose.choices(index.lemmas, k=QUERIES // 2)
    queries = words + [word[: choose.randint(1, 5)] for word in words]
    queries += [word[:-1] + "zz" for word in words[:30]]  # misspelt
    wordnet.ensure_loaded()

    def directly(text: str) -> list[object]:
        """As one would write it: by name, else all nouns whose words or definition hold the text."""
        return wordnet.synsets(text.replace(" ", "_"), "n") or [
            synset
            for synset in wordnet.all_synsets("n")
            if any(text in name.lower() for name in synset.lemma_names()) or text in synset.definition()
        ]

    ours = [_seconds(index.find, query) for query in queries]
    few = choose.sample(queries, 10)  # it takes seconds for each
    theirs = [_seconds(directly, query) for query in few]
    ninety_fifth = statistics.quantiles(ours, n=20)[-1]
    print(
        f"  search: median {statistics.median(ours) * 1000:.1f} ms, 95th percentile {ninety_fifth * 1000:.1f} ms of "
        f"{len(queries)}; NLTK's mean is {statistics.mean(theirs) / statistics.mean(ours):,.0f} times as long"
    )


def _report_subtrees() -> None:
    from nltk.corpus import wordnet

    wnids = random.Random(0).sample(sorted(taxonomy.load()), SUBTREES)
    taxonomy.load.cache_clear()
    loading = _seconds(taxonomy.load)
    tree = taxonomy.load()
    first = _seconds(tree.below, taxonomy.PERSON)  # counts all subtrees at once
    ours = sum(_seconds(tree.below, wnid) for wnid in wnids)

    def directly(wnid: str) -> int:
        synset = wordnet.synset_from_pos_and_offset("n", int(wnid[1:]))
        below = {f"n{other.offset():08d}" for other in synset.closure(lambda synset: synset.hyponyms())}
        return sum(tree[other].images or 0 for other in below if other in tree)

    person = _seconds(directly, taxonomy.PERSON)
    theirs = sum(_seconds(directly, wnid) for wnid in wnids)
    print(
        f"  subtrees: the tree loads in {loading:.2f} s and counts all of its {len(tree):,} subtrees in {first:.2f} s, "
        f"NLTK person's alone in {person:.2f} s; {SUBTREES} others then {theirs / ours:,.0f} times as long"
    )


def _report_page() -> None:
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("No Chromium was found on the PATH.")
    with tempfile.TemporaryDirectory() as folder, chromium_running(chromium) as browser:
        window = browser.new_page(viewport={"width": 1280, "height": 1600})  # the map must be in it to be clicked
        start = time.perf_counter()
        with starting(APP, Path(folder) / "log") as server:
            server.wait_until_up()
            page = TreePage(window, server.url)
            window.goto(f"{server.url}/tree")
            page.map.locator(".slicetext").first.wait_for()
            painted = time.perf_counter()
            page.open()
            sent = []
            for name, wnid in PLACES:
                before = sum(map(len, page.traffic.frames))
                page.click_on_map(name)
                page.wait_for_place(wnid)
                sent.append(sum(map(len, page.traffic.frames)) - before)
    print(
        f"  from the start of the process to the page with the map: {painted - start:.2f} s; "
        f"a click sends {' and '.join(f'{size / 1000:.0f}' for size in sent)} kB"
    )


def _seconds(function: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start
