"""What becomes of a visitor's photo: it is shown to them, kept off the disk and the network, and forgotten."""

import hashlib
import http.client
import io
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import green
import numpy as np
import processes
import pytest
from handmade import FOUR_FACES, overlap
from PIL import ExifTags, Image
from playwright.sync_api import Browser, FilePayload, expect

from benchmarks.visitors import Visitor
from explainer.vision import samples
from explainer.vision.faces import Box
from tests.browser.pages import ARGUMENTS, PATIENCE, PhotoPage, Visitors, find_chromium
from tests.servers import APP, Server, starting

pytestmark = [pytest.mark.browser, pytest.mark.watch, pytest.mark.timeout(900)]

TALKATIVE = ("tests/browser/serve_talkative.py",)
ASTRONAUT = Box(175, 65, 270, 175)  # from looking at it
SECRET = "a camera of nobody's"

on_linux = pytest.mark.skipif(not processes.KNOWN, reason=processes.UNKNOWN)


@pytest.fixture
def four_faces(photos_folder: Path) -> bytes:
    return (photos_folder / "four_faces.jpg").read_bytes()


def payload(content: bytes, name: str = "photo.jpg") -> FilePayload:
    return FilePayload(name=name, mimeType="image/jpeg", buffer=content)


def with_description(photo: bytes) -> bytes:
    """The photo, to the pixel, with a text in its EXIF data."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET
    file = io.BytesIO()
    with Image.open(io.BytesIO(photo)) as image:
        image.save(file, "JPEG", quality="keep", exif=exif)
    return file.getvalue()


def chunks(png: bytes) -> list[bytes]:
    """The kinds of a PNG file's chunks, in their order."""
    kinds, at = [], 8
    while at < len(png):
        kinds.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return kinds


def assert_boxed(truths: tuple[Box, ...], found: list[Box]) -> None:
    """Each face has its frame, and nothing else has one. A label may lie over a neighbour's, and cut it in two."""
    framing = [[box for box in found if is_within(box, truth)] for truth in truths]
    assert sum(map(len, framing)) == len(found)
    for truth, parts in zip(truths, framing, strict=True):
        corners = zip(*map(astuple, parts), strict=True)
        left, top, right, bottom = (pick(sides) for pick, sides in zip((min, min, max, max), corners, strict=True))
        assert overlap(truth, Box(left, top, right, bottom)) > 0.5


def is_within(box: Box, other: Box) -> bool:
    """Whether the middle of one lies in the other."""
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    return other.left <= x <= other.right and other.top <= y <= other.bottom


def show_faces(page: PhotoPage, photo: bytes) -> None:
    page.upload(payload(photo))
    page.wait_for_result("4 faces were found")


# On the page


def test_each_face_has_a_green_box_where_it_is(visitor: Visitors, four_faces: bytes) -> None:
    page = visitor()
    show_faces(page, four_faces)

    with Image.open(io.BytesIO(four_faces)) as photo:
        assert green.boxes(photo, photo.size) == []  # the control: the photo has nothing of that colour
        assert_boxed(FOUR_FACES, green.boxes(page.shown(), photo.size))


def test_a_photo_taken_with_the_camera_on_its_side_is_shown_upright_and_read_so(visitor: Visitors) -> None:
    left = 60
    upright = samples.read("astronaut").image.crop((left, 0, left + 360, 512))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn by a quarter, clockwise
    file = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", quality=95, exif=exif)
    with Image.open(file) as stored:
        assert stored.size == (512, 360)  # the control: it does lie on its side
    page = visitor()
    page.upload(payload(file.getvalue()))
    expect(page.button("forget")).to_have_count(1)  # the sample that stood there has one face, too
    page.wait_for_result("1 face was found")

    shown = page.shown()
    assert shown.width / shown.height == pytest.approx(360 / 512, abs=0.01)
    face = Box(ASTRONAUT.left - left, ASTRONAUT.top, ASTRONAUT.right - left, ASTRONAUT.bottom)
    assert_boxed((face,), green.boxes(shown, upright.size))


