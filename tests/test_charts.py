"""Charts say what they are given, in the same colours everywhere, and no masked word."""

import subprocess
import sys

import pytest
import sentinels

from explainer import charts, maps, vocabularies, words
from explainer.taxonomy import PERSON
from explainer.words import Caption, Context


def in_the_tree(wnid: str) -> Caption:
    return words.caption(wnid, Context.TREE)


def test_bars_stand_in_the_order_of_their_ranks() -> None:
    masked = Caption("n2", "offensive", None)
    figure = charts.bars([Caption("n1", None, "baker, bread maker"), masked], [0.75, 0.125], "Objects")
    (bar,) = figure.data
    assert list(bar.y) == ["1. baker", "2. [masked:<br>offensive]"]
    assert list(bar.x) == [0.75, 0.125]
    assert list(bar.text) == ["75.0%", "12.5%"]
    assert figure.layout.yaxis.autorange == "reversed"
    assert figure.layout.xaxis.range[0] == 0
    assert figure.layout.xaxis.range[1] > 0.75


@pytest.mark.parametrize("kind", charts.KINDS)
def test_a_map_names_sizes_and_colours_each_node(kind: str) -> None:
    nodes = maps.nodes(PERSON)
    figure = charts.hierarchy(nodes, in_the_tree, kind, "images", "release status")
    points = figure.data[0]
    assert list(points.values) == [node.size for node in nodes]
    assert points.parents[0] == ""
    assert points.labels[0] == "person"
    for node, label, colour in zip(nodes, points.labels, points.marker.colors, strict=True):
        if not node.gathered:
            assert label == in_the_tree(node.wnid).name
            assert colour == charts.STATUS[vocabularies.status(node.wnid)]


def test_what_is_gathered_leads_to_its_parent_and_has_a_name_of_its_own() -> None:
    nodes = maps.nodes("n00001740", "categories")
    points = charts.hierarchy(nodes, in_the_tree, "treemap", "categories", "safety").data[0]
    assert len(set(points.ids)) == len(nodes)
    for node, point, label in zip(nodes, points.ids, points.labels, strict=True):
        assert point.removesuffix("+") == node.wnid
        assert point.endswith("+") == bool(node.gathered)
        if node.gathered:
            assert label == f"{node.gathered} more"


@pytest.mark.parametrize("colours", charts.COLOURS)
def test_the_legend_explains_every_colour_of_a_map(colours: str) -> None:
    figure = charts.hierarchy(maps.nodes(PERSON), in_the_tree, "treemap", "images", colours)
    explained = {trace.marker.color: trace.name for trace in figure.data[1:]}
    assert set(figure.data[0].marker.colors) <= set(explained)
    assert len(explained) == len(charts.COLOURS[colours][0])


def test_no_masked_word_is_in_the_data_of_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    sentinels.plant(monkeypatch.setattr)
    sent = charts.hierarchy(maps.nodes(PERSON), in_the_tree, "treemap", "images", "safety").to_json()
    assert "[masked: offensive]" in sent
    assert not any("offensive" in word for word in sentinels.found(sent))


def test_a_map_is_less_than_300_kilobytes() -> None:
    for root in (PERSON, "n00001740"):
        nodes = maps.nodes(root)
        assert len(charts.hierarchy(nodes, in_the_tree, "treemap", "images", "safety").to_json()) < 300_000


def test_words_on_a_colour_can_be_read() -> None:
    def luminance(colour: str) -> float:  # WCAG 2.2
        levels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in charts.STATUS.values():
        assert (luminance(colour) + 0.05) / (luminance(charts._INK) + 0.05) >= 4.5


def test_the_colours_are_those_of_the_theme() -> None:
    from streamlit import config

    theme = [config.get_option(f"theme.{name}Color") for name in ("green", "blue", "orange", "red")]
    assert theme == [charts.STATUS[status] for status in ("kept", "not imageable", "sensitive", "offensive")]


def test_a_chart_waits_for_pandas_that_another_thread_is_importing() -> None:
    script = """
import sys, threading, time
from explainer import charts
started = threading.Event()
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas.core":  # by now pandas is in sys.modules, and without its Series
            started.set()
            time.sleep(1)
sys.meta_path.insert(0, Slow())
thread = threading.Thread(target=lambda: __import__("pandas"))
thread.start()
started.wait()
charts.bars([], [1.0], "title")
thread.join()
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
