"""A question to the room: its answers to press on a phone, how many have answered, and what came of it."""

import hashlib
from dataclasses import replace
from functools import partial

import streamlit as st
from PIL.Image import Image

from explainer.charts import workshop as charts
from explainer.imagenet import masked_words
from explainer.imagenet.masked_words import Caption, Context
from explainer.ui import access, session
from explainer.ui.markdown import plain
from explainer.ui.workshop import presenting, refresh, sentences
from explainer.ui.workshop.actions import press, trouble
from explainer.ui.workshop.slide import Scene
from explainer.workshop import participants, questions, rooms, talk, votes
from explainer.workshop.questions import Choice, Question
from explainer.workshop.rooms import Room
from explainer.workshop.votes import MOST_HANDS, Tally

_MANY = 5  # answers that stand in two columns, and whose chart is higher


def asked(scene: Scene) -> Question | None:
    """The question that a room is at, if any."""
    if not questions.is_known(key := scene.stage.activity):
        return None
    return replace(questions.question(key), text=talk.question_text(key))


def on_projector(scene: Scene) -> None:
    """The question and its answers, large, with how many have answered; then the result."""
    question = asked(scene)
    if question is None:
        return
    if question.wnid:
        word(question.wnid, told=scene.stage.phase == "result")
    if scene.stage.phase == "result":
        results(scene, question, large=True)
        return
    again = "Second vote. " if scene.stage.phase == "second" else ""
    st.header(f":green[{again}{plain(question.text)}]", anchor=False)
    if scene.stage.phase == "talk":
        refresh.every(1.0, partial(_talk, scene), "talk")
        return
    halves = _halves(question)
    with st.container(key="answers" if len(halves) > 1 else "few-answers"):
        for column, choices in zip(st.columns(len(halves)), halves, strict=True):
            with column, st.container(gap=None):
                for number, choice in choices:
                    st.markdown(f"### {number}\\. {plain(choice.title)}")
    refresh.every(1.0, partial(_turnout, scene, question), "turnout")


def beside(scene: Scene, picture: Image, alt: str, note: str = "") -> None:
    """The question on the projector with the picture that it is about at its left."""
    shown, asked = st.columns([2, 3], gap="large")
    with shown:
        st.image(picture, width=540, alt=alt)
        if note:
            st.subheader(note, anchor=False)
    with asked:
        on_projector(scene)


def below(scene: Scene, token: str, picture: Image, alt: str) -> None:
    """The question on a phone with the picture that it is about above it."""
    st.image(picture, width=200, alt=alt)
    on_phone(scene, token)


def _halves(question: Question) -> list[list[tuple[int, Choice]]]:
    """The answers with their numbers: in one column, or in two where they are many."""
    numbered = [*enumerate(question.choices, start=1)]
    half = (len(numbered) + 1) // 2
    return [numbered] if len(numbered) < _MANY else [numbered[:half], numbered[half:]]


def on_phone(scene: Scene, token: str) -> None:
    """The answers to press; then what was counted, and what the room found."""
    question = asked(scene)
    if question is None:
        return
    if question.wnid:
        word_on_phone(question.wnid, told=scene.stage.phase == "result")
    if scene.stage.phase == "result":
        trouble(scene.stage.version)  # an answer came too late
        results(scene, question, large=False)
        return
    key = access.store(), scene.room.code, question.key
    titles = {choice.key: choice.title for choice in question.choices}
    # A poll may have lost an answer that was given: the talk can be changed between two days of a room.
    answer = titles.get(votes.vote_of(*key, scene.stage.round, token) or "")
    if scene.stage.phase == "second":
        first = titles.get(votes.vote_of(*key, 1, token) or "")
        st.subheader("Second vote", anchor=False)
        st.markdown(f"Your first answer: **{plain(first)}**" if first else "You gave no first answer.")
    st.markdown(f"**{plain(question.text)}**")
    if scene.stage.open:
        for choice, title in titles.items():
            # The question and the round are in the key: a press that comes late counts for nothing else. The title
            # needs no escapes, which screen readers would read out.
            st.button(
                title,
                key=f"answer_{question.key}_{scene.stage.round}_{choice}",
                type="primary" if title == answer else "secondary",
                width="stretch",
                on_click=press,
                args=(partial(votes.vote, *key, scene.stage.round, token, choice),),
            )
    trouble(scene.stage.version)
    if answer is not None:
        st.success(f"Counted: {plain(answer)}{access.in_memory_only()}")
    if scene.stage.open:
        st.caption("You can change your answer while the vote is open." if answer else "Nobody sees who answered what.")
    else:
        st.info("The first vote is closed. Talk with your neighbour; then you can vote again.")


def controls(scene: Scene) -> None:
    """The presenter's: how many have answered, and hands that were counted."""
    question = asked(scene)
    if question is None:
        return
    refresh.every(1.0, partial(_turnout, scene, question), "turnout")
    _hands(scene, question)


def word(wnid: str, told: bool) -> None:
    """The word for the back row. Of a masked one the reason is left out unless it is `told`: it is on record."""
    caption = masked_words.caption(wnid, Context.TREE)
    with st.container(key="told" if told else "word"):  # what is told leaves less room
        st.title(f"“{plain(caption.name) if not caption.masked else _said(caption, told)}”", anchor=False)
        also = "" if told or caption.masked or caption.text == caption.name else f" ({plain(caption.text)})"
        st.markdown(f"#### *{_definition(caption)}*{also}")


def results_in_words(scene: Scene) -> None:
    """What is so, and what the room predicted, for the back row."""
    question = asked(scene)
    if question is not None:
        tally = votes.tally(access.store(), scene.room.code, question.key, 1)
        st.markdown(f"### {plain(sentences.outcome(question, tally))}")


