"""Who is asking: what the address says, who has the presenter's key, and what is kept for all of them."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Literal, Unpack, get_args

import streamlit as st

from explainer.ui.workshop import looking
from explainer.ui.workshop.trying import press
from explainer.workshop import addresses, presenter_key, rooms, talk
from explainer.workshop import store as keeping
from explainer.workshop.presenter_key import Gate
from explainer.workshop.rooms import PRESETS, Changes, Preset, Room, RoomError, Stage, UnknownRoom, UnknownToken
from explainer.workshop.store import Busy, Store
from explainer.workshop.talk import Route, Step

View = Literal["phone", "projector", "notes"]
"""How a room can be looked at."""

PAGE = "pages/workshop.py"
"""Where all of it is."""

_PRESENTER, _FAILURES, _KEY = "presenter", "wrong_keys", "presenter_key"
_TOKENS, _SHOWN = "tokens", "shown"
_FOLLOWED = 2.0  # seconds after which a screen looks again whether something changed


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The one record of rooms, for all visitors."""
    return Store(keeping.path())


@st.cache_resource(show_spinner=False, ttl=_FOLLOWED)
def in_force() -> Preset | None:
    """The most careful rules of the rooms that are on, a few seconds late; None where no room is on."""
    try:
        return rooms.in_force(store())
    except Busy:  # nobody knows, and the careful ones do no harm for a moment
        return next(iter(PRESETS.values()))


@st.cache_resource(show_spinner=False)
def gate() -> Gate:
    """What lets the presenter in; where the environment names no key, one is made and printed on the terminal."""
    try:
        key = presenter_key.presenter_key()
    except presenter_key.KeyTooShort as error:
        print(error)
        key = presenter_key.made_key()
    if key != os.environ.get("EXPLAINER_PRESENTER_KEY", "").strip():
        print(f"The presenter's key for workshops: {key}", flush=True)
    return Gate(key)


def in_room() -> bool:
    """Whether the address names a room: then a screen is filled, without the way to the other pages."""
    return "room" in st.query_params


def view() -> View:
    """How the room is looked at; an address that says anything else is a phone's."""
    asked = st.query_params.get("view")
    return next((view for view in get_args(View) if view == asked), "phone")


def room() -> Room | None:
    """The room that the address names; None where it names none, or one that is not there, which a sentence says.

    A screen of a room that was deleted, which its address tells from a code that was typed, says that and nothing else.
    Raises Busy.
    """
    if not in_room():
        return None
    try:
        return rooms.find(store(), st.query_params["room"])
    except UnknownRoom as error:
        if {"view", "token"} & st.query_params.keys():
            st.header("This room is over and deleted, or there never was one with this code.", anchor=False)
            st.page_link("pages/photo.py", label="To the app")
            st.stop()
        if not is_presenter():  # whoever was let in meanwhile opens another
            st.error(str(error))
    return None


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Where another program holds the record of rooms, a sentence ends the page, which is drawn again in a while."""

    def look() -> None:
        rooms.listing(store())  # where it is held yet, Busy ends this look
        st.rerun()

    try:
        yield
    except Busy as error:
        st.error(str(error))
        looking.every(_FOLLOWED, look, "held")


def go(**address: str) -> None:
    """Another address, in one step of the browser's history."""
    st.query_params.from_dict(address)


def is_presenter() -> bool:
    """Whether this session has given the key."""
    return bool(st.session_state.get(_PRESENTER))


def ask_for_key() -> None:
    """A field for the presenter's key, and what became of the last one."""
    with st.form("key_form", border=False):
        st.text_input(
            "Presenter's key",
            key=_KEY,
            type="password",
            max_chars=100,
            autocomplete="off",
            help="It is printed where the app was started.",
        )
        st.form_submit_button("Go on", on_click=press, args=(_take_key,))
    if st.session_state.get(_FAILURES):
        st.error("This is not the key. It stands where the app was started; each wrong one takes longer to answer.")


def _take_key() -> None:
    failures = st.session_state.get(_FAILURES, 0)
    given, st.session_state[_KEY] = st.session_state[_KEY], ""
    admitted = gate().admits(given, failures)
    st.session_state[_PRESENTER] = admitted
    st.session_state[_FAILURES] = 0 if admitted else failures + 1


def stage(room: Room) -> Stage:
    """What the room is shown, as this screen draws it now."""
    found = st.session_state[_SHOWN] = rooms.stage(store(), room.code)
    return found


