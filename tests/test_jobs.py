"""A worker does one job at a time, in order, in a thread of its own; jobs can be given up."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import pytest

from explainer import jobs
from explainer.jobs import CancelledError, Job, Progress, Worker

PATIENCE = 10  # seconds, reached only where a test fails


class Hold:
    """Work that says when it has begun, and goes on when it is let go."""

    def __init__(self) -> None:
        self.begun, self.free = threading.Event(), threading.Event()

    def __call__(self, owned: object, progress: Progress) -> str:
        self.begun.set()
        assert self.free.wait(PATIENCE)
        progress(0.5)
        return "held"


@pytest.fixture
def worker() -> Worker[list[str]]:
    """It owns a list, empty at first."""
    return Worker(list, "test")


@pytest.fixture
def hold(worker: Worker[list[str]]) -> Iterator[Hold]:
    """The worker's first job, at work until it is let go."""
    work = Hold()
    work.job = worker.submit(work)
    assert work.begun.wait(PATIENCE)
    yield work
    work.free.set()


def note(text: str) -> Callable[[list[str], Progress], list[str]]:
    """Work that adds to the worker's list and returns a copy of it."""

    def work(owned: list[str], progress: Progress) -> list[str]:
        owned.append(text)
        return list(owned)

    return work


def fail(owned: object, progress: Progress) -> None:
    raise ValueError("this photo")


def test_owners_take_turns_and_wait_for_one_job_of_each_other(worker: Worker[list[str]], hold: Hold) -> None:
    submitted = {}
    for owner, texts in {"many": "abc", "one": "x", "two": "yz"}.items():
        jobs.owner.set(owner)
        submitted |= {text: worker.submit(note(text)) for text in texts}
    # The job that is at work is nobody's; it goes on first.
    assert {text: job.place for text, job in submitted.items()} == {"a": 1, "x": 2, "y": 3, "b": 4, "z": 5, "c": 6}
    hold.free.set()
    assert submitted["c"].result(PATIENCE) == ["a", "x", "y", "b", "z", "c"]
    jobs.owner.set("")


@pytest.mark.parametrize(
    ("seconds", "soon", "paused"),
    [(0.0, 0.1, []), (0.1, 0.1, []), (PATIENCE, 0.1, [True]), (0.1, 0.0, [True])],
)
def test_a_thread_is_in_its_pause_for_what_is_not_soon_done(
    worker: Worker[list[str]], hold: Hold, seconds: float, soon: float, paused: list[bool]
) -> None:
    noted: list[bool] = []

    @contextmanager
    def pause() -> Iterator[None]:
        noted.append(True)
        hold.free.set()
        yield

    set_before = jobs.pauses.set(pause)
    assert hold.job.wait(seconds, soon) == bool(paused)
    jobs.pauses.reset(set_before)
    assert noted == paused


def test_within_an_owner_goes_first_who_had_the_least_lately(worker: Worker[list[str]]) -> None:
    def busy(owned: list[str], progress: Progress) -> None:
        time.sleep(0.1)

    owner, member = jobs.owner.set("one"), jobs.member.set("many")
    try:
        worker.submit(busy).result(PATIENCE)
        hold = Hold()
        worker.submit(hold)
        assert hold.begun.wait(PATIENCE)
        submitted = {text: worker.submit(note(text)) for text in "abc"}
        jobs.member.set("few")
        submitted |= {text: worker.submit(note(text)) for text in "xy"}
        assert {text: job.place for text, job in submitted.items()} == {"x": 1, "a": 2, "y": 3, "b": 4, "c": 5}
        hold.free.set()
        assert submitted["c"].result(PATIENCE)[:2] == ["x", "y"]
    finally:
        jobs.member.reset(member)
        jobs.owner.reset(owner)


