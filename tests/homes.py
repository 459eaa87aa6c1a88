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
    asked: list[str | None] = field(default_factory=list)  # the Range header of each request
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        start = int(re.findall(r"\d+", wanted)[0]) if wanted and self.knows_ranges else 0
        body = self.content[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        if self.announces_length:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        with contextlib.suppress(ConnectionError):
            request.wfile.write(body[: self.breaks_off_after])
        request.close_connection = True


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
