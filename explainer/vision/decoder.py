"""Decodes each stranger's photo in a process of its own, which ends with it, or where it is too hard.

Decoders are libraries in C with thousands of ways through them. Whatever a file makes of them, the app goes on, and
nothing of a photo stays where the next one is decoded.
"""

import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

from PIL import Image

from explainer import limits
from explainer.jobs import Worker
from explainer.vision import photos
from explainer.vision.photos import Photo, PhotoError

with suppress(ImportError):  # not on Windows, where the clock alone bounds a photo
    import resource

SECONDS, PATIENCE = 10, 60.0
"""Seconds of the processor that a photo may take, and seconds by the clock."""
BYTES = 2 << 30
"""Memory that a process may take, Python and the libraries among it."""

_HARD = "This photo takes too long, or too much memory, to open: save it again as JPEG or PNG and try again."
_LENGTH = struct.Struct("<Q")
_MOST_TOLD = 4096  # bytes of what is said of a photo


class Process:
    """A process whose children decode one photo each, one at a time. After one that was too hard it starts anew.

    Each child is handed a line of its own for its photo, and lets go of the way by which lines come before it looks at
    that: code that the photo smuggled in cannot wait for the next one. Windows has neither children nor lines.
    """

    def __init__(self, seconds: int = SECONDS, memory: int = BYTES) -> None:
        self._command = [sys.executable, "-m", __name__, str(seconds), str(memory)]
        self._process: subprocess.Popen[bytes] | None = None
        self._lines: socket.socket | None = None
        self._to: IO[bytes] | _Line | None = None
        self._from: IO[bytes] | _Line | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """The running process; a new one where there is none."""
        if self._process is None:
            ends = None if sys.platform == "win32" else socket.socketpair()
            self._process = subprocess.Popen(  # noqa: S603 - this very module
                self._command,
                stdin=ends[1].fileno() if ends else subprocess.PIPE,
                stdout=subprocess.DEVNULL if ends else subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what libraries print may quote a photo's metadata
                cwd=Path(__file__).parents[2],
                start_new_session=True,  # to be ended with its child
                env=_environment(),
            )
            if ends:
                self._lines = ends[0]
                ends[1].close()
            else:
                self._to, self._from = self._process.stdin, self._process.stdout
        return self._process

    def _hand_line(self, lines: socket.socket) -> None:
        ours, theirs = socket.socketpair()
        self._to = self._from = _Line(ours)
        with theirs:
            socket.send_fds(lines, [b"\0"], [theirs.fileno()])

    def read(self, data: bytes) -> Photo:
        """As `photos.read`. Raises PhotoError also for a photo that takes too long or too much memory."""
        if self._process and self._process.poll() is not None:
            self.end()
        process = self.start()
        timer = threading.Timer(PATIENCE, self._give_up, [process])
        timer.start()
        whole = False
        try:
            if self._lines:
                self._hand_line(self._lines)
            assert self._to
            assert self._from
            _send(self._to, data)
            answer = json.loads(_receive(self._from, _MOST_TOLD))
            pixels = _receive(self._from, photos.MAX_SIDE**2 * 3)
            photo, error = None, answer["error"]
            if not error:
                image = Image.frombytes("RGB", tuple(answer["image"]), pixels)
                photo = Photo(image, tuple(answer["size"]), str(answer["digest"]))
            whole = True
        except Exception as reason:  # code that a photo smuggled in answers whatever it likes
            raise PhotoError(_HARD) from reason
        finally:
            timer.cancel()
            if not whole:  # what it says yet would be taken for the next visitor's photo
                self.end()
            elif isinstance(self._to, _Line):
                self._to.close()
        if photo is None:
            raise PhotoError(error)
        return photo

    def _give_up(self, process: subprocess.Popen[bytes]) -> None:
        """End a process, and the wait for its answer, also where something that it started still has its line."""
        _kill(process)
        if isinstance(self._to, _Line):
            self._to.shut_down()

    def end(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            _kill(self._process)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE)
            for stream in (self._lines, self._to, self._from):
                if stream:
                    stream.close()
            self._process = self._lines = self._to = self._from = None


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process, and its child where it can have one."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


# Where Python and libraries are, and how they run, by the beginnings of names; all else may be a key or a password.
_NEEDED = ("PATH", "HOME", "PYTHON", "LD_", "DYLD_", "LANG", "LC_", "OMP_", "OPENBLAS_", "SYSTEMROOT", "APPDATA")


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(_NEEDED)}
    return {**kept, "MALLOC_ARENA_MAX": "2"}  # on many cores each thread would take address space of its own