def test_what_one_had_counts_half_after_a_minute_and_a_new_name_is_no_advantage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    lately = jobs.Lately(most=3)
    assert lately.of("address", "new") == 1
    lately.add("address", "new", 3)
    assert lately.of("address", "new") == 4
    now += 60
    assert lately.of("address", "new") == 2
    for number in range(3):
        lately.add("address", f"{number}", 0)
        assert lately.of("address", f"{number}") == 1
    assert len(lately._known) == 3
    assert lately.of("address", "new") == 1  # it had nothing in so long


def test_new_names_without_end_and_those_who_are_known_take_turns() -> None:
    lately = jobs.Lately()
    for known, seconds in {"heavy": 60.0, "pupil": 3.0}.items():
        lately.add("address", known, seconds)
    turns = []
    for number in range(6):
        waiting = ["heavy", "pupil", *(f"new {later}" for later in range(number, 100))]
        turns.append(lately.first("address", waiting))
        assert turns[-1] == lately.first("address", waiting)  # nobody had it yet
        lately.take("address", turns[-1])
        lately.add("address", turns[-1], 0.1)
    assert turns[1::2] == ["pupil"] * 3
    assert [each.partition(" ")[0] for each in turns[::2]] == ["new"] * 3
    assert lately.first("another address", ["pupil", "new"]) == "pupil"  # nobody is known there: who came first


def test_one_owner_leaves_a_thread_to_the_others() -> None:
    worker, first, second = Worker(list, "test", threads=2, most=1), Hold(), Hold()
    mine = [worker.submit(first), worker.submit(second)]
    assert first.begun.wait(PATIENCE)
    token = jobs.owner.set("another")
    try:
        assert worker.submit(note("theirs")).result(PATIENCE) == ["theirs"]
    finally:
        jobs.owner.reset(token)
    assert not second.begun.is_set()
    for hold in (first, second):
        hold.free.set()
    assert [job.result(PATIENCE) for job in mine] == ["held", "held"]


def test_jobs_are_done_in_the_order_they_came(worker: Worker[list[str]]) -> None:
    jobs = [worker.submit(note(text)) for text in "abc"]
    assert [job.result(PATIENCE) for job in jobs] == [["a"], ["a", "b"], ["a", "b", "c"]]


def test_a_job_knows_how_many_go_before_it(worker: Worker[list[str]], hold: Hold) -> None:
    jobs = [worker.submit(note(text)) for text in "abc"]
    assert [job.place for job in (hold.job, *jobs)] == [0, 1, 2, 3]
    assert not any(job.done for job in jobs)
    hold.free.set()
    jobs[-1].result(PATIENCE)
    assert [job.place for job in (hold.job, *jobs[:-1])] == [0, 0, 0]
    assert hold.job.done


def test_however_many_wait_their_places_are_found_once_for_all_of_them() -> None:
    worker, hold = Worker(list, "test"), Hold()
    first = worker.submit(hold)
    assert hold.begun.wait(PATIENCE)
    member = jobs.member.set("")
    submitted = []
    for number in range(2400):  # 300 pages of an address, 8 jobs each
        jobs.member.set(f"{number // 8}")
        submitted.append(worker.submit(note("a")))
    jobs.member.reset(member)
    began = time.thread_time()
    places = [job.place for job in submitted]
    assert time.thread_time() - began < 0.2  # each for itself: 10 seconds
    assert sorted(places) == [*range(1, 2401)]
    assert max(places[::8]) <= 300  # the first job of each page comes before the second one of any
    for job in submitted:
        job.cancel()
    hold.free.set()
    assert first.result(PATIENCE) == "held"


def test_a_job_that_another_computer_does_has_the_place_that_it_tells(worker: Worker[list[str]], hold: Hold) -> None:
    job = worker.submit(note("a"))
    job.report(0.0, 7)
    assert job.place == 7
    job.report(0.1, 0)
    assert job.place == 0
    job.report(0.0)  # it is not there any more
    assert job.place == 1
    hold.free.set()
    job.report(0.0, 7)
    job.result(PATIENCE)
    assert job.place == 0


