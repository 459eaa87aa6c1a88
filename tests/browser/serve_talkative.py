"""The app, saying in its log which hosts it asks for: `python tests/browser/serve_talkative.py [options of streamlit]`.

What lasts shorter than a look at the tables of the kernel is heard all the same.
"""

import socket
import sys
from pathlib import Path
from typing import Any

APP = Path(__file__).parents[2] / "streamlit_app.py"


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        connection, target = arguments
        if event == "socket.connect" and connection.type == socket.SOCK_DGRAM:
            return  # nothing is sent by that: it tells which of its own addresses a machine would use
        host = target[0] if isinstance(target, tuple) else target
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event == "socket.bind":
        print("LISTENS", arguments[1], file=sys.stderr, flush=True)
        return
    else:
        return
    print("ASKS", host.decode() if isinstance(host, bytes) else host, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.addaudithook(_listen)
    from streamlit.web import cli

    cli.main(["run", str(APP), *sys.argv[1:]], prog_name="streamlit")
