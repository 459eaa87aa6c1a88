"""Tells who asks, and by which name: whether that is this computer, a trusted proxy, a name or a page of this app."""

import ipaddress
import os
import re
import socket
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

import streamlit as st

from explainer.ui import browser

_AT_HOME = ("localhost", "local", "lan", "home", "internal", "home.arpa")  # ends of names of a local network
_LONGEST = 260  # letters of a name and a port, which stand in the policy of each answer


def settings(name: str) -> tuple[str, ...]:
    """The entries of a setting that lists some, separated by commas or spaces."""
    return tuple(filter(None, re.split(r"[,\s]+", os.environ.get(name, ""))))


def client(peer: str, forwarded: Iterable[str], trusted: Iterable[str]) -> tuple[str, bool]:
    """The address that a request comes from, and whether that is this computer.

    >>> client("10.0.0.1", ["1.2.3.4, 9.9.9.9"], ["10.0.0.1"])
    ('9.9.9.9', False)
    >>> client("10.0.0.7", ["1.2.3.4"], ["10.0.0.1"])
    ('10.0.0.7', False)
    >>> client("127.0.0.1", [], [])
    ('127.0.0.1', True)
    """
    named = tuple(trusted)
    said = [entry.strip() for line in forwarded for entry in line.split(",")]
    address = peer
    while said and _is_among(address, named):
        address = said.pop()
    found = _address(address)
    if found is None:
        return peer, False
    return source(str(found)), found.is_loopback and not named and not said


@lru_cache(maxsize=4096)  # asked of every open connection at each new one
def source(address: str) -> str:
    """The address that limits count for one: of IPv6 its first 64 bits, as one computer can take any of the others.

    >>> source("2001:db8:1:2:3:4:5:6"), source("::1"), source("10.0.0.7")
    ('2001:db8:1:2::', '127.0.0.1', '10.0.0.7')
    >>> source("::ffff:10.0.0.7")  # IPv4, where a server listens by both
    '10.0.0.7'
    """
    found = _address(address)
    if not isinstance(found, ipaddress.IPv6Address):
        return str(found or address)
    if found.is_loopback:
        return browser.LOOPBACK
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)


def is_trusted(address: str) -> bool:
    """Whether an address is that of a proxy that `EXPLAINER_TRUSTED_PROXIES` names."""
    return _is_among(address, settings("EXPLAINER_TRUSTED_PROXIES"))


def not_addresses() -> list[str]:
    """What `EXPLAINER_TRUSTED_PROXIES` names that is no address and no network, such as a name."""
    return [each for each in settings("EXPLAINER_TRUSTED_PROXIES") if _network(each) is None]


def _is_among(address: str, named: Iterable[str]) -> bool:
    """Whether an address is one of some addresses and networks, such as 10.244.0.0/16."""
    found = _address(address)
    return found is not None and any(found in network for network in map(_network, named) if network)


@lru_cache
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text if "/" in text else str(_address(text)), strict=False)
    except ValueError:
        return None


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if text.startswith("["):  # with a port, as some proxies write it
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _name(host: str) -> str:
    """The name, or the address, in a header Host; "" where there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_here(host: str) -> bool:
    """Whether a request's header Host names this very computer, and nobody can have asked a proxy by that name."""
    name = _name(host)
    found = _address(name)
    public = not _is_at_home(name) or name in map(str.lower, settings("EXPLAINER_HOSTS"))
    ours = name == "localhost" or (name == socket.gethostname().lower() and not public)
    return ours or (found is not None and found.is_loopback)


def _is_at_home(name: str) -> bool:
    """Whether a name is one of a local network, which nobody elsewhere can ask for."""
    return "." not in name or any(name.endswith(f".{end}") for end in _AT_HOME)


def host_is_ours(host: str) -> bool:
    """Whether a request's header Host names this app."""
    name = _name(host)
    if not name or len(host) > _LONGEST:
        return False
    ours = {socket.gethostname().lower(), *(each.lower() for each in settings("EXPLAINER_HOSTS"))}
    return _is_at_home(name) or name in ours or _address(name) is not None


def origin_is_ours(origin: str, host: str, secure: bool) -> bool:
    """Whether the page that a request's header Origin names came from the same scheme, host and port.

    Where the request came by http the page's scheme may be https: a proxy may have been asked that says nothing of it.
    `server.corsAllowedOrigins` of Streamlit lists others.

    >>> origin_is_ours("http://museum-pc:8501", "museum-pc:8501", secure=False)
    True
    >>> origin_is_ours("http://museum-pc:3000", "museum-pc:8501", secure=False)
    False
    """
    try:
        page = urlsplit(origin)
        port = {"http": 80, "https": 443}[page.scheme]
        places = [(each.hostname, each.port or port) for each in (page, urlsplit(f"//{host}"))]
    except (KeyError, ValueError):
        return False
    same = places[0] == places[1] and (page.scheme == "https" or not secure)
    return same or origin in st.get_option("server.corsAllowedOrigins")