def test_a_waiting_job_that_is_cancelled_is_never_done_and_the_others_move_up(
    worker: Worker[list[str]], hold: Hold
) -> None:
    first, second = worker.submit(note("first")), worker.submit(note("second"))
    first.cancel()
    assert (first.done, first.wanted(), second.place) == (True, False, 1)
    with pytest.raises(CancelledError):
        first.result(PATIENCE)
    hold.free.set()
    assert second.result(PATIENCE) == ["second"]


def test_what_was_given_up_before_it_began_takes_no_turn_of_its_owner(worker: Worker[list[str]], hold: Hold) -> None:
    jobs.owner.set("many")
    for job in [worker.submit(note(text)) for text in "abc"]:
        job.cancel()
    wanted = worker.submit(note("wanted"))
    jobs.owner.set("other")
    last = [worker.submit(note(text)) for text in "xyz"][-1]
    jobs.owner.set("")
    assert wanted.place == 1
    hold.free.set()
    assert last.result(PATIENCE) == ["wanted", "x", "y", "z"]
    assert worker.submit(note("later")).result(PATIENCE)[-1] == "later"


def test_of_what_was_given_up_before_it_began_nothing_is_left(worker: Worker[list[str]], hold: Hold) -> None:
    for _ in range(100):
        worker.submit(note("given up")).cancel()
    assert worker._threads._work_queue.qsize() <= 1


def test_a_job_at_work_that_is_cancelled_stops_at_its_next_progress(worker: Worker[list[str]], hold: Hold) -> None:
    assert hold.job.wanted()
    hold.job.cancel()
    assert (hold.job.done, hold.job.wanted()) == (False, False)  # still at work, but not to be waited for
    hold.free.set()
    with pytest.raises(CancelledError):
        hold.job.result(PATIENCE)
    assert not hold.job.wanted()
    assert worker.submit(note("next")).result(PATIENCE) == ["next"]


def test_a_job_that_is_done_can_be_cancelled_without_losing_its_result(worker: Worker[list[str]]) -> None:
    job = worker.submit(note("a"))
    job.result(PATIENCE)
    job.cancel()
    assert job.result(0) == ["a"]
    assert job.wanted()


def test_an_error_goes_to_the_one_who_waits_and_the_worker_goes_on(worker: Worker[list[str]]) -> None:
    job: Job[None] = worker.submit(fail)
    after = worker.submit(note("after"))
    with pytest.raises(ValueError, match="this photo"):
        job.result(PATIENCE)
    assert not job.wanted()
    assert after.result(PATIENCE) == ["after"]


def counting(to: int, seen: list[str]) -> Callable[[list[str], Progress], Generator[None, None, str]]:
    """Work in parts, each of which is noted."""

    def work(owned: list[str], progress: Progress) -> Generator[None, None, str]:
        for number in range(1, to + 1):
            seen.append(str(number))
            progress(number / to)
            yield
        return "counted"

    return work


class Photo:
    """What a job may hold."""


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_job_that_failed_holds_nothing_of_what_it_worked_on(worker: Worker[list[str]], in_parts: bool) -> None:
    photo = Photo()
    there = weakref.ref(photo)

    def work(owned: list[str], progress: Progress, photo: Photo = photo) -> None:
        held = photo  # in the frame, and in the function
        try:
            raise LookupError(id(held))
        except LookupError as error:
            raise ValueError from error

    def parts(owned: list[str], progress: Progress, photo: Photo = photo) -> Generator[None, None, None]:
        held = photo
        yield
        raise ValueError(id(held))

    gc.disable()
    try:
        job = worker.submit(parts if in_parts else work)
        with pytest.raises(ValueError):  # noqa: PT011 - it has no words
            job.result(PATIENCE)
        del photo, work, parts, job
        worker.submit(note("next")).result(PATIENCE)  # its thread has gone on
        assert there() is None
    finally:
        gc.enable()


