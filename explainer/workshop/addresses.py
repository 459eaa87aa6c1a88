"""How phones find this machine: its addresses on the local network, and codes to photograph instead of typing.

Nothing here asks another host for anything.
"""

import contextlib
import io
import re
import socket
import struct
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import segno
from segno import helpers

from explainer.workshop.errors import NoAddress

# One from each range of private networks, and one that nobody has (RFC 5737): which of this machine's addresses would
# speak to them, its own routes tell.
_ASKED_FOR = ("192.0.2.1", "192.168.0.1", "10.0.0.1", "172.16.0.1")
_OURSELVES = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104
_SIOCGIFADDR = 0xC0206921 if sys.platform == "darwin" else 0x8915  # what asks an interface for its address
_MARGIN = 4  # modules of quiet ground round a code, as its standard wants


def addresses() -> tuple[str, ...]:
    """This machine's IPv4 addresses on its networks, the one of its usual way out first; none where it has no network.

    Only routes and interfaces are looked up: to connect a datagram socket sends nothing.
    """
    found = dict.fromkeys([*_on_the_way_out(), *_of_interfaces()])
    return tuple(address for address in found if not address.startswith("127."))


def _on_the_way_out() -> Iterator[str]:
    for host in _ASKED_FOR:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect((host, 9))
            yield str(asking.getsockname()[0])


def _of_interfaces() -> Iterator[str]:
    """All of them: a hotspot of this machine's own has no way out, and stands beside the one that has."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            yield from socket.gethostbyname_ex(socket.gethostname())[2]
    else:
        import fcntl

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            for _, name in socket.if_nameindex():
                with contextlib.suppress(OSError):  # an interface without an address
                    answer = fcntl.ioctl(asking, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                    yield socket.inet_ntoa(answer[20:24])


def origins(seen: str, port: int, secure: bool, base: str = "") -> tuple[str, ...]:
    """Where phones can reach the app, the likeliest first: scheme, host, port and folder, with no stroke at the end.

    `seen` is where the presenter's browser found it, which goes first unless that is this machine's name for itself.
    Where there is no network, `seen` is all there is.
    """
    folder = f"/{base.strip('/')}" if base.strip("/") else ""
    scheme, usual = ("https", 443) if secure else ("http", 80)
    ending = "" if port == usual else f":{port}"
    local = [f"{scheme}://{address}{ending}{folder}" for address in addresses()]
    own = [seen] if seen and (urlsplit(seen).hostname or "") not in _OURSELVES else []
    return tuple(dict.fromkeys([*own, *local])) or (seen,)


def typed(text: str, seen: str) -> str:
    """An address of the app as a presenter typed it, as `origins` gives them; what is left out is as in one of those.

    Raises NoAddress.
    """
    usual = urlsplit(seen)
    match = re.fullmatch(
        r"(?:(https?)://)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?(/[\w./-]*)?", text.strip().lower()
    )
    if match is None or int(match[3] or 0) > 65_535:
        raise NoAddress
    scheme, host, port, folder = match.groups()
    port = port or (None if scheme else usual.port)
    folder = (folder or "").partition("/workshop")[0].rstrip("/") or usual.path
    return f"{scheme or usual.scheme}://{host}" + (f":{port}" if port else "") + folder


def short(address: str) -> str:
    """An address as it is said and typed: browsers add http themselves, but not https."""
    return address.removeprefix("http://")


def wifi(name: str, password: str) -> str:
    """What a code says to bring a phone into a Wi-Fi network; without a password, an open one."""
    return str(helpers.make_wifi_data(ssid=name, password=password or None, security="WPA" if password else None))


def qr(text: str) -> bytes:
    """A text as a QR code: a PNG, black on white whatever the page's theme is, 12 pixels a module.

    Raises ValueError for a text that no code holds.
    """
    file = io.BytesIO()
    try:
        segno.make(text, error="m", micro=False).save(file, kind="png", scale=12, border=_MARGIN, light="white")
    except segno.DataOverflowError as error:
        raise ValueError("This is too long for a code.") from error
    return file.getvalue()
