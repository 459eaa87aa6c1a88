"""The limits are told as they are, and fit together."""

import resource
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from handmade import ROOT

from explainer import limits

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", limits.TABLE)
def test_every_limit_is_told_with_its_number_and_what_a_visitor_sees(name: str) -> None:
    limit = limits.TABLE[name]
    (row,) = (line for line in TEXT.splitlines() if line.startswith(f"| {name} |"))
    assert f"{limit.most:,.0f} {limit.unit}" in row
    assert limit.told in row
    if limit.first:
        assert f"after the first {limit.first:,.0f}" in row


def test_a_workshop_of_150_phones_behind_one_address_is_let_in() -> None:
    assert limits.value("visitors of an address") >= 150 + 2
    assert limits.value("joins of an address") >= 150
    assert limits.value("connections of an address") >= 150 * 6  # a browser's connections while it loads the page


def test_so_many_pages_are_let_in_as_the_limit_of_open_files_bears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda of: (256, 256))
    assert 41 <= limits.visitors() <= 50
    assert 4 * limits.visitors() + 40 < 256
    assert limits.connections() > limits.visitors()
    assert 30 <= limits.of_an_address("visitors of an address", limits.visitors()) < limits.visitors() - 10
    of_an_address = limits.of_an_address("connections of an address", limits.connections())
    assert limits.visitors() < of_an_address < limits.connections() - 20
    monkeypatch.setattr(resource, "getrlimit", lambda of: (65536, 65536))
    assert limits.of_an_address("visitors of an address", limits.visitors()) == limits.value("visitors of an address")
    assert limits.visitors() == limits.value("visitors")


def test_what_is_refused_is_not_taken_from_a_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: now))
    pace = limits.Pace(3, 100)
    assert [pace.take() for _ in range(1000)] == [True] * 3 + [False] * 997
    taken = 0
    for _ in range(5000):  # a second of a flood
        now += 1 / 5000
        taken += pace.take()
    assert taken == pytest.approx(100, abs=2)


def test_one_with_several_addresses_leaves_places_to_those_that_have_few() -> None:
    limit, in_all = "connections of an address", limits.connections()
    taken = Counter[str]()
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        while limits.has_place(limit, taken[address], taken.total(), in_all):
            taken[address] += 1
    assert taken.total() == in_all * 3 // 4 + 20  # the third had none, and so has a few
    for number in range(20):  # visitors with the connections of a browser
        for _ in range(6):
            assert limits.has_place(limit, taken[f"198.51.100.{number}"], taken.total(), in_all)
            taken[f"198.51.100.{number}"] += 1
    while limits.has_place(limit, 0, taken.total(), in_all):
        taken["others"] += 1
    assert taken.total() == in_all


def test_the_last_quarter_of_bytes_takes_a_phones_photo_of_each_of_a_dozen_addresses() -> None:
    limit, in_all, file = "uploads of an address", int(limits.value("uploads")), 5_000_000
    taken = Counter[int]()
    for address in range(100):
        while limits.has_place(limit, taken[address], taken.total(), in_all, file, limits.A_PHOTO):
            taken[address] += file
    assert [taken[address] for address in range(3)] == [250_000_000, 125_000_000, limits.A_PHOTO]
    assert taken.total() == in_all
    assert len(+taken) == 2 + 13


CRASH = """
import os, resource
from explainer import limits
most = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
limits.resource = None  # its limit does not bind what goes to a program
{keep}
photo = bytes(range(97, 123)) * 1000
os.abort()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux hands what a process leaves to programs")
def test_what_a_crash_leaves_has_no_photo_in_it_where_no_limit_binds_it(tmp_path: Path) -> None:
    left = {}
    for keep in ("", "limits.keep_no_dumps()"):
        subprocess.run([sys.executable, "-c", CRASH.format(keep=keep)], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
        left[keep] = b"".join(each.read_bytes() for each in tmp_path.iterdir())
        for each in tmp_path.iterdir():
            each.unlink()
    if not left[""]:
        pytest.skip("this system writes it elsewhere")
    photo = string.ascii_lowercase.encode() * 100  # more than a processor has in its registers
    assert photo in left[""]  # the control
    assert photo not in left["limits.keep_no_dumps()"]