def test_between_the_parts_of_a_long_job_come_those_of_others(worker: Worker[list[str]], hold: Hold) -> None:
    seen: list[str] = []
    long = worker.submit(counting(3, seen))
    short = worker.submit(lambda owned, progress: seen.append("short"))
    other = worker.submit(counting(2, seen))
    assert [long.place, short.place, other.place] == [1, 2, 3]
    hold.free.set()
    assert (long.result(PATIENCE), other.result(PATIENCE)) == ("counted", "counted")
    assert seen == ["1", "short", "1", "2", "2", "3"]
    assert long.progress == 1
    assert short.done


def test_a_job_in_parts_that_is_cancelled_stops_at_its_next_part(worker: Worker[list[str]], hold: Hold) -> None:
    seen: list[str] = []
    long = worker.submit(counting(3, seen))
    worker.submit(lambda owned, progress: long.cancel())
    hold.free.set()
    with pytest.raises(CancelledError):
        long.result(PATIENCE)
    assert seen == ["1"]
    assert worker.submit(note("next")).result(PATIENCE) == ["next"]


def test_what_comes_after_another_job_waits_for_all_of_its_parts(worker: Worker[list[str]], hold: Hold) -> None:
    seen: list[str] = []
    first = worker.submit(counting(3, seen))
    second = worker.submit(counting(2, seen), first)
    third = worker.submit(lambda owned, progress: seen.append("after the second"), second)
    given_up = worker.submit(lambda owned, progress: seen.append("given up"), second)
    given_up.cancel()
    assert [first.place, second.place, third.place] == [1, 2, 3]
    hold.free.set()
    third.result(PATIENCE)
    assert seen == ["1", "2", "3", "1", "2", "after the second"]
    worker.submit(lambda owned, progress: seen.append("the last"), third).result(PATIENCE)
    assert seen[-1] == "the last"


def test_a_job_that_goes_on_stands_before_those_that_wait_for_it(worker: Worker[list[str]], hold: Hold) -> None:
    places: list[int] = []

    def parts(owned: list[str], progress: Progress) -> Generator[None, None, str]:
        for _ in range(3):
            places.append(first.place)
            yield
        return "first"

    first = worker.submit(parts)
    after = worker.submit(note("after"), worker.submit(note("second"), first))
    hold.free.set()
    after.result(PATIENCE)
    assert places == [0, 0, 0]


def test_what_comes_after_a_job_that_was_given_up_goes_on(worker: Worker[list[str]], hold: Hold) -> None:
    waiting, failing = worker.submit(note("never")), worker.submit(fail)
    after = [worker.submit(note(text), job) for text, job in {"a": waiting, "b": failing, "c": hold.job}.items()]
    waiting.cancel()
    hold.job.cancel()
    hold.free.set()
    assert sorted(max((job.result(PATIENCE) for job in after), key=len)) == ["a", "b", "c"]


def test_what_another_thread_takes_up_again_is_sent_what_that_one_owns() -> None:
    worker = Worker(threading.get_ident, "test", threads=2)
    owns: list[tuple[int, int]] = []

    def work(owned: int, progress: Progress) -> Generator[None, int, None]:
        owns.append((owned, threading.get_ident()))
        while len({thread for _, thread in owns}) < 2:  # soon the other one is free when it is to go on
            owns.append(((yield), threading.get_ident()))

    worker.submit(work).result(PATIENCE)
    assert all(owned == thread for owned, thread in owns)


def test_the_time_left_is_told_from_what_was_done() -> None:
    job: Job[None] = Job(jobs._Queue(), 0)
    job.report(0.0)
    assert job.seconds_left is None
    time.sleep(0.2)
    job.report(0.5)
    assert 0.2 <= job.seconds_left < 1
    job.report(1.0)
    assert job.seconds_left == 0


