"""Charts say what they are given, in the same colours everywhere, and no masked word."""

import subprocess
import sys

import numpy as np
import pytest
import sentinels

from explainer.attribution.faithfulness import Curve, Order
from explainer.charts import attribution as attribution_charts
from explainer.charts import removal as removal_charts
from explainer.charts import style
from explainer.charts import tree as tree_charts
from explainer.charts import workshop as workshop_charts
from explainer.imagenet import masked_words, removal, subtrees, vocabularies
from explainer.imagenet.masked_words import Caption, Context
from explainer.imagenet.removal import Bin, Branch, Step
from explainer.imagenet.taxonomy import PERSON, Extent
from explainer.imagenet.vocabularies import Afterlife, person_categories


def in_the_tree(wnid: str) -> Caption:
    return masked_words.caption(wnid, Context.TREE)


def curves(heights: dict[Order, float]) -> list[Curve]:
    """Curves whose areas are a half of these and a quarter."""
    shares = np.array([0, 0.5, 1])
    return [
        Curve(direction, order, shares, np.array([0, height, 1]))
        for direction in attribution_charts.DIRECTIONS
        for order, height in heights.items()
    ]


def test_curves_stand_in_a_chart_for_each_direction() -> None:
    heights: dict[Order, float] = {"map": 1, "random": 0.5, "centre": 0}
    for direction in attribution_charts.DIRECTIONS:
        figure = attribution_charts.curves(curves(heights), direction)
        assert [line.name for line in figure.data] == ["map 0.750", "random 0.500", "centre 0.250"]
        assert [list(line.y) for line in figure.data] == [[0, 1, 1], [0, 0.5, 1], [0, 0, 1]]
        assert len({line.line.color for line in figure.data}) == len({line.line.dash for line in figure.data}) == 3


@pytest.mark.parametrize(
    ("random", "centre", "insertion", "deletion"),
    [
        (0.4, 0.3, "beats random and the centre", "beats neither random nor the centre"),
        (0.4, 0.6, "beats random, not the centre", "beats the centre, not random"),
        (0.6, 0.4, "beats the centre, not random", "beats random, not the centre"),
        (0.6, 0.7, "beats neither random nor the centre", "beats random and the centre"),
        (0.5, 0.5, "beats neither random nor the centre", "beats neither random nor the centre"),
    ],
)
def test_a_map_is_judged_by_both_controls(random: float, centre: float, insertion: str, deletion: str) -> None:
    drawn = curves({"map": 0.5, "random": random, "centre": centre})
    assert attribution_charts.curves(drawn, "insertion").layout.title.text == f"Insertion: {insertion}"
    assert attribution_charts.curves(drawn, "deletion").layout.title.text == f"Deletion: {deletion}"


@pytest.mark.parametrize("kind", tree_charts.KINDS)
def test_a_map_names_sizes_and_colours_each_node(kind: str) -> None:
    nodes = subtrees.nodes(PERSON)
    figure = tree_charts.hierarchy(nodes, in_the_tree, kind, "images", "what became of it")
    points = figure.data[0]
    assert list(points.values) == [node.size for node in nodes]
    assert points.parents[0] == ""
    assert points.labels[0] == "person"
    holding = {node.parent for node in nodes}
    for node, label, colour in zip(nodes, points.labels, points.marker.colors, strict=True):
        status = vocabularies.status(node.wnid)
        if node.part:
            assert (label, colour) == (node.status, style.STATUS[node.status])
        elif not node.gathered:
            assert label.split(", ")[0] == in_the_tree(node.wnid).name
            if node.id not in holding and (node.status or status):
                assert colour == style.STATUS[node.status or status]
            else:
                assert colour.startswith("rgba(128, 128, 128")  # what holds others takes no side


def test_no_name_on_a_map_is_smaller_than_12_pixels() -> None:
    figure = tree_charts.hierarchy(subtrees.nodes(PERSON), in_the_tree, "treemap", "images", "what became of it")
    assert figure.layout.uniformtext.minsize >= 12
    assert figure.layout.uniformtext.mode == "hide"


