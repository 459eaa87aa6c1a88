"""What was confirmed is kept: through a kill, a full disk, a file that is damaged, older, newer or read-only."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from handmade import ROOT

from explainer.workshop import handout, record, rooms, store, talk, votes
from explainer.workshop.errors import UnknownRoom
from explainer.workshop.rooms import Room
from explainer.workshop.stage import Press
from explainer.workshop.store import Store

QUESTION = "imageability/n10142747"


def open_question(store: Store) -> Room:
    room = rooms.open_room(store, deck="imageability")
    rooms.present(store, room.code, activity=QUESTION, phase="open")
    return room


def run(script: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT, **options
    )


# Opens the file and votes with many threads until it is killed; prints each vote once it is confirmed.
VOTERS = f"""
import sys, threading
from pathlib import Path
from explainer.workshop import rooms, votes
from explainer.workshop.stage import Press
from explainer.workshop.store import Store

store = Store(Path(sys.argv[1]))
code = sys.argv[2]

def voter(number):
    while True:
        token = rooms.join(store, code)
        answer = str(1 + number % 5)
        votes.vote(store, code, {QUESTION!r}, 1, token, answer)
        sys.stdout.write(f"{{token}} {{answer}}\\n")
        sys.stdout.flush()

for number in range(8):
    threading.Thread(target=voter, args=(number,)).start()
