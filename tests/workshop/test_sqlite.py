"""What was confirmed is kept: through a kill, a full disk, a file that is damaged, older, newer or read-only."""

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from handmade import ROOT

from explainer.workshop import handout, participants, record, rooms, screens, sqlite, talk, votes
from explainer.workshop.errors import Busy, UnknownRoom
from explainer.workshop.rooms import Room
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.stage import Press
from explainer.workshop.store import Store

QUESTION = "imageability/n10142747"


def open_question(store: Store) -> Room:
    room = rooms.open_room(store, deck="imageability")
    screens.present(store, room.code, activity=QUESTION, phase="open")
    return room


def run(script: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT, **options
    )


def test_what_is_one_statement_begins_no_transaction(file: Path) -> None:
    store, said = SQLiteStore(file), list[str]()
    room = rooms.open_room(store)
    store._connection.set_trace_callback(said.append)
    assert rooms.find(store, room.code) == room
    assert [each for each in said if not each.startswith(("SELECT", "PRAGMA"))] == []
    assert store.read(lambda connection: rooms.room(connection, room.code)) == room
    assert {"BEGIN", "COMMIT"} <= set(said)


def test_a_file_that_another_program_holds_is_asked_for_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY", 0.05)
    opened = SQLiteStore(file)
    room = open_question(opened)
    token = participants.join(opened, room.code)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy, match=r"Try again in a moment\."):
        votes.vote(opened, room.code, QUESTION, 1, token, "5")
    other.execute("ROLLBACK")
    votes.vote(opened, room.code, QUESTION, 1, token, "5")
    assert votes.tally(opened, room.code, QUESTION, 1).total == 1
    assert opened.trouble is None


def test_an_app_that_keeps_rooms_in_a_file_loads_nothing_of_postgresql(tmp_path: Path) -> None:
    script = (
        "import sys; from explainer.ui import access; access.store(); print([n for n in sys.modules if 'psycopg' in n])"
    )
    process = run(script, env={**os.environ, "EXPLAINER_DATA": str(tmp_path)})
    assert process.communicate()[0] == "[]\n"


# --- damage


@pytest.fixture
def whole(file: Path) -> Path:
    """A file that was closed, with a room in it."""
    opened = SQLiteStore(file)
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
    opened = SQLiteStore(whole)
    (aside,) = whole.parent.glob("rooms.damaged-*.sqlite")
    assert aside.read_bytes() == damaged
    assert opened.trouble == f"The record of rooms was damaged. It was set aside as {aside.name}; a new one was begun."
    room = open_question(opened)
    opened.close()
    again = SQLiteStore(whole)
    assert again.trouble is None
    assert again.aside == (aside.name,)  # it may have rooms that no button deletes
    assert rooms.listing(again) == (room,)


def test_a_file_that_is_removed_or_replaced_is_noticed_and_the_app_goes_on_in_memory(file: Path) -> None:
    for replace in (False, True):
        opened = SQLiteStore(file)
        room = open_question(opened)
        for part in file.parent.iterdir():
            part.unlink()
        if replace:
            SQLiteStore(file).close()
        votes.vote(opened, room.code, QUESTION, 1, participants.join(opened, room.code), "5")
        assert votes.tally(opened, room.code, QUESTION, 1).total == 1
        assert not opened.keeps
        assert "it was removed while the app ran" in (opened.trouble or "")
        opened.close()
    again = SQLiteStore(file)
    assert again.trouble is None
    assert rooms.listing(again) == ()


# --- versions


@pytest.mark.parametrize("change", ["DROP TABLE hands", "ALTER TABLE hands ADD COLUMN more", "CREATE TABLE other (a)"])
def test_a_file_of_another_version_is_set_aside(whole: Path, change: str) -> None:
    with contextlib.closing(sqlite3.connect(whole, isolation_level=None)) as connection:
        connection.execute(change)
    opened = SQLiteStore(whole)
    assert opened.keeps
    assert "is from another version of this app. It was set aside as rooms.other-" in opened.trouble
    assert rooms.listing(opened) == ()
    assert rooms.find(opened, open_question(opened).code)
    (aside,) = whole.parent.glob("rooms.other-*.sqlite")
    assert sqlite3.connect(aside).execute("SELECT count(*) FROM rooms").fetchone() == (1,)


