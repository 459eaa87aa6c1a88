"""A web server on this computer that publishes one file."""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PUBLISHED = bytes(range(256)) * 4096  # 1 MiB


@dataclass
class Home:
    """A web server that publishes one file, and can misbehave."""

    content: bytes = PUBLISHED
    breaks_off_after: int | None = None  # bytes of an answer
    announces_length: bool = True
    knows_ranges: bool = True
    etag: str | None = None
    pauses: list[int] = field(default_factory=list)  # bytes after which it waits for `go_on`
    asked: list[str | None] = field(default_factory=list)  # the Range header of each request
    url: str = ""
    _go_on: threading.Event = field(default_factory=threading.Event)

    def pause_at(self, *bytes_sent: int) -> None:
        """From the next request on, all but stop after so many bytes of the file each time, until told to go on."""
        self.pauses = list(bytes_sent)
        self._go_on.clear()

    def go_on(self) -> None:
        """Send on, to the next pause or to the end."""
        self._go_on.set()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        same = request.headers.get("If-Range") in (None, self.etag)
        start = int(re.findall(r"\d+", wanted)[0]) if wanted and self.knows_ranges and same else 0
        body = self.content[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        if self.etag is not None:
            request.send_header("ETag", self.etag)
        if self.announces_length:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        with contextlib.suppress(ConnectionError):
            for part in self._parts(body[: self.breaks_off_after], start):
                request.wfile.write(part)
        request.close_connection = True

    def _parts(self, body: bytes, start: int) -> Iterator[bytes]:
        """The parts in which it is sent: all at once, or as far as each pause, in which hardly anything comes."""
        sent = 0
        for pause in [place - start for place in self.pauses if place > start]:
            yield body[sent:pause]
            sent = pause
            while not self._go_on.wait(0.1):
                yield body[sent : sent + 1000]
                sent += 1000
            self._go_on.clear()
        yield body[sent:]


@contextlib.contextmanager
def serving() -> Iterator[Home]:
    published = Home()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            published.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    published.url = f"http://127.0.0.1:{server.server_port}/weights.bin"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield published
    server.shutdown()
    server.server_close()
    thread.join()
