"""Up to a thousand visitors of light use in one thread, each from an address of its own: what each waits and is told.

`protocol.Visit` does all that a browser does, in a thread of its own for each visitor. These visitors do only what
light use needs, so that the clients leave the processor to the server: they hold a websocket, turn pages, fetch the
pictures on them, and bring photos.
"""

import asyncio
import random
import re
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import aiohttp
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

PAGES = "", "tree", "removal"
"""The pages that a visitor turns to, one after another; a photo is brought on the first one."""

A_PAGE = 20.0
"""Seconds that a visitor looks at a page before they turn to the next one, at the mean: a photo a minute."""

PATIENCE = 120.0
"""Seconds after which a visitor who hears nothing gives up."""

_FIRST_ADDRESS = IPv4Address("127.1.0.1")
_LABELLED = re.compile(r"(No|\d+) faces? w")
_BOUNDARY = "a-photo-of-a-visitor"
_GONE = "the connection was closed"


def looks(number: int) -> Iterator[float]:
    """How long a visitor looks at one page after another, in seconds."""
    chance = random.Random(number)
    while True:
        yield chance.uniform(0.5 * A_PAGE, 1.5 * A_PAGE)


class Refused(Exception):
    """What a visitor is told in the place of an answer, in the app's own words."""


@dataclass
class Answers:
    """What became of all that was asked."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    """Seconds until each answer came, by its kind: "page", "dialog" (for a photo), "upload", "label" (with the
    upload), "photo" (label and map)."""
    unanswered: dict[str, list[float]] = field(default_factory=dict)
    """Seconds that those had waited who still waited at the end, by what they waited for."""
    told: Counter[str] = field(default_factory=Counter)
    """How often a visitor was told that something does not work now, by the sentence."""
    silent: Counter[str] = field(default_factory=Counter)
    """How often there was neither an answer nor a sentence, by what was seen."""
    here: int = 0
    """Visitors who have a page."""

    def took(self, kind: str, seconds: float) -> None:
        """Note an answer."""
        self.seconds.setdefault(kind, []).append(seconds)


class Visitor:
    """One visitor's page."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http, self._url = http, url
        self._socket: aiohttp.ClientWebSocketResponse
        self._session = self._script = ""
        self._scripts: dict[str, str] = {}  # by the page's path
        self._elements: dict[tuple[int, ...], tuple[Element, str]] = {}  # with the fragment each belongs to
        self._pictures: set[str] = set()  # that were fetched
        self.uploaded = self.labelled = 0.0
        """When the last upload was taken, and when the label came, in seconds of the clock; 0 where none came since."""

    async def come(self) -> None:
        """Open the first page. Raises Refused where the app takes nobody."""
        async with self._http.get(self._url, headers={"Accept": "text/html"}) as answer:
            page = await answer.text()
            if answer.status != 200:
                raise Refused(_title(page))
        async with self._http.get(f"{self._url}/_stcore/health"):  # which gives the token for uploads
            pass
        address = self._url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = await self._http.ws_connect(address, protocols=("streamlit",), max_msg_size=0)
        await self.run()

    async def turn_to(self, page: str) -> None:
        """Turn to a page, and see its pictures."""
        self._script = self._scripts[page]
        await self.run()

    async def ask_for_a_photo(self) -> None:
        """Open the dialog for a photo of one's own, and agree where that is asked."""
        await self._press("own_photo")
        if any(element.button.id.endswith("-notice_button") for element, _ in self._elements.values()):
            await self._press("notice_button")

    async def bring(self, photo: bytes) -> None:
        """Upload a photo, and wait for the label and all else on the page. Raises Refused."""
        uploader, fragment = next(each for each in self._elements.values() if each[0].file_uploader.id)
        asked = BackMsg()
        asked.file_urls_request.request_id = uuid.uuid4().hex
        asked.file_urls_request.session_id = self._session
        asked.file_urls_request.file_names.append("photo.jpg")
        await self._socket.send_bytes(asked.SerializeToString())
        while (message := await self._take()).WhichOneof("type") != "file_urls_response":
            pass
        (urls,) = message.file_urls_response.file_urls
        token = next(cookie.value for cookie in self._http.cookie_jar if cookie.key == "_streamlit_xsrf")
        headers = {"X-Xsrftoken": token, "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
        async with self._http.put(self._url + urls.upload_url, data=photo, headers=headers) as answer:
            if answer.status >= 400:
                raise Refused(_title(await answer.text()))
        self.uploaded = time.monotonic()
        value = WidgetState(id=uploader.file_uploader.id)
        value.file_uploader_state_value.uploaded_file_info.add(
            name="photo.jpg", size=len(photo), file_id=urls.file_id, file_urls=urls
        )
        await self.run(value, fragment)
        if not self.labelled:
            raise Refused("")

    async def run(self, value: WidgetState | None = None, fragment: str = "") -> None:
        """Have the script run, with a widget's value that counts this once. Raises Refused, with what it warns of."""
        asked = BackMsg()
        if value:
            asked.rerun_script.widget_states.widgets.append(value)
        asked.rerun_script.page_script_hash, asked.rerun_script.fragment_id = self._script, fragment
        asked.rerun_script.context_info.url = self._url
        self.labelled = 0.0
        await self._socket.send_bytes(asked.SerializeToString())
        end = None
        while end in (None, ForwardMsg.FINISHED_EARLY_FOR_RERUN):
            message = await self._take()
            if message.WhichOneof("type") == "script_finished":
                end = message.script_finished
        elements = [element for element, _ in self._elements.values()]
        if end == ForwardMsg.FINISHED_WITH_COMPILE_ERROR or any(each.HasField("exception") for each in elements):
            raise RuntimeError("an exception stands on the page")
        warned = [each.alert.body for each in elements if each.alert.format in (Alert.ERROR, Alert.WARNING)]
        if warned:
            raise Refused(warned[0])
        for address in {image.url for element in elements for image in element.imgs.imgs} - self._pictures:
            self._pictures.add(address)
            async with self._http.get(self._url + address) as answer:
                await answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"a picture of the page is not there: {answer.status}")

    async def look_on(self, seconds: float) -> None:
        """Look at the page for so long: what the server sends is taken, and its pings are answered. Raises Refused."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self._take()

    async def _press(self, key: str) -> None:
        button, fragment = next(each for each in self._elements.values() if each[0].button.id.endswith(f"-{key}"))
        await self.run(WidgetState(id=button.button.id, trigger_value=True), fragment)

    async def _take(self) -> ForwardMsg:
        """Take the next message into account."""
        frame = await self._socket.receive(PATIENCE)
        if frame.type != aiohttp.WSMsgType.BINARY:
            raise Refused(f"{_GONE}, {self._socket.close_code}")
        message = ForwardMsg.FromString(frame.data)
        kind = message.WhichOneof("type")
        if kind == "delta" and message.delta.HasField("new_element"):
            element = message.delta.new_element
            self._elements[tuple(message.metadata.delta_path)] = element, message.delta.fragment_id
            if element.HasField("markdown") and _LABELLED.match(element.markdown.body):
                self.labelled = time.monotonic()
        elif kind == "new_session":
            self._session = message.new_session.initialize.session_id
            if not message.metadata.run.fragment_ids:
                self._elements.clear()
        elif kind == "navigation":
            self._script = message.navigation.page_script_hash
            self._scripts = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        return message


def upload(photo: bytes) -> bytes:
    """A photo as a browser sends a file."""
    start = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n\r\n'
    return start.encode() + photo + f"\r\n--{_BOUNDARY}--\r\n".encode()


@dataclass(eq=False)
class Crowd:
    """Visitors of an app who come one after another within some seconds, and stay until they are sent away."""

    url: str
    count: int
    coming: float
    uploads: Sequence[bytes]
    answers: Answers = field(default_factory=Answers)
    bring: bool = True
    """Whether they bring photos now, or only turn pages."""

    def start(self) -> list[asyncio.Task[None]]:
        """Let them come."""
        return [asyncio.create_task(self._visit(number)) for number in range(self.count)]

    async def _visit(self, number: int) -> None:
        await asyncio.sleep(self.coming * number / self.count)
        address = str(_FIRST_ADDRESS + number)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=(address, 0)),
            cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False),
            timeout=aiohttp.ClientTimeout(PATIENCE),
        ) as http:
            visitor = Visitor(http, self.url)
            if not await self._ask("page", visitor.come):
                return
            self.answers.here += 1
            try:
                for turn, seconds in enumerate(looks(number), number + 1):
                    if await self._ask("nothing", lambda seconds=seconds: visitor.look_on(seconds)) is None:
                        return
                    page = PAGES[turn % len(PAGES)]
                    here = await self._ask("page", lambda page=page: visitor.turn_to(page))
                    if here and not page and self.bring:
                        here = await self._ask("dialog", visitor.ask_for_a_photo)
                        here = here and await self._ask("photo", lambda turn=turn: self._bring(visitor, turn))
                    if here is None:
                        return
            finally:
                self.answers.here -= 1

    async def _bring(self, visitor: Visitor, number: int) -> None:
        began = time.monotonic()
        try:
            await visitor.bring(self.uploads[number % len(self.uploads)])
        except asyncio.CancelledError:
            if not visitor.labelled:
                self.answers.unanswered.setdefault("label", []).append(time.monotonic() - began)
            raise
        finally:
            if visitor.labelled:
                self.answers.took("label", visitor.labelled - began)
                self.answers.took("upload", visitor.uploaded - began)

    async def _ask(self, kind: str, ask: Callable[[], Awaitable[None]]) -> bool | None:
        """Whether there was an answer; None where the visitor has no page any more."""
        began = time.monotonic()
        try:
            await ask()
        except asyncio.CancelledError:
            self.answers.unanswered.setdefault(kind, []).append(time.monotonic() - began)
            raise
        except Refused as refused:
            told = re.sub(r"\d+", "n", str(refused)) or "neither a label nor a sentence stands on the page"
            gone = told.startswith(_GONE)
            (self.answers.silent if gone or not str(refused) else self.answers.told)[told] += 1
            return None if gone else False
        except Exception as error:  # whatever it is, it is what the visitor got in the place of an answer
            self.answers.silent[f"{type(error).__name__}: {error}"[:200]] += 1
            return None
        self.answers.took(kind, time.monotonic() - began)
        return True


def _title(page: str) -> str:
    """What a page of an error says in its title, or all of a short answer."""
    found = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
    return found[1] if found else page[:100]