# --- disks


def test_the_folder_is_what_the_setting_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_DATA", str(tmp_path / "elsewhere"))
    assert sqlite.path() == tmp_path / "elsewhere" / "rooms.sqlite"
    monkeypatch.setenv("EXPLAINER_DATA", "postgresql://host/name")
    assert sqlite.path() is None
    monkeypatch.delenv("EXPLAINER_DATA")
    assert sqlite.path() == ROOT / "data" / "rooms.sqlite"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    opened = SQLiteStore(tmp_path / "data" / "rooms.sqlite")
    assert opened.trouble.endswith("rooms are kept in memory until the app stops.")
    assert rooms.in_force(opened) is None  # there is no record whose rules may hold
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


def test_a_server_that_starts_on_a_full_disk_knows_the_rooms_that_were_kept(small_disk: Path) -> None:
    opened = SQLiteStore(small_disk / "rooms.sqlite")
    room = open_question(opened)
    opened.close()
    with contextlib.suppress(OSError), (small_disk / "photographs").open("wb", buffering=0) as other:
        while other.write(bytes(4096)):
            pass
    again = SQLiteStore(small_disk / "rooms.sqlite")
    assert "rooms are kept in memory" in again.trouble
    votes.vote(again, room.code, QUESTION, 1, participants.join(again, room.code), "5")
    assert votes.tally(again, room.code, QUESTION, 1).total == 1


