"""Pages that are driven without a browser: what they send by hand, and what the server holds open for them."""

import http.client
import os
import uuid

from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks.protocol import Visit
from tests.servers import Server


def descriptors(server: Server) -> int:
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def give_key(page: Visit, key: str) -> None:
    (field, _) = page._one(lambda element: element.text_input.label == "Presenter's key")
    page._values[field.text_input.id] = WidgetState(id=field.text_input.id, string_value=key)
    (button, fragment) = page._one(
        lambda element: element.button.label.startswith("Open the") and element.button.is_form_submitter
    )
    page.run(WidgetState(id=button.button.id, trigger_value=True), fragment)


def put(page: Visit, content: bytes, file: str, more: str = "") -> int:
    """Upload a file under that name; `more` is what the kind of its content says besides. Gives the answer's status."""
    boundary = uuid.uuid4().hex
    start = f'--{boundary}\r\nContent-Disposition: form-data; name="x"; filename="x"\r\n\r\n'.encode()
    connection = http.client.HTTPConnection(page._host, timeout=60, source_address=page._from)
    headers = {
        "Cookie": page._cookie,
        "X-Xsrftoken": page._token,
        "Content-Type": f"multipart/form-data; boundary={boundary}{more}",
    }
    body = start + content + f"\r\n--{boundary}--\r\n".encode()
    connection.request("PUT", f"/_stcore/upload_file/{page._session}/{file}", body, headers)
    return connection.getresponse().status