"""


@pytest.mark.slow
def test_every_vote_that_was_confirmed_is_there_after_the_server_was_killed(file: Path) -> None:
    before = Store(file)
    room = open_question(before)
    before.close()
    confirmed: dict[str, str] = {}
    for _ in range(3):
        voting = run(VOTERS, str(file), room.code)
        for _, line in zip(range(60), voting.stdout, strict=False):
            confirmed.update([line.split()])
        os.kill(voting.pid, signal.SIGKILL)
        confirmed.update(line.split() for line in voting.stdout if line.endswith("\n"))
        assert voting.wait() == -signal.SIGKILL
    after = Store(file)
    assert after.trouble is None
    assert len(confirmed) >= 180
    kept = {token: votes.vote_of(after, room.code, QUESTION, 1, token) for token in confirmed}
    assert kept == confirmed
    assert votes.tally(after, room.code, QUESTION, 1).total - len(confirmed) <= 3 * 8  # those under way at each kill


def test_forty_threads_lose_no_vote_and_count_none_twice(file: Path) -> None:
    opened = Store(file)
    room = open_question(opened)
    tokens = [rooms.join(opened, room.code) for _ in range(40)]

    def voter(number: int) -> None:
        for turn in range(25):
            votes.vote(opened, room.code, QUESTION, 1, tokens[number], str(1 + (number + turn) % 5))
            rooms.heartbeat(opened, room.code, tokens[number])
            rooms.stage(opened, room.code)

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(voter, range(40)))
    opened.close()
    again = Store(file)
    assert dict(votes.tally(again, room.code, QUESTION, 1).phones) == dict.fromkeys("12345", 8)
    last = {token: votes.vote_of(again, room.code, QUESTION, 1, token) for token in tokens}
    assert last == {token: str(1 + (number + 24) % 5) for number, token in enumerate(tokens)}


def test_two_servers_may_keep_rooms_in_one_file(file: Path) -> None:
    first, second = Store(file), Store(file)
    room = open_question(first)
    tokens = [rooms.join((first, second)[number % 2], room.code) for number in range(20)]

    def vote(number: int) -> None:
        votes.vote((second, first)[number % 2], room.code, QUESTION, 1, tokens[number], "5")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(vote, range(20)))
    assert votes.tally(first, room.code, QUESTION, 1) == votes.tally(second, room.code, QUESTION, 1)
    assert votes.tally(first, room.code, QUESTION, 1).total == 20


def test_of_a_phone_its_token_is_kept_and_nothing_else(file: Path) -> None:
    opened = Store(file)
    columns = opened.read(
        lambda c: c.execute(
            """SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name <> 'rooms'"""
        ).fetchall()
    )
    kept: dict[str, list[str]] = {}
    for table, column in columns:
        kept.setdefault(table, []).append(column)
    assert kept == {
        "participants": ["room", "token"],
        "votes": ["room", "question", "round", "token", "answer"],
        "hands": ["room", "question", "round", "answer", "count"],
        "marks": ["room", "sheet", "token", "pictures"],
        "flags": ["room", "token", "wnid", "reason"],
        "presses": ["room", "client", "number"],
    }


def test_work_that_fails_changes_nothing(file: Path) -> None:
    opened = Store(file)
    room = open_question(opened)

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM rooms")
        raise KeyError("broken")

    with pytest.raises(KeyError, match="broken"):
        opened.write(work)
    assert rooms.find(opened, room.code) == room


def test_a_file_that_another_program_holds_is_asked_for_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "BUSY", 0.05)
    opened = Store(file)
    room = open_question(opened)
    token = rooms.join(opened, room.code)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(store.Busy, match=r"Try again in a moment\."):
        votes.vote(opened, room.code, QUESTION, 1, token, "5")
    other.execute("ROLLBACK")
    votes.vote(opened, room.code, QUESTION, 1, token, "5")
    assert votes.tally(opened, room.code, QUESTION, 1).total == 1
    assert opened.trouble is None


# --- damage


@pytest.fixture
def whole(file: Path) -> Path:
    """A file that was closed, with a room in it."""
    opened = Store(file)
    open_question(opened)
    opened.close()
    return file


def overwritten(content: bytes) -> bytes:
    return b"no database at all, " * 300


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def scribbled(content: bytes) -> bytes:
    return content[:4096] + b"\xff" * 4096 + content[8192:]


@pytest.mark.parametrize("harm", [overwritten, cut, scribbled])
def test_a_damaged_file_is_set_aside_as_it_is(whole: Path, harm: object) -> None:
    damaged = harm(whole.read_bytes())
    whole.write_bytes(damaged)
    opened = Store(whole)
    (aside,) = whole.parent.glob("rooms.damaged-*.sqlite")
    assert aside.read_bytes() == damaged
    assert opened.trouble == f"The record of rooms was damaged. It was set aside as {aside.name}; a new one was begun."
    room = open_question(opened)
    opened.close()
    again = Store(whole)
    assert again.trouble is None
    assert rooms.listing(again) == (room,)


def test_a_file_that_is_damaged_while_it_is_open_is_set_aside_too(whole: Path) -> None:
    opened = Store(whole)
    opened.read(lambda connection: connection.execute("PRAGMA shrink_memory").fetchall())  # or it reads no page again
    whole.write_bytes(scribbled(whole.read_bytes()))
    assert rooms.listing(opened) == ()
    assert len(list(whole.parent.glob("rooms.damaged-*.sqlite"))) == 1
    assert rooms.find(opened, open_question(opened).code)


def test_damage_twice_leaves_two_files(whole: Path) -> None:
    for _ in range(2):
        whole.write_bytes(overwritten(b""))
        Store(whole).close()
    assert len(list(whole.parent.glob("rooms.damaged-*.sqlite"))) == 2


def test_a_file_that_is_removed_or_replaced_is_noticed_and_the_app_goes_on_in_memory(file: Path) -> None:
    for replace in (False, True):
        opened = Store(file)
        room = open_question(opened)
        for part in file.parent.iterdir():
            part.unlink()
        if replace:
            Store(file).close()
        votes.vote(opened, room.code, QUESTION, 1, rooms.join(opened, room.code), "5")
        assert votes.tally(opened, room.code, QUESTION, 1).total == 1
        assert not opened.keeps
        assert "it was removed while the app ran" in (opened.trouble or "")
        opened.close()
    again = Store(file)
    assert again.trouble is None
    assert rooms.listing(again) == ()


# --- versions


def test_a_file_of_an_older_version_is_set_aside(whole: Path) -> None:
    with sqlite3.connect(whole, isolation_level=None) as connection:
        connection.execute("PRAGMA user_version = 6")
    opened = Store(whole)
    assert "is from an older version of this app. It was set aside as rooms.older-" in opened.trouble
    assert rooms.listing(opened) == ()
    assert rooms.find(opened, open_question(opened).code)
    (aside,) = whole.parent.glob("rooms.older-*.sqlite")
    assert sqlite3.connect(aside).execute("SELECT count(*) FROM rooms").fetchone() == (1,)


def test_a_file_of_a_newer_version_is_left_alone(whole: Path) -> None:
    connection = sqlite3.connect(whole, isolation_level=None)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = whole.read_bytes()
    opened = Store(whole)
    assert "newer version" in opened.trouble
    assert rooms.find(opened, open_question(opened).code)
    opened.close()
    assert whole.read_bytes() == before


# --- disks


def test_without_a_file_rooms_are_kept_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    opened = Store(None)
    assert rooms.find(opened, open_question(opened).code)
    assert (opened.trouble, opened.keeps) == (None, False)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_what_the_setting_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_DATA", str(tmp_path / "elsewhere"))
    assert store.path() == tmp_path / "elsewhere" / "rooms.sqlite"
    monkeypatch.delenv("EXPLAINER_DATA")
    assert store.path() == ROOT / "data" / "rooms.sqlite"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    opened = Store(tmp_path / "data" / "rooms.sqlite")
    assert opened.trouble.endswith("rooms are kept in memory until the app stops.")
    assert rooms.find(opened, open_question(opened).code)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_on_a_full_disk_the_app_goes_on_without_keeping_and_says_so(small_disk: Path) -> None:
    opened = Store(small_disk / "rooms.sqlite")
    room = open_question(opened)
    tokens = []
    while opened.trouble is None:
        tokens.append(rooms.join(opened, room.code))
        votes.vote(opened, room.code, QUESTION, 1, tokens[-1], "5")
    assert "database or disk is full" in opened.trouble
    assert not opened.keeps
    tokens.append(rooms.join(opened, room.code))
    votes.vote(opened, room.code, QUESTION, 1, tokens[-1], "1")
    tally = votes.tally(opened, room.code, QUESTION, 1)
    assert tally.phones == {"1": 1, "2": 0, "3": 0, "4": 0, "5": len(tokens) - 1}


def test_a_server_that_starts_on_a_full_disk_knows_the_rooms_that_were_kept(small_disk: Path) -> None:
    opened = Store(small_disk / "rooms.sqlite")
    room = open_question(opened)
    opened.close()
    with contextlib.suppress(OSError), (small_disk / "photographs").open("wb", buffering=0) as other:
        while other.write(bytes(4096)):
            pass
    again = Store(small_disk / "rooms.sqlite")
    assert "rooms are kept in memory" in again.trouble
    votes.vote(again, room.code, QUESTION, 1, rooms.join(again, room.code), "5")
    assert votes.tally(again, room.code, QUESTION, 1).total == 1


def test_when_a_full_disk_has_room_again_all_is_written_to_the_file(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Store(small_disk / "rooms.sqlite")
    room = open_question(opened)
    with contextlib.suppress(OSError), (small_disk / "photographs").open("wb", buffering=0) as other:
        while other.write(bytes(4096)):
            pass
    while opened.keeps:
        votes.vote(opened, room.code, QUESTION, 1, rooms.join(opened, room.code), "5")
    count = votes.tally(opened, room.code, QUESTION, 1).total
    (small_disk / "photographs").unlink()
    assert not opened.keeps  # it is tried again after a while, not at once
    later = time.monotonic() + store.AGAIN + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    votes.vote(opened, room.code, QUESTION, 1, rooms.join(opened, room.code), "1")
    assert opened.keeps
    assert opened.trouble is None
    opened.close()  # a restart
    again = Store(small_disk / "rooms.sqlite")
    assert votes.tally(again, room.code, QUESTION, 1).phones == {"1": 1, "2": 0, "3": 0, "4": 0, "5": count}


def test_a_file_that_another_program_went_on_with_is_not_written_over(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Store(file)
    room = open_question(opened)
    opened._go_on_in_memory(sqlite3.OperationalError("database or disk is full"))
    now = [time.monotonic() + store.AGAIN + 1]
    monkeypatch.setattr(store, "_checked", fail_once(store._checked))
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    rooms.join(opened, room.code)  # it is tried, in vain
    other = Store(file)
    rooms.join(other, room.code)
    now[0] += store.AGAIN + 1
    rooms.join(opened, room.code)
    assert not opened.keeps
    assert rooms.participants(other, room.code) == 1


def fail_once(checked: Callable[[Path], sqlite3.Connection]) -> Callable[[Path], sqlite3.Connection]:
    """In the place of what opens a file: the disk is still full at the first call."""
    calls = iter([True])

    def check(file: Path) -> sqlite3.Connection:
        if next(calls, False):
            raise sqlite3.OperationalError("database or disk is full")
        return checked(file)

    return check


def test_nobody_else_on_the_computer_may_read_the_record(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / "rooms.sqlite"
    file.touch(mode=0o644)
    opened = Store(file)
    open_question(opened)
    assert {part.name: oct(part.stat().st_mode & 0o777) for part in tmp_path.iterdir()} == {
        "rooms.sqlite": "0o600",
        "rooms.sqlite-wal": "0o600",
        "rooms.sqlite-shm": "0o600",
    }


@pytest.mark.parametrize("harm", ["DROP TABLE votes", "ALTER TABLE rooms ADD COLUMN more", "CREATE TABLE other (a)"])
def test_a_file_of_this_version_with_other_tables_is_set_aside(whole: Path, harm: str) -> None:
    with contextlib.closing(sqlite3.connect(whole)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(harm)
        connection.commit()
    opened = Store(whole)
    assert opened.keeps
    assert "was damaged" in str(opened.trouble)
    assert rooms.listing(opened) == ()


# A limit on the size of files stands in for a full disk where none can be mounted.
LIMITED = f"""
import resource, sys
from pathlib import Path
from explainer.workshop import rooms, votes
from explainer.workshop.stage import Press
from explainer.workshop.store import Store

