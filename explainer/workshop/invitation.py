"""How phones find this machine: its addresses on the local network, and codes to photograph instead of typing.

Nothing here asks another host for anything.
"""

import contextlib
import io
import socket
from urllib.parse import urlsplit

import segno
from segno import helpers

# One from each range of private networks, and one that nobody has (RFC 5737): which of this machine's addresses would
# speak to them, its own routes tell.
_ASKED_FOR = ("192.0.2.1", "192.168.0.1", "10.0.0.1", "172.16.0.1")
_OURSELVES = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104
_MARGIN = 4  # modules of quiet ground round a code, as its standard wants


def addresses() -> tuple[str, ...]:
    """This machine's IPv4 addresses on its networks, the one of its usual way out first; none where it has no network.

    Only routes are looked up: to connect a datagram socket sends nothing.
    """
    found = []
    for host in _ASKED_FOR:
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect((host, 9))
            found.append(str(asking.getsockname()[0]))
    return tuple(address for address in dict.fromkeys(found) if not address.startswith("127."))


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
