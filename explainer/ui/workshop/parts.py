"""The live parts of the app that the steps of the talk show: large on the projector, small or as a sentence on phones.

Of supplied pictures alone, and never with a word that somebody revealed for themselves.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st
from PIL.Image import Image

from explainer.attribution.explain import Target
from explainer.charts import pictures, style
from explainer.charts import removal as removal_charts
from explainer.charts import tree as tree_charts
from explainer.imagenet import removal, subtrees, taxonomy, vocabularies, words
from explainer.imagenet.vocabularies import RELEASES, Label
from explainer.imagenet.words import Caption, Context
from explainer.jobs import Job, Progress, Worker
from explainer.ui import computed, options
from explainer.ui.category_card import plain
from explainer.ui.workshop import invitation
from explainer.ui.workshop.trying import button
from explainer.vision import cards, pipeline, samples
from explainer.vision.corruptions import CORRUPTIONS
from explainer.vision.pipeline import Reading
from explainer.workshop import addresses, sheets, talk
from explainer.workshop.rooms import Room
from explainer.workshop.talk import Step

if TYPE_CHECKING:
    import plotly.graph_objects as go

PORTRAIT, OTHER = "astronaut", "photographer"
"""The supplied portraits, by their names among the sample pictures."""

_RELEASE, _METHOD = "fall-2011", "grad-cam"
_HIGH = 530  # pixels of a chart below title and line, until it is fitted into the window
_TEXT = 22  # pixels of the texts of a chart
_SMALLEST = 20  # pixels of a name on a map
_CHANGES = ("tilt", "zoom", "brightness", "blur")  # of a portrait, in the order of the step's line
_CHANGE, _PLACE = "talk_change", "talk_place"


@dataclass(frozen=True)
class Part:
    """How a part looks on the projector, and on a phone."""

    on_screen: Callable[[Room, Step], None]
    on_phone: Callable[[Room, Step], None]


def invite(room: Room, width: int) -> None:
    """How to join: a code to photograph, the short address, the code of the room."""
    # Where it is too long for one line it breaks before its path, at a space of no width, and not in a word.
    st.subheader(_code(room, width).replace("/", "\u200b/"), anchor=False)
    st.header(room.code, anchor=False)


def _code(room: Room, width: int) -> str:
    """Shows a code to photograph that leads into the room; gives back the address that can be typed instead."""
    address = f"{invitation.origin()}/workshop"
    short = addresses.short(address)
    st.image(
        addresses.qr(f"{address}?room={room.code}&embed=true"),
        width=width,
        alt=f"A QR code to join the room {room.code} at {short}.",
    )
    return plain(short)


def _join(room: Room, step: Step) -> None:
    if not room.phones:
        st.header("Put up a hand to vote. Nobody has to.", anchor=False)
        return
    code, how, network = st.columns([4, 6, 4], gap="large")
    with code:
        address = _code(room, 560)
    with how:
        st.header("Join with a phone, or put up a hand", anchor=False)
        st.subheader(address, anchor=False)
        st.title(f"Room {room.code}", anchor=False)
        photo = "a photo of you by choice alone" if room.rules.own_faces else "no photo of you"
        st.subheader(f"No name, no account, {photo}.", anchor=False)
    with network:
        if said := invitation.wifi(room):
            st.image(addresses.qr(said), width=300, alt="A QR code to join the Wi-Fi network.")
            st.subheader("First the Wi-Fi", anchor=False)


def _welcome(room: Room, step: Step) -> None:
    st.markdown(
        "You have joined. Keep this page open: it shows what the screen shows, and asks you when it is your turn."
    )


def _scale(room: Room, step: Step) -> None:
    _chart(
        tree_charts.hierarchy(
            subtrees.nodes(_ENTITY, "categories"), _in_charts, "treemap", "categories", "release status"
        ),
        "scale",
        "A map of all categories: animals, plants, things; people are a part of it, in colours.",
        below=3,
    )


def _sheet(room: Room, step: Step) -> None:
    sheet = sheets.sheet(sheets.SHEETS[0])
    caption = words.caption(sheet.wnid, Context.TREE)
    st.subheader(f"Click all that show **{plain(caption.name)}**: {plain(caption.gloss or '')}", anchor=False)
    st.image(sheets.together(sheet, 12), width=1250, alt=f"A page of {len(sheet.pictures)} small pictures.")


def _small_sheet(room: Room, step: Step) -> None:
    sheet = sheets.sheet(sheets.SHEETS[0])
    st.markdown(f"Click all that show **{plain(words.caption(sheet.wnid, Context.TREE).name)}**, as the workers did:")
    st.image(sheets.together(sheet, 6), width="stretch", alt=f"A page of {len(sheet.pictures)} small pictures.")


def _nobody(room: Room, step: Step) -> None:
    for column, (title, crop, reading) in zip(
        st.columns(3, gap="large"), computed.strangers(cards.DEFAULT), strict=True
    ):
        with column:
            st.image(crop, width=300, alt=title)
            st.subheader(title, anchor=False)
            _words(reading.people(_RELEASE, 3), "####")


def _small_nobody(room: Room, step: Step) -> None:
    for title, crop, reading in computed.strangers(cards.DEFAULT):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.image(crop, width=96, alt=title)
            with st.container(width="stretch"):
                st.markdown(f"{title}: **{plain(_name(reading))}**")


def _break(room: Room, step: Step) -> None:
    # Buttons alone: a slider or a pill that was touched last would keep a clicker's keys to itself.
    change = st.session_state.get(_CHANGE, _CHANGES[0])
    strip = computed.supplied_strip(PORTRAIT, change, _RELEASE)
    place = st.session_state.get(_PLACE, 0)
    with st.container(horizontal=True, vertical_alignment="center"):
        for each in _CHANGES:
            button(CORRUPTIONS[each].title, partial(_set, each, 0), primary=each == change)
        button("Less", partial(_set, change, max(place - 1, 0)))
        button("More", partial(_set, change, min(place + 1, len(strip.changed) - 1)))
    before, after = st.columns(2, gap="large")
    first, now = strip.changed[0], strip.changed[place]
    amount = f"{CORRUPTIONS[change].title} {CORRUPTIONS[change].dose(now.amount)}"
    for column, changed, title in ((before, first, "As it is"), (after, now, amount)):
        with column:
            st.image(changed.crop, width=410, alt=f"What the network saw. {title}.")
            st.subheader(f"{title}: **{plain(_name(changed.reading))}**", anchor=False)


def _set(change: str, place: int) -> None:
    """What is done to the portrait on this screen, and the place of its amount on the strip."""
    st.session_state[_CHANGE], st.session_state[_PLACE] = change, place


def _small_break(room: Room, step: Step) -> None:
    if not step.activity:
        st.markdown("Which of these changes will move the word? Guess before it is tried on the screen.")
        return
    name: str = st.pills(
        "Picture",
        samples.SAMPLES,
        default=PORTRAIT,
        required=True,
        format_func=lambda name: options.readable(samples.SAMPLES[name].title),
        key="try_picture",
    )
    change: str = st.pills(
        "Change",
        CORRUPTIONS,
        default=_CHANGES[0],
        required=True,
        format_func=lambda name: options.readable(CORRUPTIONS[name].title),
        key="try_change",
    )
    strip = computed.supplied_strip(name, change, _RELEASE)
    place = st.select_slider(
        f"How much ({CORRUPTIONS[change].unit})",
        range(len(strip.changed)),
        format_func=lambda place: f"{strip.changed[place].amount:g}",
        key=f"try_amount_{change}",
    )
    now = strip.changed[place]
    st.image(now.crop, width=224, alt=f"What the network saw at {now.amount:g}.")
    st.markdown(f"As it is: **{plain(_name(strip.changed[0].reading))}**. Now: **{plain(_name(now.reading))}**.")


def _roulette(room: Room, step: Step) -> None:
    for column, name in zip(st.columns(2, gap="large"), (OTHER, PORTRAIT), strict=True):
        with column:
            _labelled(name)
            reading = computed.supplied(name).readings[0]
            st.subheader(f"The nearest word: **{plain(_name(reading))}**", anchor=False)


def _small_roulette(room: Room, step: Step) -> None:
    _labelled(OTHER)


def _portrait(room: Room, step: Step) -> None:
    picture, *lists = st.columns([5, 4, 4], gap="large")
    with picture:
        _labelled(PORTRAIT)
    for column, release in zip(lists, _BEFORE_AND_AFTER, strict=True):
        with column:
            st.subheader(_release(release), anchor=False)
            _words(computed.supplied(PORTRAIT).readings[0].people(release, 5), "###")


def _small_portrait(room: Room, step: Step) -> None:
    _labelled(PORTRAIT, 260)
    for release in _BEFORE_AND_AFTER:
        st.markdown(f"**{_release(release)}**")
        _words(computed.supplied(PORTRAIT).readings[0].people(release, 3), "")


def _why(room: Room, step: Step) -> None:
    crop, overlay = _explained()
    for column, picture, title in zip(
        st.columns(2, gap="large"),
        (crop, overlay),
        (
            "What the network saw",
            f"What carried **{plain(_name(computed.supplied(PORTRAIT).readings[0]))}**, brighter for more",
        ),
        strict=True,
    ):
        with column:
            st.image(picture, width=500, alt=title.replace("*", ""))
            st.subheader(title, anchor=False)


def _small_why(room: Room, step: Step) -> None:
    _, overlay = _explained()
    name = _name(computed.supplied(PORTRAIT).readings[0])
    st.image(
        overlay, width="stretch", alt=f"The portrait; what carried the word {name} is laid over it, brighter for more."
    )
    st.markdown(f"What carried **{plain(name)}**: brighter for more.")


def _tree(room: Room, step: Step) -> None:
    path, chart = st.columns([2, 3], gap="large")
    with path:
        for depth, wnid in enumerate(_way()):
            caption = words.caption(wnid, Context.TREE)
            st.subheader(("› " if depth else "") + f"**{plain(caption.name)}**", anchor=False)
            if caption.gloss:
                st.markdown(f"##### *{plain(caption.gloss)}*")
    with chart:
        _chart(
            tree_charts.hierarchy(
                subtrees.nodes(taxonomy.PERSON, "categories"), _in_charts, "treemap", "categories", "safety"
            ),
            "tree",
            "A map of the categories below person, in the colours of their safety.",
            below=4,
            text=18,  # the longest entry of the legend in one line
        )


def _small_tree(room: Room, step: Step) -> None:
    for depth, wnid in enumerate(_way()):
        caption = words.caption(wnid, Context.TREE)
        st.markdown(("› " if depth else "") + f"**{plain(caption.name)}**: *{plain(caption.gloss or '')}*")


def _removal(room: Room, step: Step) -> None:
    line = removal.THRESHOLD
    left, right = st.columns(2, gap="large")
    before, *_, after = (step.kept.categories for step in removal.steps())
    seen = removal_charts.imageability(
        removal.histogram(), {"the line of 2021": line}, "How well one can see it, 1 to 5", ""
    )
    seen.update_xaxes(title=None)  # the chart's title says it
    with left:
        _chart(
            removal_charts.waterfall(
                removal.steps(), "categories", f"Of {before:,} categories, {after:,} were left", ""
            ),
            "removal",
            f"Bars from release to release: of {before:,} categories of people {after:,} were left.",
            below=0,
        )
    with right:
        _chart(
            seen,
            "imageability",
            "Bars: how many person categories were rated how imageable; "
            f"a line at {line:g}, which the kept ones had to reach.",
            below=5,
        )


def _afterlife(room: Room, step: Step) -> None:
    named = {each.title: vocabularies.afterlife(each.name) for each in vocabularies.VOCABULARIES.values()}
    _chart(
        removal_charts.afterlife(named, "Categories of people by vocabulary", ""),
        "afterlife",
        "Bars: the person categories that each vocabulary of a model names, kept and removed.",
        below=2,
        text=18,  # eight names of two lines
    )


def _critics(room: Room, step: Step) -> None:
    for critique in _critiques(step):
        st.title(plain(critique.short), anchor=False)
        st.markdown(f"### {plain(critique.who)}")


def _small_critics(room: Room, step: Step) -> None:
    for critique in _critiques(step):
        st.markdown(f"**{plain(critique.short)}**  \n:small[{plain(critique.who)}]")


def _critiques(step: Step) -> Sequence[talk.Critique]:
    return [critique for critique in talk.load().critiques if critique.step == step.name]


def _handout(room: Room, step: Step) -> None:
    st.header("To take away: what this room decided, questions to go on with, and the sources.", anchor=False)
    st.subheader("Ask whoever speaks here for it. The room is deleted afterwards.", anchor=False)


def _nothing(room: Room, step: Step) -> None:
    return


def _look_up(room: Room, step: Step) -> None:
    st.markdown("Look at the screen in front: this is too large for a phone.")


_ENTITY = "n00001740"
_BEFORE_AND_AFTER = ("fall-2011", "winter-2021")

PARTS: Mapping[talk.Part, Part] = {
    "join": Part(_join, _welcome),
    "scale": Part(_scale, _look_up),
    "sheet": Part(_sheet, _small_sheet),
    "fifty": Part(_sheet, _small_sheet),
    "nobody": Part(_nobody, _small_nobody),
    "break": Part(_break, _small_break),
    "roulette": Part(_roulette, _small_roulette),
    "portrait": Part(_portrait, _small_portrait),
    "why": Part(_why, _small_why),
    "tree": Part(_tree, _small_tree),
    "removal": Part(_removal, _look_up),
    "afterlife": Part(_afterlife, _look_up),
    "vote": Part(_nothing, _look_up),
    "critics": Part(_critics, _small_critics),
    "handout": Part(_handout, _nothing),
}
"""The parts by name."""


@st.cache_resource(show_spinner=False, validate=Job.wanted)
def prepared() -> Job[None]:
    """What the steps show of the supplied pictures, on its way from the first call on, so that no step waits for it."""

    def prepare(nothing: None, progress: Progress) -> None:
        computed.strangers(cards.DEFAULT)
        for name in (PORTRAIT, OTHER):
            computed.supplied(name)
        _explained()
        for change in _CHANGES:
            computed.supplied_strip(PORTRAIT, change, _RELEASE)

    return Worker(lambda: None, "talk").submit(prepare)


def _chart(figure: "go.Figure", key: str, alt: str, below: int, text: int = _TEXT) -> None:
    """A chart that fills the projector below title and line, with `below` lines of text under what is drawn."""
    if figure.data[0].type == "treemap":  # what is smaller, nobody reads
        figure.update_layout(uniformtext={"minsize": _SMALLEST, "mode": "hide"})
    large = style.enlarged(figure, _HIGH, text)
    large.update_layout(margin={"b": below * text * 3 // 2})  # room for a legend, which Plotly makes too late
    st.plotly_chart(large, key=f"talk_{key}", alt=alt, config={"displayModeBar": False})


def _in_charts(wnid: str) -> Caption:
    """The caption on a map that a whole room looks at: sensitive words are masked as well, as on a photo."""
    return words.caption(wnid, Context.PHOTO)


def _name(reading: Reading) -> str:
    (first,) = reading.people(_RELEASE, 1)
    return words.caption(first.wnid, Context.PHOTO).name


def _words(labels: Sequence[Label], heading: str) -> None:
    for rank, label in enumerate(labels, start=1):
        name = plain(words.caption(label.wnid, Context.PHOTO).name)
        st.markdown(f"{heading} {rank}\\. **{name}** {label.score:.2f}".strip())


def _release(name: str) -> str:
    return f"{RELEASES[name].title}: nearest of {len(vocabularies.person_categories(name)):,} words"


def _labelled(name: str, side: int = 490) -> None:
    result = computed.supplied(name)
    captions = [words.caption(reading.people(_RELEASE, 1)[0].wnid, Context.PHOTO) for reading in result.readings]
    st.image(
        pictures.labelled(samples.read(name), result.boxes, captions, fit=(side, side)),
        width="content",
        output_format="JPEG",
        alt=f"A supplied portrait, labelled: {'; '.join(caption.name for caption in captions)}.",
    )
    st.caption(samples.SAMPLES[name].credit)


def _explained() -> tuple[Image, Image]:
    """What the network saw of the portrait, and what carried its first word laid over it."""
    reading = computed.supplied(PORTRAIT).readings[0]
    target = Target("person", reading.people(_RELEASE, 1)[0].wnid)
    attribution = computed.supplied_explanation(PORTRAIT, target, _METHOD)
    crop = pipeline.seen(samples.read(PORTRAIT), reading)
    return crop, pictures.overlay(crop, attribution)


def _way() -> tuple[str, ...]:
    """From person down to the first word of the portrait."""
    (first,) = computed.supplied(PORTRAIT).readings[0].people(_RELEASE, 1)
    path = next(path for path in taxonomy.load().hypernym_paths(first.wnid) if taxonomy.PERSON in path)
    return path[path.index(taxonomy.PERSON) :]