def test_from_the_upload_to_forgetting_it(visitor: Visitors, four_faces: bytes) -> None:
    photo = with_description(four_faces)
    assert SECRET.encode() in photo
    page = visitor()
    show_faces(page, photo)
    with Image.open(io.BytesIO(photo)) as image:
        size = image.size
    drawn = green.boxes(page.shown(), size)

    seen = page.explanation.get_attribute("src")
    page.choose_target(2)
    page.wait_for_another_explanation(seen)

    masked = page.masked_labels
    assert masked > 0
    page.reveal_buttons.first.click()
    page.wait_for_words_in_place_of_a_mask()
    assert page.masked_labels < masked

    page.open_settings()
    picture = page.download("download_picture")
    with Image.open(io.BytesIO(picture)) as image:
        assert image.width == size[0]
        assert image.height > size[1]  # the small print
        assert_boxed(FOUR_FACES, green.boxes(image, image.size))
    assert set(chunks(picture)) == {b"IHDR", b"IDAT", b"IEND"}  # no text, no EXIF, no time

    readings = json.loads(page.download("download_readings"))["readings"]
    boxes = [Box(*reading["box"]) for reading in readings]
    assert len(boxes) == len(drawn) == 4
    for box in boxes:
        assert max(overlap(box, other) for other in drawn) > 0.85  # the lines have a width
    people = [person for reading in readings for people in reading["people"].values() for person in people]
    assert any(person["masked"] for person in people)
    assert all((person["words"] is None) == person["masked"] for person in people)

    addresses = page.addresses
    assert [page.page.request.get(address).status for address in addresses] == [200] * 4  # the control
    # The server may tell a browser to keep nothing but Streamlit's own files.
    kept = [answer.headers.get("cache-control") for answer in map(page.page.request.get, addresses)]
    assert kept == ["no-store"] * 4
    page.page.keyboard.press("Escape")
    page.button("forget").click()
    page.wait_for_result("1 face was found")
    expect(page.button("forget")).to_have_count(0)
    assert [page.page.request.get(address).status for address in addresses] == [404] * 4
    assert SECRET not in page.traffic.received()

    other = visitor()
    for trace in ("faces were found", SECRET, *(address.rpartition("/")[2] for address in addresses)):
        assert trace not in other.traffic.received()


# On the disk


