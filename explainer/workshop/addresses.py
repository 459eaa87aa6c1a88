"""How phones find this machine: its addresses on the local network, and codes to photograph instead of typing.

Nothing here asks another host for anything.
"""

import contextlib
import io
import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import ifaddr
import segno
from segno import helpers

from explainer.workshop.errors import NoAddress

_OURSELVES = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104
_MARGIN = 4  # modules of quiet ground round a code, as its standard wants


def addresses() -> tuple[str, ...]:
    """This machine's IPv4 addresses on its networks, the one of its usual way out first; none where it has no network.

    A hotspot of this machine's own has no way out, and stands behind the one that has.
    """
    all_ = [str(each.ip) for adapter in ifaddr.get_adapters() for each in adapter.ips if each.is_IPv4]
    return tuple(a for a in dict.fromkeys([*_on_the_way_out(), *all_]) if not a.startswith("127."))


def _on_the_way_out() -> Iterator[str]:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))  # nobody has it (RFC 5737); to connect a datagram socket sends nothing
        yield str(asking.getsockname()[0])


def origins(seen: str, port: int, secure: bool, base: str = "") -> tuple[str, ...]:
    """Where phones can reach the app, the likeliest first: scheme, host, port and folder, with no stroke at the end.

    `seen` is where the presenter's browser found it, which goes first unless that is this machine's name for itself:
    then its port counts, which is a proxy's where one stands before the app. Where there is no network, `seen` is all
    there is.
    """
    found = urlsplit(seen)
    if found.hostname in _OURSELVES:
        secure = found.scheme == "https"
        port = found.port or (443 if secure else 80)
    folder = f"/{base.strip('/')}" if base.strip("/") else ""
    scheme, usual = ("https", 443) if secure else ("http", 80)
    ending = "" if port == usual else f":{port}"
    local = [f"{scheme}://{address}{ending}{folder}" for address in addresses()]
    own = [seen] if seen and found.hostname not in _OURSELVES else []
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