# One more than a single address may use at a time, so that it cannot keep everybody's photos waiting.
_processes = Worker(Process, "decoder", threads=3, most=2)


def prepare() -> None:
    """Start a process, for whoever brings the first photo."""
    _processes.submit(lambda process, progress: process.start())


def read(data: bytes) -> Photo:
    """The photo in a stranger's bytes. Raises PhotoError, and nothing else."""
    return _processes.submit(lambda process, progress: process.read(data)).result()


class _Line:
    """A way to a process and back, on which a photo goes by one call of the system.

    Through a pipe it goes in up to two hundred pieces, and after each the thread waits for its turn among those that
    draw pages: Python runs one at a time.
    """

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def write(self, data: bytes) -> None:
        self._end.sendall(data)

    def flush(self) -> None:
        """Nothing: all was sent."""

    def read(self, length: int) -> bytes:
        return self._end.recv(length, socket.MSG_WAITALL) if length else b""

    def shut_down(self) -> None:
        """Have whoever waits on this end of it wait no longer, whoever has the other end."""
        with suppress(OSError):  # it was closed just now
            self._end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._end.close()


def _send(stream: IO[bytes] | _Line, data: bytes) -> None:
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes] | _Line, most: int = sys.maxsize) -> bytes:
    """The next bytes that were sent together. Raises EOFError where the other side has ended.

    And ValueError for more than `most`.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > most:
        raise ValueError
    return _exactly(stream, length)


def _exactly(stream: IO[bytes] | _Line, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _answer(data: bytes) -> tuple[dict[str, object], bytes]:
    try:
        photo = photos.read(data)
    except PhotoError as error:
        return {"error": str(error)}, b""
    return {"error": "", "image": photo.image.size, "size": photo.size, "digest": photo.digest}, photo.image.tobytes()


def _serve(seconds: int, memory: int) -> None:
    """Answer one photo after another, until there is nobody left to answer, or one was too hard."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print is no answer
    if "resource" in globals():
        os.nice(5)  # a page goes before a photo
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    limits.keep_no_dumps()
    with suppress(OSError):  # on Linux: where memory ends for all, this process goes, and not the app
        Path("/proc/self/oom_score_adj").write_text("1000")
    seal()
    with suppress(EOFError):
        while sys.platform == "win32":  # has no children that are made like that
            _answer_one(answers)
        lines = socket.socket(fileno=sys.stdin.fileno())
        while True:
            child = os.fork()
            if child:
                if os.waitpid(child, 0)[1]:
                    return
                continue
            try:
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
                seal()  # once more: from its parent as well
                _, (line,), *_ = socket.recv_fds(lines, 1, 1)
                os.dup2(line, lines.fileno())  # in the place of that by which the next ones come
                os.close(line)
                _answer_one(os.fdopen(os.dup(lines.fileno()), "wb"))
                os._exit(0)
            finally:
                os._exit(1)


def seal() -> bool:
    """Have Linux let this process, and what it starts, change no file and look into no other process from now on.

    False where the system has no Landlock, which does it: https://docs.kernel.org/userspace-api/landlock.html. Newer
    ones also let it connect to no computer by TCP, and send no signal to the app.
    """
    if sys.platform != "linux":
        return False
    libc, create, restrict, no_new_privileges = ctypes.CDLL(None), 444, 446, 38
    network, signals, reading = 0b11, 0b10, 0b1100  # it reads on: Python imports
    for files, *others in ((0xFFFF, network, signals), (0x7FFF, network), (0x7FFF,), (0x1FFF,)):  # its versions
        rules = (ctypes.c_uint64 * (1 + len(others)))(files & ~reading, *others)
        descriptor = libc.syscall(create, rules, ctypes.c_size_t(ctypes.sizeof(rules)), 0)
        if descriptor >= 0:
            libc.prctl(no_new_privileges, 1, 0, 0, 0)
            return bool(libc.syscall(restrict, descriptor, 0) == 0)
    return False


def _answer_one(answers: IO[bytes]) -> None:
    """Take a photo, and answer. Raises EOFError where nobody has another one."""
    answer, pixels = _answer(_receive(sys.stdin.buffer))
    _send(answers, json.dumps(answer).encode())
    _send(answers, pixels)


if __name__ == "__main__":
    _serve(*map(int, sys.argv[1:]))
