"""The way into a room: where phones reach this app, and what brings them into the Wi-Fi."""

from functools import partial

import streamlit as st

from explainer.jobs import once
from explainer.ui import access
from explainer.workshop import addresses
from explainer.workshop.rooms import Room


def origins() -> tuple[str, ...]:
    """Where phones can reach this app, the likeliest first."""
    return addresses.origins(
        (st.context.url or "").partition("/workshop")[0].rstrip("/"),
        st.get_option("server.port"),
        bool(st.get_option("server.sslCertFile")),
        st.get_option("server.baseUrlPath"),
    )


@once
def _chosen() -> dict[tuple[str, ...], str]:
    """What a presenter chose for all screens of this machine, by its addresses then: a machine changes networks."""
    return {}


def origin() -> str:
    """Where phones are told to reach this app: what the presenter chose in the networks of now, else the likeliest."""
    return _chosen().get(addresses.addresses()) or origins()[0]


def choose_origin(origin: str) -> None:
    """Tell phones this way to the app, on all screens, while the machine's networks stay."""
    _chosen()[addresses.addresses()] = origin


@once
def _networks() -> dict[str, str]:
    """What a code says to bring phones into the Wi-Fi, by room: in this app's memory alone, as it tells a password."""
    return {}


def way(code: str) -> tuple[str, str | None]:
    """What a screen shows of the way into a room: where the app is, and how to come into the Wi-Fi."""
    return origin(), _networks().get(code)


def wifi(room: Room) -> str | None:
    """What a code says to bring phones into the Wi-Fi of a room; None where nobody said, or it is over."""
    if room.ended:  # perhaps by another process
        tell_wifi(room.code, None)
    return _networks().get(room.code)


def tell_wifi(code: str, said: str | None) -> None:
    """From now on this is what `wifi` gives for a room; None forgets it."""
    _networks().pop(code, None)
    if said:
        _networks()[code] = said


access.FORGET.append(partial(tell_wifi, said=None))
