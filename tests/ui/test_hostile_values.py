"""Whatever a browser sends in the place of a widget's value, or in an address, the page stands as it was.

Each kind of wrong value is sent to all widgets of a page at once, and the page is asked again: nothing raises, another
visitor sees what they saw before, and the log has a line for each kind at most.
"""

import itertools
import json
import math
from collections.abc import Iterator, Sequence

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.protocol import Visit
from benchmarks.visitors import megabytes, settled
from tests.servers import APP, Server, serving

pytestmark = pytest.mark.slow

PAGES = ("", "break_it", "laboratory", "tree", "removal", "workshop")  # on the others there are buttons alone
PARTS = (
    "The rule",
    "The branches",
    "The maps",
    "Still in use",
)  # of the page "removal", with widgets of its own
MARKUP = "<script>alert(1)</script> **b** ../../etc/passwd \x00 {0} %s"
FOREIGN = {"selection": {"points": [{"id": 7}], "rows": [10**9, "x"]}}


def several(kind: str, values: Sequence[object]) -> WidgetState:
    state = WidgetState()
    getattr(state, kind).SetInParent()
    getattr(state, kind).data.extend(values)
    return state


def as_json(text: str) -> list[WidgetState]:
    return [WidgetState(json_value=text), WidgetState(string_value=text)]


WRONG: dict[str, list[WidgetState]] = {
    "nothing at all": [WidgetState()],
    "yes in the place of a number": [WidgetState(bool_value=True)],
    "no number": [WidgetState(double_value=math.nan), several("double_array_value", [math.nan])],
    "an endless number": [WidgetState(double_value=-math.inf), several("double_array_value", [math.inf, -math.inf])],
    "a huge number": [WidgetState(double_value=1e308), several("double_array_value", [1e308])],
    "a number far below": [WidgetState(int_value=-(2**62)), several("double_array_value", [-1e308, 1e308])],
    "too many numbers": [several("double_array_value", range(100)), several("int_array_value", range(100))],
    "no numbers": [several("double_array_value", []), several("int_array_value", [])],
    "markup": [WidgetState(string_value=MARKUP), several("string_array_value", [MARKUP])],
    "a text without end": [WidgetState(string_value="A" * 2_000)],
    "an empty text": [WidgetState(string_value=""), several("string_array_value", [""])],
    "an option that there is not": [several("string_array_value", ["n00007846", "no option"])],
    "no options": [several("string_array_value", [])],
    "JSON of another kind": [*as_json("1e999"), *as_json('[true, {"event": 1}]')],
    "JSON that is damaged": [*as_json('{"selection": '), WidgetState(json_trigger_value="{")],
    "JSON that is nested": as_json("[" * 1500 + "]" * 1500),
    "a selection of nothing": as_json('{"selection": {"points": [], "rows": []}}'),
    "a selection that is none": as_json('{"selection": [{}]}'),
    "a selection of what is not there": as_json(json.dumps(FOREIGN)),
    "bytes": [WidgetState(bytes_value=b"\xff\x00" * 300)],
}


def a_file() -> WidgetState:
    state = WidgetState()
    state.file_uploader_state_value.uploaded_file_info.add(name="../x", size=2**60, file_id="../../x")
    return state


WRONG["a file that nobody uploaded"] = [a_file()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("values")
    with serving(APP, folder / "log", EXPLAINER_DATA=str(folder)) as server:
        yield server


def widgets(page: Visit) -> dict[str, str]:
    """The ids of all widgets that stand on a page, and the kind of each."""
    found = {}
    for element, _ in page._elements.values():
        kind = element.WhichOneof("type")
        name = getattr(getattr(element, kind), "id", "") if kind else ""
        if kind and name.startswith("$$"):
            found[name] = kind
    return found


def batched(names: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]


@pytest.mark.parametrize("page", [*PAGES, *(f"removal?part={part}" for part in PARTS)])
def test_a_wrong_value_of_any_kind_is_as_nobody_had_touched_the_widget(server: Server, page: str) -> None:
    at, _, query = page.partition("?")
    visitor = Visit(server.url, at, query.replace(" ", "%20"))
    assert widgets(visitor)  # the control
    for wrong in itertools.chain.from_iterable(WRONG.values()):
        # To a switch, yes is a value like another.
        names = [name for name, kind in widgets(visitor).items() if not (wrong.bool_value and kind == "checkbox")]
        # A message with more than that in it would be ignored as a whole.
        for some in batched(names, 1 if wrong.ByteSize() > 2500 else 10 if wrong.ByteSize() > 100 else len(names)):
            for name in some:
                visitor._values[name] = WidgetState()
                visitor._values[name].CopyFrom(wrong)
                visitor._values[name].id = name
            visitor.run()
            for name in some:
                del visitor._values[name]
    visitor.leave()
    assert "Uncaught" not in server.log
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    "query",
    ["category=<script>", "category=n99999999", "category=" + "9" * 5000, "part=%00", "room=%22%3E",
     "room=CDFHJ&token=x", "view=notes", "room=" + "A" * 3000, "category=n1&category=n2", "part=x",
     "%FF=%FF", "a=" * 500],
)  # fmt: skip
@pytest.mark.parametrize("page", ["tree", "workshop"])
def test_an_address_that_nobody_gave_out_is_a_page_with_a_sentence(server: Server, page: str, query: str) -> None:
    visitor = Visit(server.url, page, query)
    assert visitor.elements
    visitor.leave()
    assert "Uncaught" not in server.log


def test_forged_values_of_one_visitor_leave_another_as_they_were_and_no_memory(server: Server) -> None:
    other = Visit(server.url, "tree", "category=n10560637")
    before = [text for text in other.texts if "scientist" in text]
    forger = Visit(server.url, "tree", "category=n10560637")
    names = widgets(forger)
    settled(server)
    held = []
    for number in range(30):
        for name in names:
            forger._values[name] = WidgetState(id=name, json_value=json.dumps([number] * (2000 // len(names))))
        forger.run()
        held.append(megabytes(server.pid))
    assert held[-1] - held[5] < 30
    other.run()
    assert [text for text in other.texts if "scientist" in text] == before != []
    assert server.log.count("none of its widget's") <= 12 * 30