def shown() -> Stage:
    """What stands on this screen, or what its last press made of it: then it is drawn in a moment."""
    found: Stage = st.session_state[_SHOWN]
    return found


def present(code: str, seen: int | None = None, **changes: Unpack[Changes]) -> None:
    """Change what a room is shown, where this session has given the key; see `rooms.present`."""

    def work() -> None:
        after = rooms.present(store(), code, seen, **changes)
        if after.version == shown().version + 1 and changes.items() <= asdict(after).items():
            st.session_state[_SHOWN] = after  # a clicker that is pressed twice goes on from here

    if is_presenter():
        press(work)


def token(room: Room) -> str | None:
    """The token of this phone: that of the address, else of the session; None where the room gave out neither."""
    kept: dict[str, str] = st.session_state.setdefault(_TOKENS, {})
    for given in filter(None, (st.query_params.get("token"), kept.get(room.code))):
        with contextlib.suppress(UnknownRoom, UnknownToken):
            rooms.heartbeat(store(), room.code, given)
            kept[room.code] = given
            return given
    return None


def join(code: str) -> None:
    """Join a room; the token goes into the address, so that it survives a reload and a locked phone."""

    def work() -> None:
        found = rooms.find(store(), code)
        kept = st.session_state.setdefault(_TOKENS, {})
        kept[found.code] = rooms.join(store(), found.code, kept.get(found.code))
        go(room=found.code, token=kept[found.code])

    press(work)


def route(room: Room) -> Route:
    """The room's way through the talk, by phone or by show of hands."""
    return talk.route(room.route, room.phones)


def step(room: Room, stage: Stage) -> Step:
    """The step that a room is at: the first of its route until it has moved."""
    return talk.load().steps.get(stage.step) or route(room).steps[0]


def follow(code: str, version: int, token: str | None = None, draw: Callable[[], None] = lambda: None) -> None:
    """Draw the page again once the stage is no longer at the version that is drawn; a phone says that it is here.

    `draw` is what is drawn anew at each look. What shows the way into the room, all but a phone, is drawn again where
    that is another one.
    """

    def way() -> tuple[str, str | None] | None:
        return None if token else (origin(), _networks().get(code))

    drawn = way()

    def look() -> None:
        try:
            draw()
            if token is not None:
                rooms.heartbeat(store(), code, token)
            changed = rooms.stage(store(), code).version != version or way() != drawn
        except Busy:  # the next look will tell
            changed = False
        except RoomError:  # deleted meanwhile
            changed = True
        if changed:
            st.rerun()

    looking.every(_FOLLOWED, look, "stage")
    _coming_back()


@st.fragment(run_every=3600.0)
def _coming_back() -> None:
    """Nothing, but that it is drawn by itself, however seldom.

    Only then does Streamlit's browser ask a server that it comes back to, started anew or after a long sleep, for the
    whole page; else it goes on to ask for fragments, which a new session does not have.
    """


def origins() -> tuple[str, ...]:
    """Where phones can reach this app, the likeliest first."""
    return addresses.origins(
        (st.context.url or "").partition("/workshop")[0].rstrip("/"),
        st.get_option("server.port"),
        bool(st.get_option("server.sslCertFile")),
        st.get_option("server.baseUrlPath"),
    )


@st.cache_resource(show_spinner=False)
def _chosen() -> dict[tuple[str, ...], str]:
    """What a presenter chose for all screens of this machine, by its addresses then: a machine changes networks."""
    return {}


def origin() -> str:
    """Where phones are told to reach this app: what the presenter chose in the networks of now, else the likeliest."""
    return _chosen().get(addresses.addresses()) or origins()[0]


def choose_origin(origin: str) -> None:
    """Tell phones this way to the app, on all screens, while the machine's networks stay."""
    _chosen()[addresses.addresses()] = origin


@st.cache_resource(show_spinner=False)
def _networks() -> dict[str, str]:
    """What a code says to bring phones into the Wi-Fi, by room: in this app's memory alone, as it tells a password."""
    return {}


def wifi(room: Room) -> str | None:
    """What a code says to bring phones into the Wi-Fi of a room; None where nobody said, or it is over."""
    return None if room.ended else _networks().get(room.code)


def tell_wifi(code: str, said: str | None) -> None:
    """From now on this is what `wifi` gives for a room; None forgets it."""
    _networks().pop(code, None)
    if said:
        _networks()[code] = said
