"""You decide: a word is voted on, talked about, voted on again; then the record stands beside the room's answer."""

from dataclasses import replace
from functools import partial

import streamlit as st

from explainer.charts import workshop as workshop_charts
from explainer.imagenet import words
from explainer.imagenet.removal import THRESHOLD
from explainer.imagenet.vocabularies import FATES
from explainer.imagenet.words import Context
from explainer.ui import access
from explainer.ui.category_card import plain
from explainer.ui.workshop import presenting, refresh, word
from explainer.ui.workshop.trying import button, press, trouble
from explainer.workshop import questions, record, rooms, votes
from explainer.workshop.privacy import FEWEST
from explainer.workshop.questions import Outcome, Published, Question, UnknownQuestion
from explainer.workshop.rooms import Room, Stage
from explainer.workshop.votes import MOST_HANDS, Tally

FIRST, SECOND = 1, 2
"""The rounds of a vote: before the talk, and after it."""

_ROUNDS = {FIRST: "first vote", SECOND: "second vote"}
_OUTCOMES: dict[Outcome | None, str] = {
    "same": "**The same**: this room decided as ImageNet did.",
    "different": "**Different**: this room decided otherwise than ImageNet.",
    "undecided": "**Level**: two answers were given equally often.",
    None: "Nothing to lay side by side: there is no vote, or no record.",
}


def on_screen(room: Room, stage: Stage) -> None:
    """The word, how many have voted, and after the reveal what the room answered beside the record."""
    question = _asked(room, stage)
    if question is None:
        st.header("The first word comes in a moment.", anchor=False)
        return
    if stage.revealed:
        _results(room, question, large=True)
        return
    word.on_screen(question.wnid, told=False)
    st.header(f":primary[{question.deck.question}]", anchor=False)
    st.subheader(" · ".join(plain(choice.title) for choice in question.deck.choices), anchor=False)
    refresh.every(1.0, partial(_turnout, room, stage, question), "turnout")


def on_phone(room: Room, stage: Stage, token: str) -> None:
    """The word and the answers to press; then what was counted, and what the room found."""
    question = _asked(room, stage)
    if question is None:
        st.info("The first word comes in a moment. Nothing to do yet.")
        return
    word.on_phone(question.wnid, told=stage.revealed)
    if stage.revealed:
        _results(room, question, large=False)
    else:
        _ballot(room, stage, question, token)


def controls(room: Room, stage: Stage) -> None:
    """The presenter's: which word, open and close, vote again, reveal, and hands that were counted."""
    question = _asked(room, stage)
    if question is None:
        question = questions.question(questions.DECKS[room.deck].questions[0])
        stage = replace(stage, activity=question.key, round=FIRST, open=False, revealed=False)
    present = partial(presenting.present, room.code)
    keys = question.deck.questions
    place = keys.index(question.key)
    st.markdown(f"**Word {place + 1} of {len(keys)}: {plain(words.caption(question.wnid, Context.TREE).text)}**")
    with st.container(horizontal=True):
        if stage.open:
            button("Close the vote", lambda: present(open=False))
        else:
            button("Open the vote", lambda: present(activity=question.key, round=stage.round, open=True), primary=True)
        if stage.round == FIRST:
            button("Second vote", lambda: present(activity=question.key, round=SECOND, open=True))
        else:
            button("Back to the first vote", lambda: present(activity=question.key, round=FIRST))
        if stage.revealed:
            button("Hide the results", lambda: present(revealed=False))
        else:
            button("Reveal", lambda: present(activity=question.key, round=stage.round, open=False, revealed=True))
    with st.container(horizontal=True):
        for title, key in (("Word before", keys[place - 1]), ("Next word", keys[(place + 1) % len(keys)])):
            button(title, partial(present, activity=key, round=FIRST))
    trouble()
    refresh.every(1.0, partial(_turnout, room, stage, question), "turnout")
    _hands(room, stage, question)


def outcome(question: Question, tally: Tally, published: Published) -> str:
    """Whether the room decided as ImageNet did, and what either said, as sentences; never a score."""
    said = _OUTCOMES[questions.compare(question, tally.counts)]
    if question.deck.level == "ordinal":
        median = questions.median(tally.counts)
        room = "Nobody voted" if median is None else f"The room's median is {median:g}"
        return f"{said} {room}; {on_record(question, published)}"
    titles = {choice.key: choice.title for choice in question.deck.choices}
    most = " and ".join(f"“{titles[key]}”" for key in questions.commonest(question.deck, tally.counts)) or "nothing"
    return f"{said} Said most often: {most}. {on_record(question, published)}"


def on_record(question: Question, published: Published) -> str:
    """What ImageNet has published of a word that was asked, as sentences."""
    if question.deck.level == "ordinal":
        rated = f"ImageNet's workers rated it {published.imageability:.1f} on average"
        return f"{rated}. Below {THRESHOLD:g} of 5 a word for people was removed."
    return f"On record: {published.safety}; {published.status and FATES[published.status]}."


def _asked(room: Room, stage: Stage) -> Question | None:
    """The question on the stage, or None where there is none that the room's preset allows."""
    try:
        question = questions.question(stage.activity)
    except UnknownQuestion:
        return None
    return question if question.deck.name in room.rules.decks else None


