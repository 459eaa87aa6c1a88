"""HAProxy before two processes of the app: who is with one stays with it, and goes to the other when it ends."""

import contextlib
import http.client
import signal
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import services
from services import until
from websockets.exceptions import ConnectionClosed

from benchmarks import pictures
from benchmarks.visitors import Visitor
from tests.servers import APP, Server, serving

pytestmark = pytest.mark.slow

SECRET = "of the tests, and of 32 letters at least"


def ask(url: str, path: str = "/_stcore/health", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return connection.getresponse()


def status(url: str, path: str = "/_stcore/health", **headers: str) -> int:
    """The status of an answer; 0 where there is none."""
    try:
        return ask(url, path, **headers).status
    except OSError:
        return 0


def given(answer: http.client.HTTPResponse) -> str:
    """All cookies that an answer gives."""
    return ", ".join(answer.headers.get_all("Set-Cookie", []))


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[dict[str, Server]]:
    settings = {
        "EXPLAINER_TRUSTED_PROXIES": "127.0.0.1",
        "EXPLAINER_DRAIN": "60",
        "EXPLAINER_DATA": str(tmp_path),
        "STREAMLIT_SERVER_COOKIE_SECRET": SECRET,
    }
    with serving(APP, tmp_path / "log_a", **settings) as a, serving(APP, tmp_path / "log_b", **settings) as b:
        try:
            yield {"a": a, "b": b}
        finally:
            for each in (a, b):
                each.process.kill()  # it would wait for its visitors


@pytest.fixture
def proxy(replicas: dict[str, Server], tmp_path: Path) -> Iterator[str]:
    hosts = {name: server.url.removeprefix("http://") for name, server in replicas.items()}
    with services.proxying(tmp_path, {"8511": hosts["a"], "8512": hosts["b"]}) as url:
        yield url


def replica(visitor: Visitor) -> str:
    """Which process a visitor is with."""
    cookies = dict(each.split("=", 1) for each in visitor._cookie.split("; "))
    return cookies["explainer_replica"].strip('"')


def one_each(proxy: str) -> dict[str, Visitor]:
    """A visitor of each process."""
    found: dict[str, Visitor] = {}
    for _ in range(10):
        visitor = Visitor(proxy)
        if replica(visitor) in found:
            visitor.leave()
        found.setdefault(replica(visitor), visitor)
    assert set(found) == {"a", "b"}
    return found


def test_one_address_leaves_connections_to_the_others(tmp_path: Path) -> None:
    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server, contextlib.ExitStack() as stack:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        host = f"127.0.0.1:{server.server_port}"
        url = stack.enter_context(services.proxying(tmp_path, {"8511": host, "8512": host}))
        assert until(lambda: status(url) == 200)
        name, port = url.removeprefix("http://").split(":")
        idle = []
        for _ in range(950):
            with contextlib.suppress(ConnectionResetError):  # it may be closed as soon as it is there
                idle.append(stack.enter_context(socket.create_connection((name, int(port)), 10, ("127.0.0.2", 0))))
        assert until(lambda: len(idle) < 950 or closed(idle[-1]))
        assert not closed(idle[0])
        assert status(url) == 200


def test_where_no_process_can_be_reached_a_page_says_when_to_try_again(tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{services.free_port()}"
    with services.proxying(tmp_path, {"8511": nobody, "8512": nobody}) as url:
        answer = ask(url, "/", Accept="text/html")
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "60"
        assert answer.headers["Content-Type"] == "text/html"
        assert b"<h1>The app cannot be reached</h1>" in answer.read()


def closed(connection: socket.socket) -> bool:
    """Whether the other end has closed a connection on which nothing comes."""
    connection.settimeout(0.05)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_a_visitor_stays_with_a_process_until_it_is_asked_to_stop_and_finds_another_then(
    proxy: str, replicas: dict[str, Server]
) -> None:
    visitors = one_each(proxy)
    content = next(iter(pictures.kinds().values()))[0]
    for visitor in visitors.values():
        visitor.bring("photo.jpg", content)  # by websocket and by http, to one process
        assert visitor.answer is not None
        assert len(visitor.fetch(visitor.addresses[0])) > 1000

    a = replicas["a"]
    a.process.send_signal(signal.SIGTERM)
    assert until(lambda: status(a.url) == 404)
    visitor = visitors["a"]
    visitor.run()
    assert any("The app is being updated" in element.alert.body for element in visitor.elements)
    assert visitor.answer is not None  # it goes on, with its photo
    assert len(visitor.fetch(visitor.addresses[0])) > 1000
    # A reload loses the cookie, and who comes anew gets the other process.
    page = ask(proxy, "/", Cookie=visitor._cookie, Accept="text/html")
    assert page.status == 503
    assert b'http-equiv="refresh"' in page.read()
    assert 'explainer_replica=""; expires' in given(page)
    assert until(lambda: all("explainer_replica=b" in given(ask(proxy)) for _ in range(4)), 20)
    assert {replica(Visitor(proxy)) for _ in range(3)} == {"b"}

    assert a.process.poll() is None
    visitor.leave()
    a.process.wait(20)
    assert status(proxy, Cookie=visitor._cookie) == 200


def test_of_a_process_that_is_killed_the_visitors_find_another_and_the_others_notice_nothing(
    proxy: str, replicas: dict[str, Server]
) -> None:
    visitors = one_each(proxy)
    replicas["a"].process.kill()
    with pytest.raises(ConnectionClosed):
        list(visitors["a"]._socket)  # all that comes, until it breaks off
    assert status(proxy, "/", Cookie=visitors["a"]._cookie, Accept="text/html") == 200
    visitors["b"].run()
    assert visitors["b"].answer is not None
    assert {replica(Visitor(proxy)) for _ in range(2)} == {"b"}


class Echo(BaseHTTPRequestHandler):
    """Says what it was told of whom a request comes from."""

    def do_GET(self) -> None:
        told = [self.headers.get_all(name) or [] for name in ("X-Forwarded-For", "Forwarded")]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(repr(told).encode())

    def log_message(self, *arguments: object) -> None:
        pass


def test_what_a_stranger_says_of_an_address_is_not_handed_on(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"127.0.0.1:{server.server_port}"
        with services.proxying(tmp_path, {"8511": host, "8512": host}) as url:
            forged = {"X_Forwarded_For": "203.0.113.7", "Forwarded": "for=203.0.113.7"}
            assert ask(url, "/", **forged).read() == b"[['127.0.0.1'], []]"
        server.shutdown()
