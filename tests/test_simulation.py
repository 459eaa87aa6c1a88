"""The model of a crowd: one visitor waits for the work itself; no crowd gets more than a lock or the cores give."""

from dataclasses import replace

import pytest

simulation = pytest.importorskip("benchmarks.simulation")

from explainer import limits  # noqa: E402

COSTS = simulation.Costs(
    processes=1,
    page=0.1,
    photo=0.4,
    decode=0.05,
    read=0.03,
    explain=0.2,
    client_page=0.01,
    client_photo=0.02,
    delay=0.06,
)


def test_a_visitor_alone_waits_for_the_work_and_for_nothing_else() -> None:
    found = simulation.predict(COSTS, 1, 0, 0, 600)
    assert found.pages == pytest.approx([0.1 + 0.01] * len(found.pages), abs=1e-6)
    # A fifth of what the photo takes of the app comes before its label, in the page with the photo on it.
    assert found.labels == pytest.approx([0.02 + 0.08 + 0.05 + 0.03 + 0.06] * len(found.labels), abs=1e-6)
    assert 8 <= len(found.labels) <= 12  # one a minute


@pytest.mark.parametrize(("processes", "most"), [(1, 1.0), (2, 2.0), (4, 2.0)])
def test_a_process_draws_one_page_at_a_time_and_all_share_two_cores(processes: int, most: float) -> None:
    costs = replace(COSTS, processes=processes, photo=0, decode=0, read=0, explain=0, client_page=0, client_photo=0)
    found = simulation.predict(costs, 300 * int(most), 0, 40, 80)
    assert found.pages_a_second * costs.page == pytest.approx(most, rel=0.1)
    assert found.cores == pytest.approx(most, rel=0.02)


def test_other_programs_leave_less_for_visitors() -> None:
    alone, beside = (
        simulation.predict(replace(COSTS, processes=2, others=others), 400, 0, 30, 50) for others in (0.0, 1.0)
    )
    assert beside.cores < alone.cores - 0.4


def test_a_crowd_beyond_the_limits_is_sent_away_or_told_that_there_are_too_many_photos(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "TABLE", {
        **limits.TABLE,
        "visitors": replace(limits.TABLE["visitors"], most=10 + simulation.KEPT),
        "photos": replace(limits.TABLE["photos"], most=7),
    })  # fmt: skip
    found = simulation.predict(COSTS, 13, 1, 2, 100)
    assert found.full == 3
    assert found.too_many_photos >= 3


def test_it_breaks_where_a_process_cannot_draw_pages_at_the_pace_of_its_visitors() -> None:
    pages_alone = replace(COSTS, page=0.5, photo=0, decode=0, read=0, explain=0)
    # A visitor turns a page in 20 s, and then waits 5 s at most: 25 / 0.5 of them share the lock.
    assert simulation.breaks_at(pages_alone) == pytest.approx(50, abs=10)