def test_progress_is_what_was_last_reported(worker: Worker[list[str]], hold: Hold) -> None:
    waiting = worker.submit(note("a"))
    assert (hold.job.progress, waiting.progress) == (0.0, 0.0)
    hold.free.set()
    hold.job.result(PATIENCE)
    assert hold.job.progress == 0.5


def test_waiting_ends_after_the_time_that_was_given(hold: Hold) -> None:
    with pytest.raises(TimeoutError):
        hold.job.result(0.01)
    assert hold.job.wanted()


def test_one_who_waits_for_a_while_hears_whether_it_is_done_however_it_ended(
    worker: Worker[list[str]], hold: Hold
) -> None:
    def late(owned: object, progress: Progress) -> None:
        raise TimeoutError("of its own")

    failing, cancelled = worker.submit(late), worker.submit(note("never"))
    cancelled.cancel()
    assert (hold.job.wait(0.01), failing.wait(0.01), cancelled.wait(0.01)) == (False, False, True)
    hold.free.set()
    assert hold.job.wait(PATIENCE)
    assert failing.wait(PATIENCE)
    with pytest.raises(TimeoutError, match="of its own"):
        failing.result()


def test_one_who_waits_hears_at_once_that_the_job_was_cancelled(worker: Worker[list[str]], hold: Hold) -> None:
    waiting = worker.submit(note("never"))
    threading.Timer(0.1, waiting.cancel).start()
    began = time.monotonic()
    assert waiting.wait(PATIENCE)
    assert time.monotonic() - began < PATIENCE / 2


def test_what_could_not_be_made_is_made_for_the_next_job() -> None:
    tries = iter([ValueError("no weights"), None])

    def make() -> str:
        if error := next(tries):
            raise error
        return "models"

    worker: Worker[str] = Worker(make, "test")
    with pytest.raises(ValueError, match="no weights"):
        worker.submit(lambda owned, progress: owned).result(PATIENCE)
    assert worker.submit(lambda owned, progress: owned).result(PATIENCE) == "models"
    assert worker.submit(lambda owned, progress: owned).result(PATIENCE) == "models"  # not made a third time


def test_all_is_done_in_one_thread_that_is_not_the_callers() -> None:
    worker = Worker(threading.get_ident, "test")
    seen = [worker.submit(lambda made, progress: (made, threading.get_ident())) for _ in range(20)]
    threads = {thread for job in seen for thread in job.result(PATIENCE)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_each_of_several_threads_owns_its_own() -> None:
    together = threading.Barrier(2)

    def meet(made: int, progress: Progress) -> tuple[int, int]:
        together.wait(PATIENCE)  # both threads must be at work to pass
        return made, threading.get_ident()

    worker = Worker(threading.get_ident, "test", threads=2)
    answers = [job.result(PATIENCE) for job in [worker.submit(meet), worker.submit(meet)]]
    assert all(made == thread for made, thread in answers)
    assert len(set(answers)) == 2


def test_what_was_to_be_done_goes_with_a_job_that_is_cancelled_before_its_turn(
    worker: Worker[list[str]], hold: Hold
) -> None:
    class Photo:
        def __call__(self, owned: object, progress: Progress) -> None: ...

    photo = Photo()
    kept = weakref.ref(photo)
    job = worker.submit(photo)
    del photo
    gc.disable()
    try:
        assert kept() is not None
        job.cancel()
        assert kept() is None
    finally:
        gc.enable()


def test_a_worker_goes_on_after_a_job_that_cannot_be_ended(worker: Worker[list[str]]) -> None:
    def endless(owned: list[str], progress: Progress) -> Generator[None, None, None]:
        try:
            while True:
                yield
        finally:
            raise MemoryError

    job = worker.submit(endless)
    job.cancel()
    with pytest.raises((MemoryError, CancelledError)):
        job.result(PATIENCE)
    assert worker.submit(lambda owned, progress: "the next").result(PATIENCE) == "the next"