def _turnout(room: Room, stage: Stage, question: Question) -> None:
    """How many have voted in this round, and not what."""
    total = votes.tally(access.store(), room.code, question.key, stage.round).total
    state = "open" if stage.open and not stage.paused else "closed"
    here = f" · phones here: {rooms.here(access.store(), room.code)}" if room.phones else ""
    st.subheader(f"{_ROUNDS[stage.round].capitalize()}, {state}: {total} counted{here}", anchor=False)


def _ballot(room: Room, stage: Stage, question: Question, token: str) -> None:
    store = access.store()
    answer = votes.vote_of(store, room.code, question.key, stage.round, token)
    titles = {choice.key: choice.title for choice in question.deck.choices}
    if stage.open:
        st.markdown(f"**{question.deck.question}**")
        for key, title in titles.items():
            # The question and the round are in the key: a press that comes late counts for nothing else. The title
            # needs no escapes, which screen readers would read out.
            st.button(
                title,
                key=f"answer_{question.key}_{stage.round}_{key}",
                type="primary" if key == answer else "secondary",
                width="stretch",
                on_click=press,
                args=(partial(votes.vote, store, room.code, question.key, stage.round, token, key),),
            )
    trouble(stage.version)
    if answer is not None:
        st.success(f"Counted: {plain(titles[answer])}{access.in_memory_only()}")
    if stage.open:
        st.caption("You can change your answer while the vote is open." if answer else "Nobody sees who answered what.")
    elif stage.round == SECOND:
        st.info("The second vote is closed. Look up: the room's answer comes next.")
    elif answer is not None:
        st.info("The first vote is closed. Talk with your neighbour; then you can vote again.")
    else:
        st.info("Read the word and its definition. The vote opens in a moment.")


def _results(room: Room, question: Question, large: bool) -> None:
    """Both votes beside each other with what is published, in a chart and in words; with the word for the back row."""
    kept = record.record(access.store(), room.code)
    published = questions.published(question.wnid)
    asked = next((decision.tallies for decision in kept.decisions if decision.question == question.key), ())
    tallies = [tally for tally in asked if tally.total]
    told, drawn = st.columns(2, gap="large") if large else (st.container(), st.container())
    with told:
        if large:
            word.on_screen(question.wnid, told=True)
        if few := [_ROUNDS[tally.round] for tally in asked if not tally.total]:
            said = f"Fewer than {FEWEST} answered in the {' and in the '.join(few)}: "
            said += "to show what they answered would point at somebody."
            st.markdown(f"#### {said}") if large else st.info(said)
        elif any(tally.withheld for tally in tallies):
            said = f"These are counted hands alone: fewer than {FEWEST} answered by phone."
            st.markdown(f"#### {said}") if large else st.info(said)
        elif not tallies:
            (st.subheader if large else st.info)("Nobody has voted on this word.")
        if not tallies:
            st.markdown(f"#### {on_record(question, published)}" if large else on_record(question, published))
            return
        found = outcome(question, tallies[-1], published)
        st.markdown(f"#### {found}" if large else found)
    with drawn:
        st.plotly_chart(
            workshop_charts.ballots(
                [choice.title for choice in question.deck.choices],
                {_name(tally): [*tally.counts.values()] for tally in tallies},
                _line(question, published),
                question.deck.title,
                "",
                large,
            ),
            alt=f"How often each answer was given. {found}",
            key=f"votes_{question.key}",
            config={"displayModeBar": False},
        )


def _name(tally: Tally) -> str:
    """What a round is called in a chart, with how the answers were given where hands were counted."""
    return ", ".join(filter(None, (_ROUNDS[tally.round], record.given(tally))))


def _line(question: Question, published: Published) -> tuple[str, float] | None:
    """What is published, as a line among the answers."""
    if question.deck.level == "ordinal":
        rating = published.imageability
        return None if rating is None else (f"on record: {rating:.1f}", rating)
    keys = [choice.key for choice in question.deck.choices]
    return (f"on record: {published.safety}", keys.index(published.safety) + 1) if published.safety in keys else None


def _hands(room: Room, stage: Stage, question: Question) -> None:
    """Fields for hands that the presenter counted: a vote without phones."""
    hands = votes.tally(access.store(), room.code, question.key, stage.round).hands
    fields = {choice.key: f"hands_{question.key}_{stage.round}_{choice.key}" for choice in question.deck.choices}

    def keep() -> None:
        if access.is_presenter():
            counts = {answer: st.session_state[field] for answer, field in fields.items()}
            votes.count_hands(access.store(), room.code, question.key, stage.round, counts)

    with st.expander("Without phones: counted hands"):
        with st.form(f"hands_{question.key}_{stage.round}", border=False):
            for choice in question.deck.choices:
                st.number_input(choice.title, 0, MOST_HANDS, hands[choice.key], key=fields[choice.key])
            st.form_submit_button("Keep these counts", on_click=press, args=(keep,))
        if total := sum(hands.values()):
            st.success(f"Kept: {total} {'hand' if total == 1 else 'hands'} in the {_ROUNDS[stage.round]}.")
