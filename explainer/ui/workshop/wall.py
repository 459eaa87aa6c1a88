"""The wall: what a room's pictures were called, by classes alone; who adds theirs decides it, and can take it back."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from explainer.charts import workshop as workshop_charts
from explainer.imagenet import published, vocabularies, words
from explainer.imagenet.words import Context
from explainer.ui import access, computed, labels, photo_source, session
from explainer.ui.category_card import plain
from explainer.ui.workshop import presenting, refresh
from explainer.ui.workshop.trying import button, press, trouble
from explainer.vision import pipeline
from explainer.vision.pipeline import Result
from explainer.workshop import rooms, wall
from explainer.workshop.rooms import Closed, Room, Stage
from explainer.workshop.wall import FEWEST, OWN

_SEEN = "workshop_seen"


def on_screen(room: Room, stage: Stage) -> None:
    """How many have added theirs, and after the reveal the classes, all at once."""
    if stage.revealed:
        _revealed(room, large=True)
    else:
        st.header("After you have seen a result you may add its class to the wall, or not.", anchor=False)
        refresh.every(2.0, partial(_waiting, room), "wall")


def on_phone(room: Room, stage: Stage, token: str) -> None:
    """A picture to read, its word, and the choice to add its class to the wall."""
    if stage.revealed:
        _revealed(room, large=False)
    photo_source.choose()
    photo = photo_source.photo()
    if photo is None or (photo_source.is_own() and not room.rules.own_faces):
        st.info("Choose a picture. You will see its word alone; then you decide whether its class goes on the wall.")
    elif session.agreed():
        release = _release()
        result = computed.read(photo, False)
        _read(result, release)
        _choice(room, stage, token, [reading.people(release, 1)[0].wnid for reading in result.readings])
    _mine(room, stage, token)


def controls(room: Room, stage: Stage) -> None:
    """The presenter's: reveal and hide."""
    present = partial(presenting.present, room.code)
    if stage.revealed:
        button("Hide the wall", lambda: present(revealed=False))
    else:
        button("Reveal the wall", lambda: present(revealed=True), primary=True)
    trouble()
    refresh.every(2.0, partial(_waiting, room), "wall")


def rate(per_hour: float | None) -> str:
    """Labels an hour beside the published figure of ImageNet Roulette, as a sentence."""
    peak = f"ImageNet Roulette at its peak: {published.figures()['peak']} labels an hour, as published."
    if per_hour is None:
        return peak
    return f"This room: {per_hour:,.0f} {'label' if round(per_hour) == 1 else 'labels'} an hour. {peak}"


def seen() -> str | None:
    """Wnid of the word that a supplied picture got last on this phone; None where it was one's own photo."""
    wnid: str | None = st.session_state.get(_SEEN)
    return wnid


def _release() -> str:
    """The release whose words are asked: of one's own face the safe ones, where nobody asks for the others."""
    everything = len(vocabularies.person_categories("fall-2011"))
    if not photo_source.is_own() or st.toggle(
        f"Ask all {everything:,} words, the cruel ones too (masked)", key="ask_all"
    ):
        return "fall-2011"
    st.caption("Your photo is laid beside words alone that were judged safe.")
    return "september-2019"


def _read(result: Result, release: str) -> None:
    """What each face was called, and among how many words."""
    photo = photo_source.photo()
    assert photo is not None
    for number, reading in enumerate(result.readings):
        label = reading.people(release, 1)[0]
        st.session_state[_SEEN] = None if photo_source.is_own() else label.wnid
        caption = session.caption(label.wnid, Context.PHOTO)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.image(pipeline.seen(photo, reading), width=112, alt="What the network saw.")
            with st.container():
                st.markdown(f"nearest: **{plain(caption.text)}**  \n:small[{labels.score(label, reading)}]")
                if caption.masked:
                    session.reveal_button(label.wnid, f"wall_{number}")
    st.caption(
        f"Nearest of {len(vocabularies.person_categories(release)):,} words, and there is no “none of these”. "
        f"{labels.found(result)}"
    )


def _choice(room: Room, stage: Stage, token: str, wnids: Sequence[str]) -> None:
    picture = photo_source.sample() or OWN
    if stage.revealed:
        st.caption("The wall is shown now; it takes no more.")
    elif picture not in wall.pictures(access.store(), room.code, token):
        st.markdown("The wall shows how many labels of each class the room got, never whose.")
        st.button(
            "Add my labels to the wall",
            key="wall_add",
            width="stretch",
            on_click=press,
            args=(lambda: _add(room, token, wnids, picture),),
        )
    elif picture == OWN:
        st.caption("Of your own photos one goes on the wall. To add another, take yours back first.")


def _add(room: Room, token: str, wnids: Sequence[str], picture: str) -> None:
    if rooms.stage(access.store(), room.code).revealed:
        raise Closed
    wall.add(access.store(), room.code, token, wnids, picture)


def _mine(room: Room, stage: Stage, token: str) -> None:
    """How many labels of this phone are on the wall, and the way to take them back."""
    trouble(stage.version)
    if count := wall.added(access.store(), room.code, token):
        st.success(f"On the wall: {count} {'label' if count == 1 else 'labels'} of yours.")
        st.button(
            "Take mine back",
            key="wall_withdraw",
            width="stretch",
            on_click=press,
            args=(partial(wall.withdraw, access.store(), room.code, token),),
        )


def _waiting(room: Room) -> None:
    count = wall.wall(access.store(), room.code).participants
    st.subheader(f"on the wall: {count} · phones here: {rooms.here(access.store(), room.code)}", anchor=False)


def _revealed(room: Room, large: bool) -> None:
    """The classes on the wall, the words that several got, and how fast that was."""
    found = wall.wall(access.store(), room.code)
    if found.participants < FEWEST:
        st.info(f"Fewer than {FEWEST} have added theirs: a wall of so few would point at somebody.")
        return
    total = sum(found.labels.values())
    gone = total - found.labels["kept"] - found.labels["not imageable"]
    drawn, told = st.columns([3, 2], gap="large") if large else (st.container(), st.container())
    with drawn:
        st.plotly_chart(
            workshop_charts.wall(
                found.labels, f"What {found.participants} of this room got", "labels, by their class", large
            ),
            alt="; ".join(f"{status}: {count}" for status, count in found.labels.items()),
            key="wall",
            config={"displayModeBar": False},
        )
    common = (f"{plain(words.caption(wnid, Context.PHOTO).name)}: {count}" for wnid, count in found.words.items())
    say = st.subheader if large else st.markdown
    with told:
        say(
            f"{gone / total:.0%} of these labels were announced for removal in 2019; of words drawn at random it is "
            f"{vocabularies.removed_share():.0%}. {rate(found.per_hour)}"
        )
        say(
            f"Words that {FEWEST} or more got: {', '.join(common)}."
            if found.words
            else f"No word was got by {FEWEST} or more; a word that one person got is not shown."
        )
