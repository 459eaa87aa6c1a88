"""One visitor of the app by websocket and http, as a browser is one, but for the drawing.

Streamlit's protocol is spoken: files are uploaded, all widgets' values are named at each run, and what a page shows can
be fetched. Windows of a browser would use more of the processor than the server, and it is the server that is measured.
"""

import http.client
import json
import time
import uuid
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

PATIENCE = 120  # seconds that a visitor waits for a message


class Visit:
    """A page of the app, opened at a path with a query; a script's exception raises RuntimeError.

    `cookie` is what its browser has already, of another page; `address` is that of this computer by which it comes.
    """

    def __init__(self, url: str, page: str = "", query: str = "", cookie: str = "", address: str = "") -> None:
        self._host, self._page, self._query = urlsplit(url).netloc, page, query
        self._from = (address, 0) if address else None
        # The app's, and that of a proxy before several processes of it.
        cookies = dict(each.split("=", 1) for each in cookie.split("; ") if each)
        for path in ("/", "/_stcore/health"):
            known = "; ".join(f"{name}={value}" for name, value in cookies.items())
            headers, _ = self.fetch_all("GET", path, headers={"Cookie": known} if known else None)
            for line in headers.get_all("Set-Cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                cookies[name] = value
        self._cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._token = cookies["_streamlit_xsrf"]
        self._session = self._script = ""
        self._socket = self._connect()
        self._scripts: dict[str, str] = {}  # by the page's path
        self._elements: dict[tuple[int, ...], tuple[Element, str]] = {}  # with the fragment each belongs to
        self._drawn: set[tuple[int, ...]] = set()  # since the last run began
        self._values: dict[str, WidgetState] = {}
        self._timers: dict[str, tuple[float, float]] = {}  # seconds between a fragment's runs; the next
        self.drawings: dict[str, int] = {}
        """The numbers of what stands there and is looked at again, by fragment."""
        self.received = 0
        """Bytes that came by websocket so far."""
        self.run()

    def leave(self) -> None:
        """Close the page."""
        self._socket.close()

    def come_back(self) -> None:
        """Connect again, as a browser does whose network is back."""
        self._socket = self._connect("streamlit", self._token, self._session)

    # What a visitor sees

    @property
    def elements(self) -> list[Element]:
        """All that stands on the page."""
        return [element for element, _ in self._elements.values()]

    @property
    def texts(self) -> list[str]:
        """What is written on the page."""
        return [element.markdown.body for element in self.elements if element.HasField("markdown")]

    def fetch(self, address: str) -> bytes:
        """What is at an address of the app. Raises RuntimeError where there is nothing."""
        return self.fetch_all("GET", address, headers={"Cookie": self._cookie})[1]

    def download(self, key: str) -> str:
        """Press the download button that has that key in the app; returns the address of the file."""
        (button, _) = self._one(lambda element: element.download_button.id.endswith(f"-{key}"))
        request = BackMsg()
        request.backend_operation_request.request_id = uuid.uuid4().hex
        request.backend_operation_request.session_id = self._session
        request.backend_operation_request.deferred_file.file_id = button.download_button.deferred_file_id
        self._socket.send(request.SerializeToString())
        answer = self._receive("backend_operation_response").backend_operation_response
        return answer.deferred_file.url

    # What a visitor does

    def turn_to(self, page: str) -> None:
        """Turn to the page at a path; "" is the first one."""
        self._page, self._script = page, self._scripts[page]
        self.run()

    def press(self, label: str, waits: bool = True) -> None:
        """Press the one button of that label, and wait for its page, if it `waits`."""
        (button, fragment) = self._one(lambda element: element.button.label == label)
        self.run(WidgetState(id=button.button.id, trigger_value=True), fragment, waits=waits)

    def press_key(self, key: str) -> None:
        """Press the button that has that key in the app."""
        (button, fragment) = self._one(lambda element: element.button.id.endswith(f"-{key}"))
        self.run(WidgetState(id=button.button.id, trigger_value=True), fragment)

    def tell(self, name: str, state: dict[str, Any]) -> None:
        """Give the one component of that name a state."""
        (component, fragment) = self._one(lambda element: element.bidi_component.component_name == name)
        self._set(WidgetState(id=component.bidi_component.id, json_value=json.dumps(state)), fragment)

    def wait(self, seconds: float) -> None:
        """Look on for so long; what the page wants to be run again every few seconds is run."""
        end = time.monotonic() + seconds
        while True:
            fragment, (interval, due) = min(
                self._timers.items(), key=lambda timer: timer[1][1], default=("", (0.0, end))
            )
            self._look_on(min(due, end) - time.monotonic())
            if due >= end:
                return
            if fragment not in self._timers:  # the server has drawn another page meanwhile
                continue
            self._timers[fragment] = interval, time.monotonic() + interval
            if fragment in self.drawings:
                self._look(fragment, self.drawings[fragment])
            else:
                self.run(fragment=fragment, by_itself=True)

    def look(self, drawing: int) -> None:
        """Look again at the one thing that is looked at, and say that this drawing of it stands there."""
        (fragment,) = self.drawings
        self._look(fragment, drawing)

    def choose(self, option: str) -> None:
        """Press the one pill or segment of that name."""
        (group, fragment) = self._one(lambda element: option in [each.content for each in element.button_group.options])
        value = WidgetState(id=group.button_group.id)
        value.string_array_value.data.append(option)
        self._set(value, fragment)

    def slide(self, label: str, to: float) -> None:
        """Move the one slider of that label."""
        (slider, fragment) = self._one(lambda element: element.slider.label == label)
        value = WidgetState(id=slider.slider.id)
        value.double_array_value.data.append(to)
        self._set(value, fragment)

    def upload(self, name: str, content: bytes) -> None:
        """Choose a file of one's own."""
        (uploader, fragment) = self._one(lambda element: bool(element.file_uploader.id))
        request = BackMsg()
        request.file_urls_request.request_id = uuid.uuid4().hex
        request.file_urls_request.session_id = self._session
        request.file_urls_request.file_names.append(name)
        self._socket.send(request.SerializeToString())
        (urls,) = self._receive("file_urls_response").file_urls_response.file_urls
        boundary = uuid.uuid4().hex
        start = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n'
        self.fetch_all(
            "PUT",
            urls.upload_url,
            start.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
            {
                "Cookie": self._cookie,
                "X-Xsrftoken": self._token,
                "Content-Type": f"multipart/form-data; boundary={boundary}",
            },
        )
        value = WidgetState(id=uploader.file_uploader.id)
        value.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(content), file_id=urls.file_id, file_urls=urls
        )
        # A widget that takes another identity once it was used: its value is named this once.
        self.run(value, fragment)

    # Streamlit's protocol

    def run(
        self, once: WidgetState | None = None, fragment: str = "", by_itself: bool = False, waits: bool = True
    ) -> None:
        """Have the script, or a fragment of it, run with the widgets' values, and one that counts this time alone.

        `by_itself`: no visitor did anything. Where it `waits`, all that it draws is there at the end.
        """
        message = BackMsg()
        message.rerun_script.widget_states.widgets.extend([*self._values.values(), *([once] if once else [])])
        message.rerun_script.page_name = "" if self._script else self._page
        message.rerun_script.page_script_hash = self._script
        message.rerun_script.query_string = self._query
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = by_itself
        # What is not drawn again goes: of the whole page at once, of a fragment when it is through.
        old = {path for path, (_, of) in self._elements.items() if fragment and of == fragment}
        self._drawn.clear()
        message.rerun_script.context_info.url = f"http://{self._host}/{self._page}"
        self._socket.send(message.SerializeToString())
        if not waits:
            return
        ends = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}
        end = self._receive("script_finished").script_finished
        # The value was set while the script still ran: it begins again.
        while end == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            end = self._receive("script_finished").script_finished
        for path in old - self._drawn:
            self._elements.pop(path, None)
        if end not in ends:
            raise RuntimeError("the script failed")
        if any(element.HasField("exception") for element in self.elements):
            raise RuntimeError("an exception stands on the page")

    def _connect(self, *protocols: str) -> ClientConnection:
        return connect(
            f"ws://{self._host}/_stcore/stream",
            subprotocols=protocols or ("streamlit",),  # type: ignore[arg-type]
            additional_headers={"Cookie": self._cookie},
            max_size=None,
            source_address=self._from,
        )

    def _look(self, fragment: str, drawing: int) -> None:
        """What `refresh.js` does, with the name that Streamlit's own script gives it."""
        (component,) = (
            element.bidi_component
            for element, of in self._elements.values()
            if of == fragment and element.bidi_component.component_name == "refresh"
        )
        asked = json.dumps([{"event": "look", "value": drawing}])
        self.run(WidgetState(id=f"$$STREAMLIT_INTERNAL_KEY_{component.id}__events", json_trigger_value=asked), fragment)

    def _set(self, value: WidgetState, fragment: str) -> None:
        self._values[value.id] = value
        self.run(fragment=fragment)

    def _one(self, wanted: Any) -> tuple[Element, str]:
        (found,) = (each for each in self._elements.values() if wanted(each[0]))
        return found

    def _look_on(self, seconds: float) -> None:
        """Take into account what the server sends by itself, for so long."""
        end = time.monotonic() + seconds
        with suppress(TimeoutError):
            while (left := end - time.monotonic()) > 0:
                self._take(left)

    def _receive(self, kind: str) -> ForwardMsg:
        """The next message of a kind; those before it are taken into account."""
        while True:
            message = self._take(PATIENCE)
            if message.WhichOneof("type") == kind:
                return message

    def _take(self, patience: float) -> ForwardMsg:
        """Take the next message into account. Raises TimeoutError where none comes."""
        frame = self._socket.recv(patience)
        self.received += len(frame)
        message = ForwardMsg.FromString(bytes(frame))  # type: ignore[arg-type]
        if message.WhichOneof("type") == "new_session":
            self._session = message.new_session.initialize.session_id
            if not message.metadata.run.fragment_ids:
                self._elements.clear()
                self._drawn.clear()
                self._timers.clear()
                self.drawings.clear()
        elif message.WhichOneof("type") == "navigation":
            self._script = message.navigation.page_script_hash
            self._scripts = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
        elif message.WhichOneof("type") == "auto_rerun":
            interval = message.auto_rerun.interval
            self._timers.setdefault(message.auto_rerun.fragment_id, (interval, time.monotonic() + interval))
        elif message.WhichOneof("type") == "stop_auto_rerun":
            for fragment_id in message.stop_auto_rerun.fragment_ids:
                self._timers.pop(fragment_id, None)
        elif message.WhichOneof("type") == "delta":
            # Later elements stand later on the page where they belong to the same block.
            path = tuple(message.metadata.delta_path)
            self._elements.pop(path, None)
            self._drawn.add(path)
            if message.delta.HasField("new_element"):
                element, fragment = message.delta.new_element, message.delta.fragment_id
                self._elements[path] = element, fragment
                if element.bidi_component.component_name == "refresh":
                    asked = json.loads(element.bidi_component.json)
                    self.drawings[fragment] = asked["drawing"]
                    self._timers.setdefault(fragment, (asked["seconds"], time.monotonic() + asked["seconds"]))
        return message

    def fetch_all(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[http.client.HTTPMessage, bytes]:
        """Headers and content of an answer by http. Raises RuntimeError where it is an error."""
        with closing(http.client.HTTPConnection(self._host, timeout=PATIENCE, source_address=self._from)) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            content = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{response.status} {response.reason} at {path.split('/')[1]}")
        return response.headers, content