@pytest.fixture(scope="module")
def heavy() -> bytes:
    """A photo of more than 6 MB: noise over a face, which no format makes small."""
    image = samples.read("astronaut").image.resize((1600, 1600), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(1).normal(0, 12, (1600, 1600, 3))
    pixels = np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    assert len(file.getvalue()) > 6_000_000
    return file.getvalue()


@on_linux
def test_a_large_upload_is_never_written_to_a_file(visitor: Visitors, app, heavy: bytes) -> None:
    page = visitor()
    open_before, on_disk_before = processes.files_written(app.pid), processes.bytes_written(app.pid)
    folder_before = set(app.temporary.rglob("*"))
    with (
        processes.watching(lambda: processes.files_written(app.pid)) as opened,
        processes.watching(lambda: set(app.temporary.rglob("*"))) as named,
    ):
        page.upload(payload(heavy))
        expect(page.button("forget")).to_have_count(1)
        page.wait_for_result("1 face was found")

    assert opened - open_before == set()
    assert named - folder_before == set()
    assert processes.bytes_written(app.pid) - on_disk_before < 1_000_000
    assert hashlib.sha256(heavy).hexdigest() not in app.log


# Beyond a megabyte in memory, a file without a name: what Starlette would do with an upload.
SPOOLING = """
import sys, tempfile, time
with tempfile.SpooledTemporaryFile(max_size=1024**2) as file:
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(96):
        file.write(bytes(64 * 1024))
        time.sleep(0.01)  # as an upload comes in
print("closed", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def spooling() -> Iterator[subprocess.Popen[str]]:
    """A process that waits for a line, writes 6 MB to a file without a name, and waits for another line."""
    with subprocess.Popen(
        [sys.executable, "-c", SPOOLING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@on_linux
def test_the_watch_sees_a_file_without_a_name_while_it_is_written(spooling: subprocess.Popen[str]) -> None:
    assert spooling.stdin
    assert spooling.stdout
    assert spooling.stdout.readline() == "ready\n"
    on_disk_before = processes.bytes_written(spooling.pid)
    open_before = processes.files_written(spooling.pid)
    with processes.watching(lambda: processes.files_written(spooling.pid)) as opened:
        print(file=spooling.stdin, flush=True)
        assert spooling.stdout.readline() == "closed\n"

    assert [path for path in opened - open_before if path.endswith(" (deleted)")] != []
    assert processes.files_written(spooling.pid) == open_before
    assert processes.bytes_written(spooling.pid) - on_disk_before in (
        0,
        pytest.approx(6_291_456, rel=0.5),
    )  # 0: not a disk


# From the server's first moment to its end, and in the browser


def marks(content: bytes) -> set[bytes]:
    """Pieces of a file, from its beginning, middle and end, by which it is found in another one."""
    return {content[len(content) * part // 10 :][:40] for part in range(1, 10)}


def marks_of_pixels(image: Image.Image) -> set[bytes]:
    """Pieces of a picture's rows, as it lies decoded in the memory: in colour, and each channel by itself."""
    pixels = np.asarray(image.convert("RGB"))
    rows = [pixels[image.height * part // 10, 100:140] for part in range(1, 10)]
    return {form.tobytes() for row in rows for form in (row, row[:, ::-1], *row.T)}


def having(marks: set[bytes], files: Iterable[Path]) -> dict[str, int]:
    """How many of the marks each file has, of those that have any."""
    found = {}
    for file in files:
        with suppress(OSError):  # a pipe, or gone meanwhile
            if file.is_file():
                content = file.read_bytes()
                found[str(file)] = sum(mark in content for mark in marks)
    return {name: count for name, count in found.items() if count}


@pytest.fixture
def noise() -> tuple[Image.Image, bytes]:
    """A picture that no other one is like, and its file: a JPEG of more than 6 MB with a text in its EXIF data."""
    drawn = np.random.default_rng().integers(0, 256, (2400, 2400, 3), np.uint8)
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET
    file = io.BytesIO()
    Image.fromarray(drawn).save(file, "JPEG", quality=95, exif=exif)
    assert len(file.getvalue()) > 6_000_000
    with Image.open(io.BytesIO(file.getvalue())) as image:
        return image.convert("RGB"), file.getvalue()


STRACE = shutil.which("strace")
OPENED = re.compile(r'(?:open|openat|creat)\([^"]*"([^"]*)", ?(.*)\) = \d')
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_TMPFILE|S_I")
WROTE = re.compile(r'(?:write|pwrite64)\(\d+<([^>]*)>, "(.*)"(\.\.\.)?, \d+')


@dataclass(frozen=True)
class Trace:
    """What a program and its children did to files, by the record of its system calls that strace made."""

    lines: list[str]

    @property
    def opened(self) -> set[str]:
        """The files that were opened to write to."""
        found = map(OPENED.search, self.lines)
        return {match[1] for match in found if match and WRITING.search(match[2])}

    def written(self, file: str) -> set[str]:
        """The beginning of each piece that was written to a file."""
        return {match[2] for match in map(WROTE.search, self.lines) if match and match[1] == file}


@pytest.mark.skipif(not STRACE, reason="needs strace on the PATH")
def test_from_the_first_moment_to_the_end_no_file_is_opened_for_a_photo(
    tmp_path: Path, noise: tuple[Image.Image, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, photo = noise
    trace, data = tmp_path / "trace", tmp_path / "data"
    traced = [str(STRACE), "-D", "-f", "-qq", "-y", "-s", "64", "-o", str(trace)]
    traced += ["-e", "trace=open,openat,creat,write,pwrite64"]
    run = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: run([*traced, *command], **options))
    with starting(APP, tmp_path / "log.txt", EXPLAINER_DATA=str(data)) as server:
        monkeypatch.undo()
        visitor = first_through_the_door(server)
        visitor.bring("photo.jpg", photo)
        pictures = [visitor.fetch(address) for address in visitor.addresses]
        pictures.append(visitor.fetch(visitor.download("download_picture")))
        visitor.press_key("forget")
        visitor.leave()
        searched = [*server.temporary.rglob("*"), *tmp_path.rglob("*"), *Path("/dev/shm").rglob("*")]
        searched += [*Path("/tmp").glob("*"), *Path("/var/tmp").glob("*")]
        searched += map(Path, traces(trace).opened)
        found = having(marks(photo) | marks_of_pixels(image) | {SECRET.encode()}, set(searched) - {trace})
    done = traces(trace)

    assert len(pictures) > 4
    assert any("rooms.sqlite" in name for name in done.opened)  # the control: what is opened is seen
    assert any(done.written(name) for name in done.opened)  # and what is written
    others = {name for name in done.opened if not may_be_written(name, data)}
    # Python tries whether a folder for temporary files can be written to.
    assert {name: done.written(name) for name in others} == {name: {"blat"} for name in others}
    assert found == {}


def traces(file: Path) -> Trace:
    return Trace(file.read_text("utf-8", "replace").splitlines())


def first_through_the_door(server: Server) -> Visitor:
    """A visitor who comes as soon as the server takes a connection."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        with suppress(OSError, RuntimeError):
            return Visitor(server.url)
    raise RuntimeError(f"The app did not start:\n{server.log}")


def may_be_written(name: str, data: Path) -> bool:
    """Whether a file is the app's own record, compiled Python, or no file on a disk."""
    return name.startswith((f"{data}/", "/dev/null", "/dev/tty", "/proc/self/")) or "/__pycache__/" in name


def test_after_forgetting_it_the_browsers_profile_holds_nothing_of_a_photo(
    chromium: Browser, app: Server, tmp_path: Path, four_faces: bytes
) -> None:
    photo, profile = with_description(four_faces), tmp_path / "profile"
    window = chromium.browser_type.launch_persistent_context(
        profile, executable_path=find_chromium(), args=list(ARGUMENTS)
    )
    page = PhotoPage(window.new_page(), app.url).open()
    before = [page.page.request.get(address).body() for address in page.addresses]
    show_faces(page, photo)
    seen = page.explanation.get_attribute("src")
    page.choose_target(2)
    page.wait_for_another_explanation(seen)
    page.open_settings()
    given = [page.page.request.get(address).body() for address in page.addresses]
    taken = page.download("download_picture")
    page.page.keyboard.press("Escape")
    page.button("forget").click()
    expect(page.button("forget")).to_have_count(0)
    page.wait_for_result("1 face was found")
    page.page.wait_for_timeout(3000)  # time to write what it wants to keep
    window.close()

    files = list(profile.rglob("*"))
    assert having({b"static/js/"}, files)  # the control: what Chromium keeps is found
    assert len(given) == 4
    ours = set.union(*map(marks, [photo, *given, taken])) - set.union(*map(marks, before))
    assert having(ours | {SECRET.encode()}, files) == {}


# On the network


@on_linux
def test_from_its_start_on_the_server_talks_to_no_other_host(
    chromium: Browser, tmp_path: Path, four_faces: bytes
) -> None:
    with starting(TALKATIVE, tmp_path / "log.txt") as server:
        with processes.watching(lambda: processes.peers(server.pid)) as peers:
            server.wait_until_up()
            for name in ("127.0.0.1", "visitors.localhost"):  # a name that the server was not told is its own
                url = server.url.replace("127.0.0.1", name)
                page = PhotoPage(chromium.new_context().new_page(), url).open()
                show_faces(page, four_faces)
                page.choose("method", "Integrated Gradients")
                page.wait_for_result("4 faces were found")
                page.page.context.close()
            assert knock_from_elsewhere(server.url) == 403
        heard = [line.removeprefix("ASKS ") for line in server.log.splitlines() if line.startswith("ASKS ")]

    assert peers == {"127.0.0.1"}
    assert "LISTENS ('127.0.0.1', " in server.log  # the control: it is heard what the server does with sockets
    assert [host for host in heard if host not in ("127.0.0.1", "localhost", "::1", "None")] == []


def knock_from_elsewhere(url: str) -> int:
    """The answer to a websocket that another site's page asks for: before it, Streamlit looks up who it is itself."""
    headers = {
        "Origin": "http://elsewhere.example",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    }
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.request("GET", "/_stcore/stream", headers=headers)
        return connection.getresponse().status


@pytest.mark.skipif(sys.byteorder != "little", reason="the digits are those of such a machine")
@pytest.mark.parametrize(
    ("digits", "peer", "far"),
    [
        ("0100007F", "127.0.0.1", False),
        ("08080808", "8.8.8.8", True),
        ("0101A8C0", "192.168.1.1", True),
        ("00000000000000000000000001000000", "::1", False),
        ("0000000000000000FFFF00000100007F", "127.0.0.1", False),
        ("0000000000000000FFFF000008080808", "8.8.8.8", True),
        ("B80D0120000000000000000001000000", "2001:db8::1", True),
    ],
)
def test_the_kernels_tables_name_addresses_in_words_of_32_bits(digits: str, peer: str, far: bool) -> None:
    assert processes.address(digits) == peer
    assert processes.elsewhere({peer}) == ({peer} if far else set())


@on_linux
def test_the_watch_sees_whom_a_process_talks_to() -> None:
    script = """
import socket, sys
listeners = [socket.create_server((host, 0)) for host in ("127.0.0.1", "127.9.9.9")]
ends = [socket.create_connection(listener.getsockname()) for listener in listeners]
print(flush=True)
sys.stdin.readline()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        peers = processes.peers(process.pid)
        process.kill()
    assert peers == {"127.0.0.1", "127.9.9.9"}


# After the visit


def test_the_photo_of_a_visitor_who_left_is_gone_within_minutes(first_visitor: Visitors, four_faces: bytes) -> None:
    page = first_visitor()
    show_faces(page, four_faces)
    addresses = page.addresses
    there = [status(address) for address in addresses]
    page.page.context.close()
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and 200 in map(status, addresses):
        time.sleep(2)

    assert there == [200] * 4  # the control
    assert [status(address) for address in addresses] == [404] * 4


def status(address: str) -> int:
    """What the server answers where nobody has the page open."""
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@on_linux
def test_an_explanation_that_nobody_waits_for_is_not_computed_to_its_end(
    first_visitor: Visitors, four_faces: bytes
) -> None:
    server = first_visitor.server

    def seconds_until_idle() -> float:
        """How long the server computes until it has done hardly anything for a second."""
        start = before = processes.processor_seconds(server.pid)
        while True:
            time.sleep(1)
            now = processes.processor_seconds(server.pid)
            if now - before < 0.1:
                return now - start
            before = now

    def explaining(target: int) -> PhotoPage:
        """A visitor who has just begun to wait for an explanation by Integrated Gradients."""
        page = first_visitor()
        show_faces(page, four_faces)  # of a sample the map is there at once
        seconds_until_idle()
        page.choose("method", "Integrated Gradients")
        expect(page.page.get_by_text("Tracing the label")).to_be_visible(timeout=PATIENCE)
        return page

    stays = explaining(0)
    whole = seconds_until_idle()
    stays.page.context.close()
    seconds_until_idle()
    leaves = explaining(0)
    leaves.page.context.close()
    rest = seconds_until_idle()

    assert rest < whole / 2
    assert "Traceback" not in server.log