def test_removed_people_can_be_told_apart_without_colours() -> None:
    nodes = subtrees.nodes(PERSON)
    points = tree_charts.hierarchy(nodes, in_the_tree, "treemap", "images", "what became of it").data[0]
    marks = {}
    for colour, mark in zip(points.marker.colors, points.marker.pattern.shape, strict=True):
        if colour in style.STATUS.values():
            marks.setdefault(colour, set()).add(mark)
    assert all(len(each) == 1 for each in marks.values())
    assert len({next(iter(each)) for each in marks.values()}) == len(marks) == 4


SKILLED_WORKER = "n10605985"
SMITHS = {"n10614629": "smith, metalworker", "n10614812": "smith"}


def test_fields_of_one_name_are_told_apart() -> None:
    nodes = subtrees.nodes(SKILLED_WORKER)
    tree_map = tree_charts.hierarchy(nodes, in_the_tree, "treemap", "images", "safety").data[0]
    parts = subtrees.parts(SKILLED_WORKER, "images", 20)
    release_map = removal_charts.release_map(parts, in_the_tree, "images", set(), "", "").data[0]
    for drawn in (tree_map, release_map):
        labels = {point.strip(): label for point, label in zip(drawn.ids, drawn.labels, strict=True)}
        assert {wnid: labels[wnid] for wnid in SMITHS} == SMITHS


def test_what_is_gathered_leads_to_its_parent_and_has_a_name_of_its_own() -> None:
    nodes = subtrees.nodes("n00001740", "categories")
    points = tree_charts.hierarchy(nodes, in_the_tree, "treemap", "categories", "safety").data[0]
    assert len(set(points.ids)) == len(nodes)
    for node, point, label in zip(nodes, points.ids, points.labels, strict=True):
        assert point.partition("+")[0] == node.wnid
        assert ("+" in point) == bool(node.gathered or node.part)
        if node.gathered:
            assert label == f"{node.gathered} more"


@pytest.mark.parametrize("colours", tree_charts.COLOURS)
def test_the_legend_explains_every_colour_of_a_map(colours: str) -> None:
    figure = tree_charts.hierarchy(subtrees.nodes(PERSON), in_the_tree, "treemap", "images", colours)
    explained = {trace.marker.color: trace.name for trace in figure.data[1:]}
    assert set(figure.data[0].marker.colors) - {tree_charts._CONTAINER} == set(explained)


def test_no_masked_word_is_in_the_data_of_a_map(monkeypatch: pytest.MonkeyPatch) -> None:
    sentinels.plant(monkeypatch.setattr)
    sent = tree_charts.hierarchy(subtrees.nodes(PERSON), in_the_tree, "treemap", "images", "safety").to_json()
    assert "[covered: offensive]" in sent
    assert not any("offensive" in word for word in sentinels.found(sent))


def test_a_map_is_less_than_300_kilobytes() -> None:
    for root in (PERSON, "n00001740"):
        nodes = subtrees.nodes(root)
        assert len(tree_charts.hierarchy(nodes, in_the_tree, "treemap", "images", "safety").to_json()) < 300_000


def test_words_on_a_colour_can_be_read() -> None:
    def luminance(colour: str) -> float:  # WCAG 2.2
        levels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for colour in style.STATUS.values():
        assert (luminance(colour) + 0.05) / (luminance(style.INK) + 0.05) >= 4.5


# The removal

NONE = Extent(0, 0)
STEPS = (
    Step("fall-2011", {"hard to picture": NONE, "sensitive": NONE, "offensive": NONE}, Extent(10, 1_000)),
    Step(
        "september-2019",
        {"hard to picture": NONE, "sensitive": Extent(3, 200), "offensive": Extent(1, 50)},
        Extent(6, 750),
    ),
    Step("winter-2021", {"hard to picture": Extent(4, 700), "sensitive": NONE, "offensive": NONE}, Extent(2, 50)),
)


def test_each_bar_of_the_waterfall_hangs_where_the_one_before_it_ends() -> None:
    (bar,) = removal_charts.waterfall(STEPS, "categories", "Of 10, 2 were left", "categories").data
    assert list(zip(bar.y, bar.base, bar.x, bar.text, strict=True)) == [
        ("Fall 2011", 0, 10, "10"),
        ("sensitive", 7, 3, "− 3"),
        ("offensive", 6, 1, "− 1"),
        ("September 2019,<br>announced", 0, 6, "6"),
        ("hard to picture", 2, 4, "− 4"),
        ("Winter 2021", 0, 2, "2"),
    ]