store = Store(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
room = rooms.open_room(store, deck="imageability")
rooms.present(store, room.code, activity={QUESTION!r}, phase="open")
count = 0
while store.trouble is None:
    votes.vote(store, room.code, {QUESTION!r}, 1, rooms.join(store, room.code), "5")
    count += 1
votes.vote(store, room.code, {QUESTION!r}, 1, rooms.join(store, room.code), "5")
print(store.trouble)
print(votes.tally(store, room.code, {QUESTION!r}, 1).total - count)
rooms.delete(store, room.code)
print(store.trouble)
"""


def test_a_file_that_cannot_grow_is_a_full_disk(file: Path) -> None:
    said, more, deleted = run(LIMITED, str(file)).communicate()[0].splitlines()
    assert said.endswith("rooms are kept in memory until the app stops.")
    assert more == "1"
    assert deleted == f"What was written to {file} before is still in it. Delete that file."


# Nobody else's right to write counts for root, so root becomes somebody else.
READ_ONLY = f"""
import os, sys
from pathlib import Path
from explainer.workshop import rooms, votes
from explainer.workshop.stage import Press
from explainer.workshop.store import Store

if os.geteuid() == 0:
    os.setuid(65534)
store = Store(Path(sys.argv[1]))
print(store.trouble)
print(*(room.code for room in rooms.listing(store)))
room = rooms.open_room(store, deck="imageability")
rooms.present(store, room.code, activity={QUESTION!r}, phase="open")
votes.vote(store, room.code, {QUESTION!r}, 1, rooms.join(store, room.code), "5")
print(votes.tally(store, room.code, {QUESTION!r}, 1).total)
"""


def everyone_may_read(file: Path) -> Callable[[], None]:
    """Let everybody read a file and its log, on the whole way to them, and nobody write; gives back how to undo it."""
    ways = [folder for folder in file.parents if folder.stat().st_uid == os.geteuid() and folder != Path("/")]
    modes = {folder: folder.stat().st_mode for folder in ways}
    for folder, mode in modes.items():
        folder.chmod(mode | 0o555)
    for part in file.parent.iterdir():
        part.chmod(0o444)
    file.parent.chmod(0o555)

    def undo() -> None:
        for folder, mode in modes.items():
            folder.chmod(mode)

    return undo


@pytest.fixture
def readable(whole: Path) -> Iterator[Path]:
    """The file that was closed, in a folder that can be read and not written."""
    undo = everyone_may_read(whole)
    yield whole
    undo()


@pytest.fixture
def killed(file: Path, tmp_path: Path) -> Iterator[Path]:
    """The files of a server that was killed, the room still in the log, where they can be read and not written."""
    opened = Store(file)
    open_question(opened)
    copied = Path(shutil.copytree(file.parent, tmp_path / "killed"))
    assert (copied / "rooms.sqlite-wal").stat().st_size > 0
    undo = everyone_may_read(copied / "rooms.sqlite")
    yield copied / "rooms.sqlite"
    undo()


@pytest.mark.parametrize("case", ["readable", "killed"])
def test_a_read_only_file_is_read_and_the_app_goes_on_without_keeping(
    case: str, request: pytest.FixtureRequest
) -> None:
    file: Path = request.getfixturevalue(case)
    before = file.read_bytes()
    said, listed, voted = run(READ_ONLY, str(file)).communicate()[0].splitlines()
    assert said.startswith(f"{file} cannot be written (")
    assert len(listed.split()) == 1
    assert voted == "1"
    assert file.read_bytes() == before


def test_a_new_file_in_a_read_only_folder_is_kept_in_memory(readable: Path) -> None:
    said, listed, voted = run(READ_ONLY, str(readable.with_name("new.sqlite"))).communicate()[0].splitlines()
    assert "cannot be written" in said
    assert (listed, voted) == ("", "1")
    assert not readable.with_name("new.sqlite").exists()


# --- rows that cannot be read

NO_UTF8 = "CAST(x'fffe41' AS TEXT)"
BROKEN = {
    "a time that is a text": "UPDATE rooms SET since = 'abc' WHERE code = :code",
    "a time that is no number": "UPDATE rooms SET entered = 9e999 WHERE code = :code",
    "a time of another age": "UPDATE rooms SET created = 1e300 WHERE code = :code",
    "an end that is a text": "UPDATE rooms SET ended = 'abc' WHERE code = :code",
    "moves that are a text": "UPDATE rooms SET moves = 'abc' WHERE code = :code",
    "a pause of no time": "UPDATE rooms SET paused = 1, halted = NULL WHERE code = :code",
    "a phase that there is not": "UPDATE rooms SET phase = 'zzz' WHERE code = :code",
    "a route that there is not": "UPDATE rooms SET route = 'zzz' WHERE code = :code",
    "a preset that there is not": "UPDATE rooms SET preset = 'zzz' WHERE code = :code",
    "a route of bytes": "UPDATE rooms SET route = x'00' WHERE code = :code",
    "a text that is none": f"UPDATE rooms SET paper = {NO_UTF8} WHERE code = :code",
    "a code that is none": f"UPDATE rooms SET code = {NO_UTF8} WHERE code = :code",
    "a vote in no round": "INSERT INTO votes SELECT :code, :question, 'x', token, '5' FROM participants",
    "a vote on nothing": f"INSERT INTO votes SELECT :code, {NO_UTF8}, 1, token, '5' FROM participants",
    "a vote on what is not asked": "INSERT INTO votes SELECT :code, 'zz/zz', 1, token, '5' FROM participants",
    "a vote for nothing": f"INSERT INTO votes SELECT :code, :question, 1, token, {NO_UTF8} FROM participants",
    "hands without a number": "INSERT INTO hands VALUES (:code, :question, 1, '5', 'many')",
    "a word that there is not": "INSERT INTO flags SELECT :code, token, 'n99999999', 'insult' FROM participants",
    "a reason that there is not": "INSERT INTO flags SELECT :code, token, 'n00007846', 'zzz' FROM participants",
    "a reason that is none": f"INSERT INTO flags SELECT :code, token, 'n00007846', {NO_UTF8} FROM participants",
    "a sheet that there is not": "INSERT INTO marks SELECT :code, 'zzz', token, '1 2' FROM participants",
    "marks with many digits": f"INSERT INTO marks SELECT :code, 'thing', token, '{'9' * 5000}' FROM participants",
    "marks that are none": f"INSERT INTO marks SELECT :code, 'thing', token, {NO_UTF8} FROM participants",
    "presses without a number": "INSERT INTO presses VALUES (:code, 'window', 'abc')",
    "presses of nobody": f"INSERT INTO presses VALUES (:code, {NO_UTF8}, 5)",
    "a phone that is none": f"INSERT INTO participants VALUES (:code, {NO_UTF8})",
}


@pytest.mark.parametrize(("harm", "while_open"), [*((harm, False) for harm in BROKEN), (next(iter(BROKEN)), True)])
def test_a_row_that_cannot_be_read_takes_nothing_else_down(file: Path, harm: str, while_open: bool) -> None:
    opened = Store(file)
    room, other = (rooms.open_room(opened, deck="imageability") for _ in range(2))
    rooms.join(opened, room.code)
    if not while_open:
        opened.close()
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(
            BROKEN[harm], {"code": room.code, "question": QUESTION} if ":q" in BROKEN[harm] else {"code": room.code}
        )
    if not while_open:
        opened = Store(file)

    assert rooms.in_force(opened) == other.rules
    assert other in rooms.listing(opened)
    with contextlib.suppress(UnknownRoom):  # all of it is there and works, or it is left out as a whole
        found = rooms.find(opened, room.code)
        beats = talk.beats(found)
        rooms.press(opened, found.code, [Press("window", 9, "next", 9)], beats)
        rooms.present(opened, found.code, paused=True)
        assert rooms.present(opened, found.code, paused=False).seconds >= 0
        told = record.record(opened, found.code)
        record.to_csv(told)
        record.flags_csv(told)
        assert "<html" in handout.handout(told)
        votes.tally(opened, found.code, QUESTION, 1)
        rooms.delete(opened, found.code)
    opened.close()


def test_rows_that_cannot_be_read_are_left_out_in_one_line_and_a_copy_is_set_aside(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = Store(file)
    room = rooms.open_room(opened)
    kept = rooms.open_room(opened)
    opened.write(lambda c: c.execute("UPDATE rooms SET since = 'abc' WHERE code = ?", (room.code,)))
    opened.close()
    opened = Store(file)
    assert rooms.listing(opened) == (kept,)
    assert [each.getMessage() for each in caplog.records] == [
        "Rows of the record cannot be read, and are left out: rooms."
    ]
    (aside,) = file.parent.glob("rooms.unreadable-*.sqlite")
    assert aside.name in (opened.trouble or "")
    with contextlib.closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT since FROM rooms WHERE code = ?", (room.code,)).fetchone() == ("abc",)
    opened.close()