@pytest.mark.parametrize("tries", [0, 1, 3], ids=["before it is tried", "after one try", "after three tries"])
def test_when_a_full_disk_has_room_again_all_is_written_to_the_file(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    opened = SQLiteStore(small_disk / "rooms.sqlite")
    room = open_question(opened)
    with contextlib.suppress(OSError), (small_disk / "photographs").open("wb", buffering=0) as other:
        while other.write(bytes(4096)):
            pass

    def vote(answer: str) -> None:
        votes.vote(opened, room.code, QUESTION, 1, participants.join(opened, room.code), answer)

    while opened.keeps:
        vote("5")
    now = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(tries):  # it is full for longer
        now[0] += sqlite.AGAIN + 1
        vote("5")
        assert not opened.keeps
    count = votes.tally(opened, room.code, QUESTION, 1).total
    (small_disk / "photographs").unlink()
    votes.tally(opened, room.code, QUESTION, 1)
    assert not opened.keeps  # it is tried again after a while, not at once
    now[0] += sqlite.AGAIN + 1
    vote("1")
    assert opened.keeps
    assert opened.trouble is None
    opened.close()  # a restart
    again = SQLiteStore(small_disk / "rooms.sqlite")
    assert votes.tally(again, room.code, QUESTION, 1).phones == {"1": 1, "2": 0, "3": 0, "4": 0, "5": count}


def test_a_file_that_another_program_went_on_with_is_not_written_over(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = SQLiteStore(file)
    assert opened.aside == ()
    room = open_question(opened)
    opened._go_on_in_memory(sqlite3.OperationalError("database or disk is full"))
    now = [time.monotonic() + sqlite.AGAIN + 1]
    monkeypatch.setattr(sqlite, "_checked", fail_once(sqlite._checked))
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    participants.join(opened, room.code)  # it is tried, in vain
    other = SQLiteStore(file)
    participants.join(other, room.code)
    now[0] += sqlite.AGAIN + 1
    participants.join(opened, room.code)
    assert not opened.keeps
    assert participants.count(other, room.code) == 1


def fail_once(checked: Callable[[Path], sqlite3.Connection]) -> Callable[[Path], sqlite3.Connection]:
    """In the place of what opens a file: the disk is still full at the first call."""
    calls = iter([True])

    def check(file: Path) -> sqlite3.Connection:
        if next(calls, False):
            raise sqlite3.OperationalError("database or disk is full")
        return checked(file)

    return check


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets so much time pass that a file is tried again."""
    now = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def pass_time() -> None:
        now[0] += sqlite.AGAIN + 1

    return pass_time


def test_what_another_program_writes_while_it_holds_the_file_is_not_written_over(
    file: Path, monkeypatch: pytest.MonkeyPatch, pass_time: Callable[[], None]
) -> None:
    opened, checked = SQLiteStore(file), sqlite._checked
    room = open_question(opened)
    opened._go_on_in_memory(sqlite3.OperationalError("database or disk is full"))

    def held(file: Path) -> sqlite3.Connection:
        with contextlib.closing(sqlite3.connect(file)) as other, other:
            other.execute("INSERT INTO participants VALUES (?, 'theirs')", (room.code,))
        raise sqlite3.OperationalError("database is locked")

    for check in (held, checked):
        pass_time()
        monkeypatch.setattr(sqlite, "_checked", check)
        participants.join(opened, room.code)
    assert not opened.keeps
    assert participants.count(SQLiteStore(file), room.code) == 1


def test_what_another_program_writes_before_the_file_is_tried_again_is_not_written_over(
    file: Path, pass_time: Callable[[], None]
) -> None:
    opened = SQLiteStore(file)
    room = open_question(opened)
    opened._go_on_in_memory(sqlite3.OperationalError("database or disk is full"))
    other = SQLiteStore(file)
    participants.join(other, room.code)
    pass_time()
    participants.join(opened, room.code)
    assert not opened.keeps
    assert participants.count(other, room.code) == 1


def test_a_file_that_was_deleted_as_the_presenter_was_told_is_made_anew(
    file: Path, pass_time: Callable[[], None]
) -> None:
    opened = SQLiteStore(file)
    room = open_question(opened)
    opened._go_on_in_memory(sqlite3.OperationalError("database or disk is full"))
    file.unlink()
    pass_time()
    assert rooms.find(opened, room.code).code == room.code
    assert opened.keeps


def unreadable(monkeypatch: pytest.MonkeyPatch, but: str = ":memory:") -> None:
    """Have no file opened from now on, but one in memory, or one whose address has some words in it."""
    connect = sqlite._connect

    def fail(name: str) -> sqlite3.Connection:
        if name != ":memory:" and but not in name:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(name)

    monkeypatch.setattr(sqlite, "_connect", fail)


@pytest.mark.parametrize("case", ["as the app starts", "while it runs", "its log, after a kill"])
def test_a_record_that_could_not_be_read_for_a_while_is_there_again_with_what_was_begun_meanwhile(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pass_time: Callable[[], None], case: str
) -> None:
    opened = SQLiteStore(file)
    room = open_question(opened)
    votes.vote(opened, room.code, QUESTION, 1, participants.join(opened, room.code), "5")
    with monkeypatch.context() as trouble:
        if case == "while it runs":
            unreadable(trouble)
            opened._connection.close()
            opened._go_on_in_memory(sqlite3.OperationalError("disk I/O error"))
        else:
            file = Path(shutil.copytree(file.parent, tmp_path / "copied")) / file.name  # as a kill leaves it
            file.with_name(f"{file.name}-shm").unlink()
            unreadable(trouble, but="immutable" if "log" in case else ":memory:")
            opened = SQLiteStore(file)
        assert not opened.keeps
        with pytest.raises(Busy):  # its rules may hold
            rooms.in_force(opened)
    begun = rooms.open_room(opened, preset="adults")
    assert rooms.in_force(opened) == rooms.PRESETS["adults"]
    pass_time()
    assert {each.code for each in rooms.listing(opened)} == {room.code, begun.code}
    assert opened.keeps
    assert opened.trouble is None
    assert rooms.in_force(opened) == room.rules
    opened.close()
    again = SQLiteStore(file)
    assert votes.tally(again, room.code, QUESTION, 1).total == 1
    assert rooms.find(again, begun.code)


def test_a_room_that_is_deleted_while_the_record_cannot_be_read_costs_no_other_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = open_question(SQLiteStore(file))
    with monkeypatch.context() as trouble:
        unreadable(trouble)
        opened = SQLiteStore(file)
        said = opened.trouble
        rooms.delete(opened, rooms.open_room(opened).code)
    assert opened.unread
    assert opened.trouble == said  # and not to delete the file, which has the other one
    assert rooms.listing(SQLiteStore(file)) == (room,)


def blink(monkeypatch: pytest.MonkeyPatch, file: Path, error: OSError) -> None:
    """Have a file's disk tell nothing of it from now on."""
    stat = Path.stat

    def fail(path: Path, **options: bool) -> os.stat_result:
        if path.name.startswith(file.name):
            raise error
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", fail)


def test_a_disk_that_tells_nothing_of_the_file_for_a_moment_has_not_lost_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, pass_time: Callable[[], None]
) -> None:
    opened = SQLiteStore(file)
    room = open_question(opened)
    with monkeypatch.context() as trouble:
        blink(trouble, file, OSError(errno.EIO, os.strerror(errno.EIO)))
        assert rooms.find(opened, room.code)
        opened._go_on_in_memory(sqlite3.OperationalError("disk I/O error"))
        pass_time()
        assert rooms.in_force(opened) == room.rules
    pass_time()
    votes.vote(opened, room.code, QUESTION, 1, participants.join(opened, room.code), "5")
    assert opened.keeps
    assert votes.tally(SQLiteStore(file), room.code, QUESTION, 1).total == 1


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOENT], ids=["it tells nothing", "it was pulled out"])
def test_no_rule_falls_with_a_disk_of_which_nothing_can_be_read(
    file: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    opened = SQLiteStore(file)
    open_question(opened)
    blink(monkeypatch, file, OSError(number, os.strerror(number)))
    unreadable(monkeypatch)
    opened._connection.close()
    opened._go_on_in_memory(sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(Busy):
        rooms.in_force(opened)


@pytest.mark.parametrize("while_open", [False, True])
def test_a_damaged_record_that_cannot_be_set_aside_takes_nothing_else_down(
    whole: Path, monkeypatch: pytest.MonkeyPatch, while_open: bool
) -> None:
    opened = SQLiteStore(whole)
    (page,) = opened._connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'votes'").fetchone()
    opened.scrub()

    def refuse(file: Path, why: str) -> Path:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(sqlite, "_set_aside", refuse)
    content = whole.read_bytes()
    whole.write_bytes(content[: 4096 * (page - 1)] + b"\xff" * 4096 + content[4096 * page :])
    if while_open:
        (kept,) = rooms.listing(opened)
        opened._connection.execute("PRAGMA shrink_memory")  # SQLite remembers pages
        with pytest.raises(UnknownRoom):
            votes.tally(opened, kept.code, QUESTION, 1)
    else:
        opened = SQLiteStore(whole)
    assert opened.unread
    assert "cannot be written" in (opened.trouble or "")
    with pytest.raises(Busy):
        rooms.in_force(opened)
    room = open_question(opened)
    votes.vote(opened, room.code, QUESTION, 1, participants.join(opened, room.code), "5")
    assert votes.tally(opened, room.code, QUESTION, 1).total == 1


def test_rows_that_cannot_be_read_are_copied_also_where_the_file_is_written_again(
    file: Path, pass_time: Callable[[], None]
) -> None:
    opened = SQLiteStore(file)
    room, kept = rooms.open_room(opened), rooms.open_room(opened)
    opened.write(lambda c: c.execute("UPDATE rooms SET since = 'abc' WHERE code = ?", (room.code,)))
    opened._go_on_in_memory(sqlite3.OperationalError("database or disk is full"))
    assert rooms.listing(opened) == (kept,)
    pass_time()
    assert rooms.listing(opened) == (kept,)
    assert opened.keeps
    (aside,) = file.parent.glob("rooms.unreadable-*.sqlite")
    with contextlib.closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT since FROM rooms WHERE code = ?", (room.code,)).fetchone() == ("abc",)


def test_what_is_deleted_while_another_program_reads_leaves_the_log_once_that_has_ended(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY", 0.05)
    monkeypatch.setattr(sqlite, "AGAIN", 0.0)
    kept = SQLiteStore(file)
    code = rooms.open_room(kept).code
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM rooms").fetchone()
        rooms.delete(kept, code)
        assert kept.trouble is not None
        assert "stays in its log" in kept.trouble
    rooms.listing(kept)
    assert kept.trouble is None
    assert code.encode() not in b"".join(each.read_bytes() for each in file.parent.iterdir())


def test_a_room_that_is_deleted_while_the_disk_is_full_is_in_no_file_once_that_has_room_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = SQLiteStore(file)
    room = open_question(opened)
    token = participants.join(opened, room.code)
    opened._go_on_in_memory(sqlite3.OperationalError("database or disk is full"))
    rooms.delete(opened, room.code)
    later = time.monotonic() + sqlite.AGAIN + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert rooms.listing(opened) == ()
    assert opened.keeps
    assert opened.trouble is None
    kept = b"".join(each.read_bytes() for each in file.parent.iterdir())
    assert token.encode() not in kept
    assert room.code.encode() not in kept
    opened.close()


def test_nobody_else_on_the_computer_may_read_the_record(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / "rooms.sqlite"
    file.touch(mode=0o644)
    opened = SQLiteStore(file)
    open_question(opened)
    assert {part.name: oct(part.stat().st_mode & 0o777) for part in tmp_path.iterdir()} == {
        "rooms.sqlite": "0o600",
        "rooms.sqlite-wal": "0o600",
        "rooms.sqlite-shm": "0o600",
    }


# A limit on the size of files stands in for a full disk where none can be mounted.
LIMITED = f"""
import resource, sys
from pathlib import Path
from explainer.workshop import participants, rooms, screens, votes
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store

store = SQLiteStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
room = rooms.open_room(store, deck="imageability")
screens.present(store, room.code, activity={QUESTION!r}, phase="open")
count = 0
while store.trouble is None:
    votes.vote(store, room.code, {QUESTION!r}, 1, participants.join(store, room.code), "5")
    count += 1
votes.vote(store, room.code, {QUESTION!r}, 1, participants.join(store, room.code), "5")
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
from explainer.workshop import participants, rooms, screens, votes
from explainer.workshop.sqlite import SQLiteStore
from explainer.workshop.store import Store

if os.geteuid() == 0:
    os.setuid(65534)
store = SQLiteStore(Path(sys.argv[1]))
print(store.trouble)
print(*(room.code for room in rooms.listing(store)))
room = rooms.open_room(store, deck="imageability")
screens.present(store, room.code, activity={QUESTION!r}, phase="open")
votes.vote(store, room.code, {QUESTION!r}, 1, participants.join(store, room.code), "5")
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
    opened = SQLiteStore(file)
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
    opened = SQLiteStore(file)
    room, other = (rooms.open_room(opened, deck="imageability") for _ in range(2))
    participants.join(opened, room.code)
    if not while_open:
        opened.close()
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(
            BROKEN[harm], {"code": room.code, "question": QUESTION} if ":q" in BROKEN[harm] else {"code": room.code}
        )
    if not while_open:
        opened = SQLiteStore(file)

    assert rooms.in_force(opened) == other.rules
    assert other in rooms.listing(opened)
    with contextlib.suppress(UnknownRoom):  # all of it is there and works, or it is left out as a whole
        found = rooms.find(opened, room.code)
        beats = talk.beats(found)
        screens.press(opened, found.code, [Press("window", 9, "next", 9)], beats)
        screens.present(opened, found.code, paused=True)
        assert screens.present(opened, found.code, paused=False).seconds >= 0
        told = record.record(opened, found.code)
        record.to_csv(told)
        assert "<html" in handout.handout(told)
        votes.tally(opened, found.code, QUESTION, 1)
        rooms.delete(opened, found.code)
    opened.close()


def test_rows_that_cannot_be_read_are_left_out_in_one_line_and_a_copy_is_set_aside(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = SQLiteStore(file)
    room = rooms.open_room(opened)
    kept = rooms.open_room(opened)
    opened.write(lambda c: c.execute("UPDATE rooms SET since = 'abc' WHERE code = ?", (room.code,)))
    opened.close()
    opened = SQLiteStore(file)
    assert rooms.listing(opened) == (kept,)
    assert [each.getMessage() for each in caplog.records] == [
        "Rows of the record cannot be read, and are left out: rooms."
    ]
    (aside,) = file.parent.glob("rooms.unreadable-*.sqlite")
    assert aside.name in (opened.trouble or "")
    with contextlib.closing(sqlite3.connect(aside)) as connection:
        assert connection.execute("SELECT since FROM rooms WHERE code = ?", (room.code,)).fetchone() == ("abc",)
    opened.close()