def test_the_waterfall_counts_images_as_well_in_the_colours_of_the_statuses() -> None:
    (bar,) = removal_charts.waterfall(STEPS, "images", "", "").data
    assert list(bar.x) == [1_000, 200, 50, 750, 700, 50]
    assert list(bar.marker.color) == [style.NEUTRAL, "#E69F00", "#D55E00", style.NEUTRAL, "#56B4E9", "#009E73"]


@pytest.mark.parametrize("measure", subtrees.MEASURES)
def test_maps_of_all_releases_have_the_same_places(measure: str) -> None:
    parts = subtrees.parts(PERSON, measure, 40)
    drawn = [
        removal_charts.release_map(parts, in_the_tree, measure, person_categories(release), "", "")
        for release in vocabularies.RELEASES
    ]
    for figure in drawn[1:]:
        for places in ("ids", "parents", "values", "labels"):
            assert list(figure.data[0][places]) == list(drawn[0].data[0][places])
        assert [trace.name for trace in figure.data[1:]] == [trace.name for trace in drawn[0].data[1:]]
        assert figure.layout.height == drawn[0].layout.height


@pytest.mark.parametrize(
    ("release", "measure", "size"),
    [
        ("fall-2011", "categories", 2_832),
        ("september-2019", "categories", 1_239),
        ("winter-2021", "categories", 158),
        ("winter-2021", "images", 133_697),
    ],
)
def test_a_map_has_as_much_colour_as_its_release_holds(release: str, measure: str, size: int) -> None:
    figure = removal_charts.release_map(
        subtrees.parts(PERSON, measure, 40), in_the_tree, measure, person_categories(release), "", ""
    )
    treemap = figure.data[0]
    rows = zip(treemap.parents, treemap.values, treemap.marker.pattern.shape, strict=True)
    assert sum(value for parent, value, hatched in rows if parent and not hatched) == size


def test_imageability_is_stacked_by_safety_with_a_line_at_each_threshold_and_the_removed_hatched() -> None:
    nobody = {"safe": 0, "sensitive": 0, "offensive": 0}
    bins = (
        Bin(1.0, 3.0, kept=nobody, removed=nobody | {"safe": 5, "sensitive": 2}),
        Bin(3.0, 5.0, kept=nobody | {"safe": 3}, removed=nobody | {"sensitive": 4}),
    )
    figure = removal_charts.imageability(bins, {"4: theirs": 4.0, "2.5: yours": 2.5}, "", "")
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert {bar.name: (list(bar.x), list(bar.y), bar.marker.pattern.shape) for bar in bars} == {
        "safe, kept": ([2, 4], [0, 3], ""),
        "safe, removed": ([2, 4], [5, 0], "/"),
        "sensitive, removed": ([2, 4], [2, 4], "/"),
    }
    assert figure.layout.barmode == "stack"
    assert figure.layout.xaxis.range[1] > 5
    assert figure.layout.yaxis.range[1] > 7
    lines = [trace for trace in figure.data if trace.type == "scatter"]
    assert [(line.name, line.x[0]) for line in lines] == [("4: theirs", 4.0), ("2.5: yours", 2.5)]
    assert not figure.layout.annotations  # a name beside a line would be struck through by the other


def test_for_a_projector_all_texts_are_large_and_the_figure_of_the_page_stays_as_it_is() -> None:
    figure = removal_charts.release_map(
        subtrees.parts(PERSON, "categories", 8), in_the_tree, "categories", person_categories("winter-2021"), "T", "S"
    )
    treemap = figure.data[0]
    assert treemap.textfont.size >= 12
    large = style.for_projector(figure)
    assert large.data[0].textfont.size == large.layout.title.subtitle.font.size == large.layout.legend.font.size >= 20
    assert large.layout.uniformtext.minsize == large.data[0].textfont.size
    assert large.data[0].marker.pad.t > large.data[0].textfont.size > treemap.textfont.size
    assert figure.layout.height == 640

    bars = removal_charts.branches(removal.branches()[:3], in_the_tree, "T", "S")
    large = style.for_projector(bars)
    assert large.layout.height > bars.layout.height
    assert large.layout.margin.r > bars.layout.margin.r > 10
    assert large.layout.yaxis.tickfont.size == large.layout.hoverlabel.font.size == style.LARGE


