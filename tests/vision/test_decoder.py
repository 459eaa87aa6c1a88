"""Strangers' photos are decoded in a process of its own, which is ended where one is too hard."""

import io
import os
import random
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from explainer.vision import decoder, photos
from explainer.vision.decoder import Process
from explainer.vision.photos import PhotoError

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no process by its processor time")


def saved(image: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process(seconds=1)
    yield process
    process.end()


def elements(number: int) -> bytes:
    """A colour profile of few bytes, one of whose tags has the same element many times: each costs a millisecond."""
    curve = struct.pack(">4sIHH4sIHH4f", b"curf", 0, 1, 0, b"parf", 0, 0, 0, 1.1, 1.0, 0.0, 0.0)
    element = struct.pack(">4sIHH", b"cvst", 0, 3, 3) + struct.pack(">II", 36, len(curve)) * 3 + curve
    place = struct.pack(">II", 16 + 8 * number, len(element))
    tag = struct.pack(">4sIHHI", b"mpet", 0, 3, 3, number) + place * number + element
    name = struct.pack(">4sIII2s2sII1s1s", b"mluc", 0, 1, 12, b"en", b"US", 2, 28, b"\0", b"x")
    at = 128 + 4 + 24
    table = struct.pack(">I4sII4sII", 2, b"D2B1", at, len(tag), b"desc", at + len(tag), len(name))
    size = at + len(tag) + len(name)
    head = struct.pack(">I4sI4s4s4s12x4s", size, b"lcms", 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    white = struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return (head + b"\0" * 28 + white).ljust(128, b"\0") + table + tag + name


def test_a_photo_is_what_it_would_be_in_the_same_process(process: Process) -> None:
    turned = Image.Exif()
    turned[0x112] = 6
    picture = Image.effect_mandelbrot((90, 40), (-3, -2.5, 2, 2.5), 100).convert("RGB")
    for data in (saved(picture), saved(picture, "JPEG", exif=turned), saved(picture.resize((3000, 9)), "WEBP")):
        ours, theirs = process.read(data), photos.read(data)
        assert (ours.size, ours.digest, ours.image.mode) == (theirs.size, theirs.digest, "RGB")
        assert ours.image.tobytes() == theirs.image.tobytes()


def test_what_is_wrong_with_a_photo_is_said_as_ever(process: Process) -> None:
    good = saved(Image.new("RGB", (9, 9)))
    for data in (b"", b"no photo", good[:30]):
        with pytest.raises(PhotoError) as theirs:
            photos.read(data)
        with pytest.raises(PhotoError, match=f"^{theirs.value}$"):
            process.read(data)


@needs_limits
def test_a_photo_that_takes_too_long_ends_its_process_and_the_next_one_is_read(process: Process) -> None:
    small = Image.new("RGB", (16, 16), "tomato")
    first = process.read(saved(small, "JPEG", icc_profile=elements(1))), process.start().pid
    assert first[0].size == (16, 16)
    with pytest.raises(PhotoError, match="too long"):
        process.read(saved(small, "JPEG", icc_profile=elements(20_000)))
    assert process.read(saved(small)).size == (16, 16)
    assert process.start().pid != first[1]


@needs_limits
def test_a_photo_that_takes_too_much_memory_is_refused_and_the_next_one_is_read() -> None:
    process = Process(memory=300 << 20)
    with pytest.raises(PhotoError, match="memory"):
        process.read(saved(Image.new("RGB", (7000, 7000))))
    assert process.read(saved(Image.new("RGB", (16, 16)))).size == (16, 16)
    process.end()


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="This system does not show what is in memory")
def test_nothing_of_a_photo_stays_where_the_next_one_is_decoded(process: Process) -> None:
    noise = Image.frombytes("RGB", (300, 300), random.Random(1).randbytes(270_000))
    pixels = process.read(saved(noise)).image.tobytes()
    there = process.start().pid
    time.sleep(0.2)  # the next child is there
    children = [int(child) for child in Path(f"/proc/{there}/task/{there}/children").read_text().split()]
    assert len(children) == 1
    assert not any(remembers(pid, pixels[1000:1064]) for pid in (there, *children))
    assert remembers(os.getpid(), pixels[1000:1064])
    process.read(saved(noise))
    assert process.start().pid == there


def remembers(pid: int, what: bytes) -> bool:
    """Whether some bytes are in a process's memory."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for begin, end in (line.split()[0].split("-") for line in maps if " rw" in line and "[v" not in line):
            memory.seek(int(begin, 16))
            if what in memory.read(int(end, 16) - int(begin, 16)):
                return True
    return False


def test_a_process_that_was_killed_from_outside_is_replaced(process: Process) -> None:
    killed = process.start()
    killed.kill()
    killed.wait()
    assert process.read(saved(Image.new("RGB", (9, 9)))).size == (9, 9)


@pytest.mark.parametrize("at", [1, 3, 4], ids=["what is said of it", "the length of its pixels", "its pixels"])
def test_where_memory_ends_while_an_answer_comes_the_next_visitor_gets_their_own_photo(
    process: Process, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    exactly, calls = decoder._exactly, []

    def fails_once(stream: object, length: int) -> bytes:
        calls.append(length)
        if len(calls) == at:
            raise MemoryError
        return exactly(stream, length)  # type: ignore[arg-type]

    monkeypatch.setattr(decoder, "_exactly", fails_once)
    with pytest.raises(PhotoError, match="too much memory"):
        process.read(saved(Image.new("RGB", (9, 9), "tomato")))
    assert process.read(saved(Image.new("RGB", (16, 16), "teal"))).image.getcolors() == [(256, (0, 128, 128))]


# Does what code in a decoder may do: it ends its parent, and waits in its place where its own photo came from.
TAKEN_OVER = """
import json, os, signal, sys
from contextlib import suppress
from explainer.vision import decoder, photos

def take_over():
    with suppress(PermissionError):
        os.kill(os.getppid(), signal.SIGKILL)
    if os.fork():
        return
    os.setsid()
    answers, kept = os.fdopen(os.dup(0), "wb"), None
    while True:
        data = decoder._receive(sys.stdin.buffer)
        if data != b"give":
            kept = decoder._answer(data)
        decoder._send(answers, json.dumps(kept[0]).encode())
        decoder._send(answers, kept[1])

def read(data, read=photos.read):
    if data == b"take over":
        take_over()
    return read(data)

photos.read = read
decoder._serve(1, decoder.BYTES)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no children that are made like that")
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "where the system seals nothing"])
def test_a_decoder_that_a_photo_took_over_is_given_no_other_photo(process: Process, sealed: bool) -> None:
    seals = "" if sealed else "decoder.seal = lambda: False\n"
    process._command = [sys.executable, "-c", TAKEN_OVER.replace("decoder._serve", f"{seals}decoder._serve")]
    with pytest.raises(PhotoError):
        process.read(b"take over")
    assert process.read(saved(Image.new("RGB", (16, 9)))).size == (16, 9)
    with pytest.raises(PhotoError):
        process.read(b"give")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no children that are made like that")