def results(scene: Scene, question: Question, large: bool) -> None:
    """What the room answered in each round, in a chart and in words, with what is published of a word."""
    store, code = access.store(), scene.room.code
    tallies = [votes.tally(store, code, question.key, round) for round in range(1, question.rounds + 1)]
    asked = [tally for tally in tallies if tally.total] or tallies[-1:]
    found = sentences.outcome(question, asked[-1])
    if not large:
        st.markdown(f"**{plain(question.text)}**")
    elif not question.wnid:
        st.header(plain(question.text), anchor=False)
    told, drawn = st.columns([1, 2], gap="large") if large else (st.container(), st.container())
    with told:
        st.markdown(f"{'### ' if large else ''}{found}")
    shown = {_name(question, tally): [*counts.values()] for tally in asked if (counts := tally.told)}
    if not shown:
        return
    with drawn, st.container(key=f"{'few-' * (len(question.choices) < _MANY)}bars"):
        titles = [choice.short if large else choice.title for choice in question.choices]
        st.plotly_chart(
            charts.ballots(titles, shown, _mark(question), large),
            alt=f"How often each answer was given. {found}",
            key=f"votes_{question.key}",
            config={"displayModeBar": False},
        )


def word_on_phone(wnid: str, told: bool) -> None:
    """The word on a phone; where the room's preset allows it, a masked one can be revealed on this phone."""
    caption = session.caption(wnid, Context.TREE)
    st.subheader(f"“{_said(caption, told)}”", anchor=False)
    st.markdown(f"*{_definition(caption)}*")
    if caption.masked:
        session.reveal_button(wnid, f"word_{wnid}")


def _said(caption: Caption, told: bool) -> str:
    return plain(caption.text) if told or not caption.masked else r"\[covered\]"


def _definition(caption: Caption) -> str:
    if caption.masked:
        return "The word and its definition are covered here."
    return plain(caption.gloss) if caption.gloss else "No dictionary with its definition is at hand."


def _talk(scene: Scene) -> None:
    left = max(sentences.TALK - scene.stage.seconds, 0)
    with st.container(key="countdown"):
        st.title(f"Talk with your neighbour: {sentences.left(left)}" if left else "Time is up.", anchor=False)
    st.progress(left / sentences.TALK)


def _turnout(scene: Scene, question: Question) -> None:
    tally = votes.tally(access.store(), scene.room.code, question.key, scene.stage.round)
    here = participants.here(access.store(), scene.room.code)
    said = sentences.turnout(sum(tally.phones.values()), here, sum(tally.hands.values()), scene.room.phones)
    st.subheader(said, anchor=False)


def _name(question: Question, tally: Tally) -> str:
    """What a round is called in a chart, with how the answers were given where hands were counted."""
    return ", ".join(filter(None, (sentences.ROUNDS[tally.round] if question.wnid else "answers", tally.given)))


def _mark(question: Question) -> tuple[str, float] | None:
    """What is published of a word, or the right answer to a prediction, as a place among the answers."""
    if question.right:
        return "right", int(question.right)
    published = questions.published(question.wnid) if question.wnid else None
    if published is None:
        return None
    if question.ordinal:
        rating = published.imageability
        return None if rating is None else ("on record", rating)
    keys = [choice.key for choice in question.choices]
    return ("on record", keys.index(published.safety) + 1) if published.safety in keys else None


def _hands(scene: Scene, question: Question) -> None:
    """Fields for hands that the presenter counted: a vote without phones."""
    code, round = scene.room.code, scene.stage.round
    if scene.stage.phase == "result":
        round = question.rounds
    hands = votes.tally(access.store(), code, question.key, round).hands
    # Named by what is kept, too: else the fields of another window stand as they were, and its press undoes this one's.
    named = f"hands_{code}_{question.key}_{round}_{'_'.join(map(str, hands.values()))}"
    fields = {choice.key: f"{named}_{choice.key}" for choice in question.choices}

    def keep() -> None:
        if access.is_presenter():
            counts = {answer: st.session_state[field] for answer, field in fields.items()}
            votes.count_hands(access.store(), code, question.key, round, counts)

    with st.expander("Counted hands", expanded=not scene.room.phones):
        with st.form(named, border=False):
            for choice in question.choices:
                kept = min(max(0, hands[choice.key]), MOST_HANDS)  # a database may have any number
                st.number_input(choice.title, 0, MOST_HANDS, kept, key=fields[choice.key])
            st.form_submit_button("Keep these counts", on_click=press, args=(keep,))
        if total := sum(hands.values()):
            st.success(f"Kept: {total} {'hand' if total == 1 else 'hands'} in the {sentences.ROUNDS[round]}.")


def picker(scene: Scene) -> None:
    """The presenter's: vote on another word."""
    names = {
        key: f"{number}. {masked_words.caption(key.partition('/')[2], Context.TREE).name}"  # three senses have one name
        for number, key in enumerate(scene.room.questions, start=1)
    }

    def pick() -> None:
        presenting.present(scene.room.code, step=scene.step.name, activity=st.session_state["pick"], phase="open")

    st.menu_button("Vote on another word", [*names], key="pick", format_func=lambda key: names[key], on_click=pick)


def paper(room: Room) -> None:
    """A field for what a room decided on paper, as the presenter types it."""

    named = f"paper_{room.code}_{hashlib.sha256(room.paper.encode()).hexdigest()[:8]}"  # as in `_hands`

    def keep() -> None:
        if access.is_presenter():
            rooms.keep_paper(access.store(), room.code, st.session_state[named])

    with st.form(f"{named}_form", border=False):
        st.text_area("Decided on paper, for the handout", room.paper, max_chars=rooms.LONGEST, height=100, key=named)
        st.form_submit_button("Keep it", on_click=press, args=(keep,))