def test_branches_are_stacked_by_reason_and_no_two_have_one_name() -> None:
    gone = {"hard to picture": Extent(1, 10), "sensitive": Extent(2, 20), "offensive": Extent(3, 30)}
    hit = [Branch("n1", Extent(8, 99), gone), Branch("n2", Extent(6, 60), gone)]
    figure = removal_charts.branches(hit, lambda wnid: Caption(wnid, "offensive", None), "", "")
    assert {bar.name: list(bar.x) for bar in figure.data[:4]} == {
        "hard to picture": [1, 1],
        "sensitive": [2, 2],
        "offensive": [3, 3],
        "kept": [2, 0],
    }
    assert [name.replace("<br>", " ") for name in figure.data[0].y] == [
        "1. [covered: offensive]",
        "2. [covered: offensive]",
    ]
    assert [text.strip() for text in figure.data[4].text] == ["75% of 8", "100% of 6"]


def test_the_afterlife_parts_what_was_kept_from_what_was_removed() -> None:
    named = {"A list": Afterlife(size=100, people=20, removed=15, offensive=4, images=999)}
    kept, removed, offensive, _ = removal_charts.afterlife(named, "", "").data
    assert (list(kept.x), list(removed.x), list(offensive.x)) == ([5], [11], [4])
    assert (kept.marker.color, offensive.marker.color) == (style.STATUS["kept"], style.STATUS["offensive"])


def test_names_of_two_lines_keep_clear_of_each_other() -> None:
    after = Afterlife(size=10, people=8, removed=6, offensive=2, images=0)

    def height(name: str, bars: int) -> int:
        figure = removal_charts.afterlife({f"{name} {number}": after for number in range(bars)}, "T", "S")
        return figure.layout.height

    name = "ImageNet-12k, timm's choice of Fall 2011"
    assert height("YOLO", 8) - height("YOLO", 7) > 1.3 * style.TEXT  # a line is 1.3 times as high as its letters
    assert height(name, 8) - height(name, 7) > 2 * 1.3 * style.TEXT + 5


def test_both_votes_stand_side_by_side_with_the_record_at_its_place() -> None:
    votes = {"first vote": [3, 0, 1], "second vote": [0, 1, 3]}
    figure = workshop_charts.ballots(["no", "perhaps", "yes"], votes, ("on record", 2.4))
    first, second, line = figure.data
    assert (list(first.y), list(first.x), first.name) == ([1, 2, 3], [3, 0, 1], "first vote")
    assert (list(second.y), list(second.x), second.name) == ([1, 2, 3], [0, 1, 3], "second vote")
    assert first.marker.color != second.marker.color
    assert list(figure.layout.yaxis.ticktext) == ["no", "perhaps", "yes"]
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first answer is on top
    assert (list(line.y), line.name) == ([2.4], "on record")


def test_one_vote_has_the_colour_of_the_last_and_no_record_no_line() -> None:
    figure = workshop_charts.ballots(["no", "yes"], {"first vote": [1, 2]}, None, large=True)
    (bar,) = figure.data
    assert bar.marker.color == style.BARS
    assert figure.layout.yaxis.tickfont.size == 30  # for the back row


def test_no_masked_word_is_in_the_data_of_branches_and_of_maps_of_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    sentinels.plant(monkeypatch.setattr)
    drawn = [
        removal_charts.release_map(
            subtrees.parts(PERSON, "images", 40), in_the_tree, "images", person_categories("fall-2011"), "", ""
        ),
        removal_charts.branches(removal.branches(), in_the_tree, "", ""),
    ]
    for figure in drawn:
        sent = figure.to_json().replace(r"\u003cbr\u003e", " ")
        assert "[covered: offensive]" in sent
        assert not any("offensive" in word for word in sentinels.found(sent))


def test_the_colours_are_those_of_the_theme() -> None:
    from streamlit import config

    theme = [config.get_option(f"theme.{name}Color") for name in ("green", "blue", "orange", "red")]
    assert theme == [style.STATUS[status] for status in ("kept", "hard to picture", "sensitive", "offensive")]


@pytest.mark.slow
def test_a_chart_waits_for_pandas_that_another_thread_is_importing() -> None:
    script = """
import sys, threading, time
from explainer.charts import style
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
style.plotly()
thread.join()
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
