"""A real server under attack: what one computer can send stops it for nobody."""

import contextlib
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from handmade import ROOT
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from benchmarks.protocol import Visit
from benchmarks.visitors import Visitor, megabytes, settled
from explainer import limits
from explainer.ui import streamlit_internals
from explainer.workshop import rooms, screens, votes
from explainer.workshop.sqlite import SQLiteStore
from tests.pages_by_hand import descriptors, give_key, put
from tests.servers import APP, KEY, Server, serving

pytestmark = pytest.mark.slow

PHOTO = io.BytesIO()
Image.new("RGB", (300, 300), "grey").save(PHOTO, "PNG")

# Limits that a test can wait for.
SHORT = {"request": 5, "half a request": 2, "silence in an upload": 2, "unread upload": 15, "uploads": 6_000_000}
LAUNCHER = f"""
import dataclasses, sys
from explainer import limits
from explainer.ui import streamlit_internals
for name, most in {SHORT!r}.items():
    limits.TABLE[name] = dataclasses.replace(limits.TABLE[name], most=most)
from streamlit.web import cli
cli.main(["run", *sys.argv[1:]], prog_name="streamlit")
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[Server]:
    launcher = ("-c", LAUNCHER, "streamlit_app.py")
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with serving(launcher, log, EXPLAINER_DATA=str(data), EXPLAINER_PRESENTER_KEY=KEY) as server:
        yield server


@pytest.fixture
def visit(server: Server) -> Iterator[Callable[..., Visit]]:
    open_pages: list[Visit] = []

    def visit(page: str = "about", query: str = "") -> Visit:
        open_pages.append(Visit(server.url, page, query))
        return open_pages[-1]

    yield visit
    for page in open_pages:
        page.leave()


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    answer.read()
    return answer


def until(true: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether something becomes true within so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the limits of a process")
def test_the_server_writes_no_memory_to_the_disk_where_it_crashes(server: Server) -> None:
    (line,) = (each for each in Path(f"/proc/{server.pid}/limits").read_text().splitlines() if "core file" in each)
    assert line.split()[4:6] == ["0", "0"]


# --- what answers say


@pytest.mark.parametrize(
    "path", ["/", "/_stcore/health", "/static/favicon.png", "/media/nothing.jpg", "/_stcore/metrics"]
)
def test_every_answer_says_what_a_browser_may_do_with_it(server: Server, path: str) -> None:
    answer = ask(server, path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe-eval" not in policy
    if not path.startswith("/static/"):
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/removal", "/workshop?room=ABCDE&embed=true"])
def test_a_browser_is_asked_not_to_translate_a_page_before_it_draws_anything(server: Server, path: str) -> None:
    with urlopen(server.url + path, timeout=30) as page:
        assert '<meta name="google" content="notranslate">' in page.read().decode().partition("</head>")[0]


@pytest.mark.parametrize(
    "path", ["metrics", "script-health-check", "agent/openapi.json", "agent/mcp", "agent/interact"]
)
def test_what_no_page_asks_for_is_closed(server: Server, path: str) -> None:
    assert ask(server, f"/_stcore/{path}").status == 404
    assert ask(server, f"/_stcore/{path}", "POST").status in (404, 405)


@pytest.mark.parametrize("path", ["auth/login", "auth/logout", "oauth2callback"])
def test_nobody_logs_in(server: Server, path: str) -> None:
    assert ask(server, f"/{path}").status == 404


@pytest.mark.parametrize(
    ("host", "status"),
    [("evil.example", 421), ("localhost", 200), ("192.168.1.20:8501", 200), ("[::1]:8501", 200), ("museum.local", 200)],
)
def test_only_names_of_this_app_are_answered_to(server: Server, host: str, status: int) -> None:
    assert ask(server, "/", Host=host).status == status


def test_a_page_of_another_name_opens_no_connection(server: Server) -> None:
    with pytest.raises(InvalidStatus):
        connect(
            f"{server.url.replace('http', 'ws')}/_stcore/stream",
            additional_headers={"Host": "evil.example", "Origin": "http://evil.example"},
        )


def test_streamlits_files_come_compressed_and_may_be_kept(server: Server) -> None:
    plain = ask(server, "/")
    assert plain.status == 200
    folder = Path(__import__("streamlit").__file__).parent / "static" / "static" / "js"
    script = max(folder.glob("index.*.js"), key=lambda file: file.stat().st_size)
    answer = ask(server, f"/static/js/{script.name}", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    both = ask(server, f"/static/js/{script.name}", Accept_Encoding="gzip, deflate, br")
    assert both.headers["Content-Encoding"] == "br"
    assert int(both.headers["Content-Length"]) < int(answer.headers["Content-Length"])
    assert int(answer.headers["Content-Length"]) < script.stat().st_size / 2
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Content-Encoding" not in ask(server, f"/static/js/{script.name}").headers
    assert ask(server, "/static/js/../../../package.json", Accept_Encoding="gzip").headers["Content-Encoding"] is None


# --- messages


@pytest.mark.parametrize("kind", ["clear_cache", "install_skills", "set_run_on_save", "load_git_info"])
def test_a_message_that_no_page_sends_is_ignored(server: Server, visit: Callable[..., Visit], kind: str) -> None:
    page = visit()
    message = BackMsg()
    if kind == "install_skills":
        message.backend_operation_request.request_id = "1"
        message.backend_operation_request.install_skills.SetInParent()
    else:
        setattr(message, kind, True)
    before = server.log.count("A message was ignored")
    page._socket.send(message.SerializeToString())
    page.run()
    assert until(lambda: server.log.count("A message was ignored") == before + 1)
    assert not (ROOT / ".agents").exists()


def test_a_presenter_stays_in_after_anybody_asked_to_clear_all_caches(
    server: Server, visit: Callable[..., Visit]
) -> None:
    presenter, other = visit("workshop"), visit()
    give_key(presenter, KEY)
    message = BackMsg()
    message.clear_cache = True
    other._socket.send(message.SerializeToString())
    other.run()
    presenter.run()
    assert any(element.button.label == "Open a room" for element in presenter.elements)


@pytest.mark.parametrize("frame", [b"\x00" * 1_100_000, "a text", b"\xff" * 50], ids=["large", "text", "garbage"])
def test_a_page_that_sends_what_none_does_is_closed_or_not_listened_to(
    server: Server, visit: Callable[..., Visit], frame: bytes | str
) -> None:
    page = visit()
    with contextlib.suppress(ConnectionClosed):
        page._socket.send(frame)
        time.sleep(0.2)
    assert ask(server, "/_stcore/health").status == 200
    assert visit().elements


@pytest.mark.parametrize(
    "pieces",
    [
        [b"\x02\xff" + (10**8).to_bytes(8) + bytes(4), *[bytes(65536)] * 8],
        [b"\x02\x80" + bytes(4), *[b"\0\x80" + bytes(4)] * 300],
    ],
    ids=["one of 100 MB", "very many pieces"],
)
def test_a_message_without_end_is_ended_while_it_comes(visit: Callable[..., Visit], pieces: list[bytes]) -> None:
    wire = visit()._socket.socket
    wire.settimeout(20)
    with contextlib.suppress(OSError):  # closed meanwhile
        for piece in pieces:
            wire.sendall(piece)
        while wire.recv(65536):
            pass
    with pytest.raises(OSError):  # noqa: PT011, PT012
        for _ in range(20):
            wire.sendall(b"\0\x80" + bytes(4))
            time.sleep(0.1)


def test_a_page_that_sends_without_end_is_closed(visit: Callable[..., Visit]) -> None:
    page = visit()
    message = BackMsg()
    message.app_heartbeat = True
    frame = message.SerializeToString()
    with pytest.raises(ConnectionClosed):  # noqa: PT012
        for _ in range(2000):
            page._socket.send(frame)
        while True:
            page._socket.recv(10)


# --- a forged mark


@pytest.mark.parametrize("marked", [[True], [1e400], ["0"], [[0]], {"0": 1}, "x", 3])
def test_a_forged_mark_breaks_no_room(visit: Callable[..., Visit], data: Path, marked: object) -> None:
    with contextlib.closing(SQLiteStore(data / "rooms.sqlite")) as store:
        room = rooms.open_room(store, "adults", route="90")
        screens.present(store, room.code, step="cups", activity="thing", phase="open")
        attacker = visit("workshop", f"room={room.code}")
        attacker.press("Join")
        (sheet, fragment) = attacker._one(lambda element: element.bidi_component.component_name == "sheet")
        state = json.dumps({"marked": marked}).replace("Infinity", "1e999")
        attacker._values[sheet.bidi_component.id] = WidgetState(id=sheet.bidi_component.id, json_value=state)
        with contextlib.suppress(RuntimeError):
            attacker.run(fragment=fragment)
        assert votes.marks(store, room.code) == ()
        assert visit("workshop", f"room={room.code}&view=projector").elements
        rooms.delete(store, room.code)


# --- uploads


def test_a_visitor_may_leave_two_uploads_unread_and_they_go_after_a_while(visit: Callable[..., Visit]) -> None:
    page = visit()
    assert [put(page, bytes(1000), str(number)) for number in range(3)] == [204, 204, 429]
    assert until(lambda: put(page, bytes(1000), "again") == 204)


def test_a_photo_that_was_read_is_dropped_at_once(server: Server) -> None:
    visitor = Visitor(server.url)
    visitor.bring("photo.png", PHOTO.getvalue())
    # Were it kept, it would count for one of the two.
    assert [put(visitor, bytes(1000), str(number)) for number in range(3)] == [204, 204, 429]
    visitor.leave()


def status(server: Server, address: str) -> int:
    return ask(server, urlsplit(address).path).status


@pytest.mark.parametrize("go", ["forget", "sample_coffee"])
def test_with_a_photo_its_pictures_and_downloads_go_at_once(server: Server, go: str) -> None:
    visitor = Visitor(server.url)
    visitor.bring("photo.png", PHOTO.getvalue())
    addresses = [*visitor.addresses[-3:], visitor.download("download_picture"), visitor.download("download_readings")]
    assert [status(server, address) for address in addresses] == [200] * 5
    visitor.press_key(go)
    assert [status(server, address) for address in addresses] == [404] * 5
    visitor.leave()


def test_a_download_is_there_after_runs_of_others_until_it_is_fetched(
    server: Server, visit: Callable[..., Visit]
) -> None:
    visitor, other = Visitor(server.url), visit()
    visitor.bring("photo.png", PHOTO.getvalue())
    address = visitor.download("download_readings")
    for _ in range(3):
        other.run()
    assert status(server, address) == 200
    visitor.leave()


def test_the_same_photo_and_its_downloads_have_other_addresses_for_another_visitor(server: Server) -> None:
    given = []
    for _ in range(2):
        visitor = Visitor(server.url)
        visitor.bring("photo.png", PHOTO.getvalue())
        given.append({*visitor.addresses, visitor.download("download_picture"), visitor.download("download_readings")})
        visitor.leave()
    assert given[0].isdisjoint(given[1])


def test_uploads_of_many_visitors_are_bounded_together(visit: Callable[..., Visit]) -> None:
    assert until(lambda: put(visit(), bytes(1000), "before") == 204)
    answers = [put(page, bytes(2_000_000), "one") for page in [visit() for _ in range(4)]]
    assert answers[:2] == [204, 204]
    assert 429 in answers
    assert until(lambda: put(visit(), bytes(2_000_000), "after") == 204)


# --- connections


def test_the_pictures_and_downloads_of_a_visitor_who_left_go_with_their_session(tmp_path: Path) -> None:
    with serving(APP, tmp_path / "log", STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL="1") as server:
        visitor = Visitor(server.url)
        visitor.bring("photo.png", PHOTO.getvalue())
        addresses = [address.removeprefix(server.url) for address in visitor.addresses]
        addresses.append(urlsplit(visitor.download("download_picture")).path)
        assert {ask(server, address).status for address in addresses} == {200}
        visitor.leave()
        assert until(lambda: {ask(server, address).status for address in addresses} == {404}, 30)


def test_an_answer_that_nobody_takes_is_not_kept(server: Server) -> None:
    script = max(streamlit_internals.static_folder().rglob("*.js"), key=lambda file: file.stat().st_size)
    path = script.relative_to(streamlit_internals.static_folder()).as_posix()
    assert ask(server, f"/{path}").status == 200  # compressed once, and kept for all
    address, memory, before = urlsplit(server.url), settled(server), descriptors(server)
    head = f"GET /{path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            asking = stack.enter_context(socket.socket())
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            asking.connect((address.hostname, address.port))
            asking.send(head)
        time.sleep(2)
        assert megabytes(server.pid) < memory + 60  # 130 as a whole
        assert until(lambda: descriptors(server) <= before + 5)


def test_an_answer_that_nobody_takes_holds_no_file_open(server: Server) -> None:
    folder = streamlit_internals.static_folder()
    largest = [max(folder.rglob(f"*.{kind}"), key=lambda file: file.stat().st_size) for kind in ("js", "woff2", "png")]
    address = urlsplit(server.url)
    with contextlib.ExitStack() as stack:
        paths = [file.relative_to(folder).as_posix() for file in largest]
        others = [(path, 400) for path in ("a/b", "_stcore/healthX", "_stcore/upload_file/a")]
        for path, times in 10 * [*((path, 1) for path in (*paths, f"./{paths[0]}", f".//{paths[0]}")), *others]:
            asking = stack.enter_context(socket.socket())
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            asking.connect((address.hostname, address.port))
            asking.sendall(times * f"GET /{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(2)
        opened = [os.path.realpath(each) for each in Path(f"/proc/{server.pid}/fd").iterdir()]
        assert not [file for file in opened if file.endswith((".js", ".woff2", ".png", ".html"))]


def beginning_of_an_upload(page: Visit) -> bytes:
    """What a page sends before the photo of an upload."""
    head = f"PUT /_stcore/upload_file/{page._session}/slow HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Cookie: {page._cookie}\r\nX-Xsrftoken: {page._token}\r\n"
    head += "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n--b\r\n"
    return head.encode()


def test_a_server_that_is_asked_to_stop_waits_for_nobody_who_sends_on_without_end(tmp_path: Path) -> None:
    with serving(APP, tmp_path / "log", EXPLAINER_DATA=str(tmp_path / "data")) as server:
        page, address = Visit(server.url), urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port)) as upload:
            upload.send(beginning_of_an_upload(page))
            time.sleep(0.5)
            server.process.terminate()
            for _ in range(40):
                with contextlib.suppress(OSError):
                    upload.send(b"a")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.process.wait(1)
        assert server.process.poll() is not None


def test_half_a_request_is_not_waited_for(server: Server) -> None:
    address = urlsplit(server.url)
    halves = [socket.create_connection((address.hostname, address.port)) for _ in range(100)]
    for number, half in enumerate(halves):
        half.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n"[: 1 + number % 30])
    after = time.monotonic()
    for half in halves:
        half.settimeout(30)
        assert half.recv(1000) == b""
    assert time.monotonic() - after < 25


def test_an_upload_that_falls_silent_is_not_waited_for(server: Server, visit: Callable[..., Visit]) -> None:
    page = visit()
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as half:
        half.send(beginning_of_an_upload(page))
        assert b"204" not in half.recv(1000)


def test_no_other_browser_gets_a_page_whose_name_it_knows(server: Server, visit: Callable[..., Visit]) -> None:
    def asks_for(session: str, browser: Visit, **headers: str) -> str:
        """The session that a browser is given when it asks for one."""
        protocols = ["streamlit", browser._token, session]
        address = f"{server.url.replace('http', 'ws')}/_stcore/stream"
        with connect(address, subprotocols=protocols, additional_headers=headers) as again:  # type: ignore[arg-type]
            again.send(BackMsg(rerun_script={"query_string": ""}).SerializeToString())
            while (came := ForwardMsg.FromString(bytes(again.recv(30)))).WhichOneof("type") != "new_session":
                pass
            return came.new_session.initialize.session_id

    page, other = visit(), visit()
    left = visit()
    left.leave()
    for session in (page._session, left._session):
        assert asks_for(session, other, Cookie=other._cookie) != session
        assert asks_for(session, other) != session
    assert asks_for(page._session, page, Cookie=page._cookie) == page._session
    assert page._session not in server.log


def test_the_page_of_a_browser_that_comes_back_is_whole(visit: Callable[..., Visit]) -> None:
    page = visit("laboratory")
    page.press("Cat", waits=False)
    page.leave()  # as it is drawn
    time.sleep(0.5)
    page.come_back()
    visit()  # what others ask has the server look at all that waits to be sent

    def is_whole() -> bool:
        page._look_on(0.5)
        return any(element.button.label == "Explain" for element in page.elements)

    assert until(is_whole, 30)


@pytest.mark.parametrize("seconds", [0, 0.05, 0.3])
def test_a_press_as_a_browser_comes_back_to_a_server_that_knows_its_page_no_more_counts(
    server: Server, data: Path, seconds: float
) -> None:
    class Back(Visit):
        def run(self, *asked: Any, **named: Any) -> None:
            super().run(waits=False)
            time.sleep(seconds)
            super().run(WidgetState(id=button.id, trigger_value=True))

    with contextlib.closing(SQLiteStore(data / "rooms.sqlite")) as store:
        room = rooms.open_room(store, route="45")
        vote = {"step": "decide", "activity": room.questions[0], "phase": "open"}
        screens.present(store, room.code, **vote)  # type: ignore[arg-type]
        phone = Visit(server.url, "workshop", f"room={room.code}")
        phone.press("Join")
        button = next(each.button for each in phone.elements if "answer_" in each.button.id)
        phone.leave()
        back = Back(server.url, "workshop", f"room={room.code}", phone._cookie)
        assert until(lambda: votes.tally(store, room.code, room.questions[0], 1).total == 1, 10)
        back.leave()


def test_a_secret_that_could_not_be_written_at_the_start_is_written_once_that_works(tmp_path: Path) -> None:
    (tmp_path / "cookie-secret").mkdir()
    with serving(APP, tmp_path / "log", EXPLAINER_DATA=str(tmp_path)) as server:
        cookie = Visit(server.url, "about")._cookie
        (tmp_path / "cookie-secret").rmdir()
        assert until((tmp_path / "cookie-secret").is_file, 20)
    with serving(APP, tmp_path / "again", EXPLAINER_DATA=str(tmp_path)) as server:
        assert Visit(server.url, "about", "", cookie)._cookie.split(";")[0] == cookie.split(";")[0]


def test_a_page_of_a_server_that_stops_soon_says_so_and_stays_where_it_is(tmp_path: Path) -> None:
    with serving(APP, tmp_path / "log", EXPLAINER_DATA=str(tmp_path / "data"), EXPLAINER_DRAIN="60") as server:
        page = Visit(server.url, "laboratory")
        server.process.terminate()

        def says_so() -> bool:
            page._look_on(0.5)
            said = " ".join(element.alert.body + element.heading.body for element in page.elements)
            return "The app is being updated" in said and "Try it on a photo" in said

        assert until(says_so, 20)
        page.leave()


def test_connections_that_never_asked_for_a_page_leave_nothing(server: Server) -> None:
    address = f"{server.url.replace('http', 'ws')}/_stcore/stream"
    connect(address, subprotocols=["streamlit"]).close()  # type: ignore[list-item]
    time.sleep(1)
    before = descriptors(server)
    for _ in range(300):
        connect(address, subprotocols=["streamlit"]).close()  # type: ignore[list-item]
    assert until(lambda: descriptors(server) <= before + 5, 30)


def test_an_error_is_one_line_in_the_log_and_many_are_ten(server: Server) -> None:
    for _ in range(40):
        with contextlib.suppress(Exception), socket.create_connection(urlsplit(server.url).netloc.split(":")) as broken:
            broken.send(b"\x00\x00\r\n\r\n")
            broken.recv(1000)
    assert 1 <= server.log.count("Invalid HTTP request received") <= 2 * limits.value("log")
    assert "Traceback" not in server.log


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_where_256_files_are_all_there_is_forty_phones_and_the_presenter_work_and_the_next_is_told(
    tmp_path: Path,
) -> None:
    run = subprocess.Popen
    few = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", lambda command, **options: run([*few, *command], **options))
        with serving(
            APP, tmp_path / "log", EXPLAINER_DATA=str(tmp_path / "data"), EXPLAINER_PRESENTER_KEY=KEY
        ) as server:
            phones = [Visit(server.url, "about") for _ in range(40)]
            presenter = Visit(server.url, "workshop")
            give_key(presenter, KEY)
            more = []
            with contextlib.suppress(InvalidStatus):
                more += [Visit(server.url, "about") for _ in range(20)]
            assert len(more) < 20
            assert ask(server, "/", Accept="text/html").status in (200, 503)
            presenter.run()
            assert any(element.button.label == "Open a room" for element in presenter.elements)
            assert all(phone.elements for phone in phones)
