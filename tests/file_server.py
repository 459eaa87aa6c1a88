"""A web server on this computer that publishes one file."""

import contextlib
import re
import threading
import time
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
    bytes_a_second: int | None = None  # None is as fast as can be
    asked: list[str | None] = field(default_factory=list)  # the Range header of each request
    url: str = ""

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
            for part in self._parts(body[: self.breaks_off_after]):
                request.wfile.write(part)
        request.close_connection = True

    def _parts(self, body: bytes) -> Iterator[bytes]:
        """The parts in which it is sent: all at once, or a tenth of a second's worth at a time while it is slow."""
        sent = 0
        while sent < len(body):
            size = self.bytes_a_second // 10 if self.bytes_a_second else len(body)
            yield body[sent : sent + size]
            sent += size
            if self.bytes_a_second:
                time.sleep(0.1)


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