def test_what_a_photo_left_behind_keeps_no_thread_waiting(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = TAKEN_OVER.replace("        return\n    os.setsid()", "        os._exit(0)\n    os.setsid()").replace(
        "    while True:", "    __import__('time').sleep(6)\n    os._exit(0)\n    while True:"
    )
    process._command = [sys.executable, "-c", silent]
    assert process.read(saved(Image.new("RGB", (16, 9)))).size == (16, 9)
    begun = time.monotonic()
    with monkeypatch.context() as hurry:
        hurry.setattr(decoder, "PATIENCE", 1.0)
        with pytest.raises(PhotoError, match="too long"):
            process.read(b"take over")
    assert time.monotonic() - begun < 5
    assert process.read(saved(Image.new("RGB", (16, 9)))).size == (16, 9)


@pytest.mark.parametrize(
    "answer",
    [b"{}", b"[]", b"1", b"[" * 4000, b'{"error": "", "image": [1, 1]}', b'{"error": "", "image": [1, 1], "size": 1}'],
)
def test_an_answer_that_is_none_is_a_photo_that_cannot_be_opened(
    process: Process, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    answers = iter([answer, b"rgb"])
    with monkeypatch.context() as hostile:
        hostile.setattr(decoder, "_receive", lambda stream, most: next(answers))
        with pytest.raises(PhotoError, match="save it again"):
            process.read(saved(Image.new("RGB", (9, 9))))
    assert process.read(saved(Image.new("RGB", (16, 9)))).size == (16, 9)


@pytest.mark.parametrize("length", [4097, 2**63, 2**64 - 1])
def test_an_answer_without_end_is_none(process: Process, monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    answer, exactly = io.BytesIO(struct.pack("<Q", length)), decoder._exactly
    with monkeypatch.context() as hostile:
        hostile.setattr(decoder, "_exactly", lambda stream, length: exactly(answer, length))
        with pytest.raises(PhotoError):
            process.read(saved(Image.new("RGB", (9, 9))))
    assert process.read(saved(Image.new("RGB", (16, 9)))).size == (16, 9)


@pytest.mark.parametrize("name", ["EXPLAINER_PRESENTER_KEY", "PGPASSWORD", "DATABASE_URL", "AWS_SECRET_KEY"])
def test_a_process_knows_no_key_and_no_setting(process: Process, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "secret")
    if not os.path.exists("/proc/self/environ"):
        pytest.skip("This system does not show what another process was given.")
    with open(f"/proc/{process.start().pid}/environ", "rb") as given:
        assert b"secret" not in given.read()


SEALED = """
import os, pathlib, socket
from explainer.vision import decoder
app, port = os.getppid(), int(os.environ["PORT"])
tries = {
    "its files": lambda: pathlib.Path(os.environ["RECORD"]).write_text(""),
    "a new file": lambda: pathlib.Path(os.environ["RECORD"] + ".new").touch(),
    "its memory": lambda: open(f"/proc/{app}/mem", "rb"),
    "its secrets": lambda: open(f"/proc/{app}/environ", "rb").read(),
    "its port": lambda: socket.create_connection(("127.0.0.1", port)),
    "its life": lambda: os.kill(app, 0),
}
if not decoder.seal():
    print("no Landlock")
for what, reach in tries.items():
    try:
        reach()
        print(what)
    except PermissionError:
        pass
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
def test_code_that_a_photo_smuggled_in_reaches_nothing_of_the_app(tmp_path: Path) -> None:
    record = tmp_path / "rooms.sqlite"
    record.write_text("a vote")
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment = {**os.environ, "PORT": str(server.getsockname()[1]), "RECORD": str(record)}
        command = [sys.executable, "-c", SEALED]
        reached = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    if "no Landlock" in reached:
        pytest.skip("this kernel has no Landlock")
    # Those of 2021 to 2024 know less, and from root nothing of a process is kept but its memory.
    known = {"its secrets"} if os.geteuid() == 0 else set()
    assert set(reached.splitlines()) - known <= {"its port", "its life"}
    assert record.read_text() == "a vote"


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
def test_photos_are_decoded_by_a_process_that_is_sealed(process: Process) -> None:
    for format in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"):
        assert process.read(saved(Image.new("RGB", (16, 9)), format)).size == (16, 9)
    status = Path(f"/proc/{process.start().pid}/status").read_text().splitlines()
    assert "NoNewPrivs:\t1" in status


def test_what_visitors_bring_is_decoded_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "read", lambda data: pytest.fail("it was decoded here"))
    assert decoder.read(saved(Image.new("RGB", (16, 9)))).size == (16, 9)
