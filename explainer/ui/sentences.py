"""Sentences built from data, as pure functions: what a page says about numbers and words that it is given.

A word that is handed in is what may be shown of it, as Markdown; a masked one is handed in as its mask.
"""

from collections.abc import Sequence

from explainer.attribution.explain import METHODS
from explainer.attribution.verdicts import CHECKS, Judgement
from explainer.vision.corruptions import Corruption, Course


def opening(people: int, kept: int) -> str:
    """What ImageNet was and why it matters."""
    return (
        f"ImageNet taught machines to see. It held {people:,} words for people, slurs among them, and machines learned "
        f"to put them on anyone's face. Between 2019 and 2021 ImageNet removed all but {kept} of them. Machines that "
        "had already learned the other words stayed in use."
    )


EMPTY = {
    "nothing": "**No part of this picture changes the answer.** The rest of the map is rounding and not drawn.",
    "even": "**The map is the same everywhere**: it tells no part of the picture from another.",
    "against": "**Nothing in this picture speaks for the label.** The map shows what speaks against it.",
}
"""What is said of a map in which nothing speaks for the label, by what it shows."""


def held_up(judgement: Judgement) -> str:
    """What the checks found of one map, to stand below it."""
    title, number = METHODS[judgement.method].title, len(judgement.failed)
    if not number:
        return (
            f"{title} failed no check." if judgement.outcome == "passed" else f"{title}: too little could be decided."
        )
    first = CHECKS[judgement.failed[0]].failing
    return (
        f"{title} is not reliable here: it failed {number} of {len(judgement.asked)} checks, and a map should fail "
        f"none. {first[0].upper()}{first[1:]}."
    )


COVERED = "Covered words: show"
"""The chip as long as the covered words are not counted."""


def covered(number: int) -> str:
    """The chip that offers to show covered words."""
    return "1 covered word: show" if number == 1 else f"{number:,} covered words: show"


def true_word(word: str, place: int | None, people: int) -> str:
    """What the machine makes of a person whose true word is known: `place` is None where ImageNet lacks the word."""
    if place is None:
        return (
            f"ImageNet has no word *{word}*. So the machine picks the closest of the {people:,} words for people that "
            f"it has:"
        )
    if place == 1:
        return f"ImageNet has the word *{word}*, and here the machine puts it first:"
    before = "1 other word" if place == 2 else f"{place - 1:,} other words"
    return f"ImageNet has the word *{word}*. For this {word} the machine puts **{before}** first, beginning with:"


def nobody(people: int) -> str:
    """What the machine makes of a picture without a person."""
    return (
        f"Nobody is in this picture. The machine must still choose one of {people:,} words for people; “nobody is "
        "there” is not among them. It chooses:"
    )


def somebody(people: int, faces: int) -> str:
    """What the machine makes of a visitor's photo."""
    whom = "this face" if faces else "this picture"
    return (
        f"The closest of {people:,} words for people to {whom}, in the machine's eyes. “None of these” isn't allowed:"
    )


def found(faces: int, labelled: int, whole: bool, by_hand: bool = False) -> str:
    """Which part of the picture is labelled."""
    if by_hand:
        return "You placed the green frame: what is in it is labelled."
    if whole:
        return "You asked for the whole picture: its middle is labelled (green frame)."
    if not faces:
        return "No face was found, so the middle of the picture is labelled (green frame)."
    said = "1 face was found." if faces == 1 else f"{faces} faces were found."
    return said if labelled == faces else f"{said} The largest {labelled} are labelled."


def releases(people: int, announced: int, kept: int) -> str:
    """How many words for people are left after each step of the removal."""
    return (
        f"Of **{people:,}** words for people: :green[■] **{kept}** kept · :blue[▨] **{announced - kept:,}** removed as "
        f"hard to picture (by 2021) · :orange[▧] **{people - announced:,}** removed as offensive or sensitive "
        "(announced in 2019)"
    )


def gap(words: int, removed: int) -> str:
    """What stands between two words of a ladder that are not neighbours."""
    if words == 1:
        return "1 more word" + (", removed" if removed else "")
    gone = "all removed" if removed == words else f"{removed:,} of them removed" if removed else "none removed"
    return f"{words:,} more words, {gone}"


def firsts(releases: list[str]) -> str:
    """Which releases answer with a word: "the first word in the lists of 2011 and 2019"."""
    said = " and ".join(releases) if len(releases) < 3 else "2011, 2019 and 2021"
    return f"the first word in the {'list' if len(releases) == 1 else 'lists'} of {said}"


def removal(nearest: int, gone: int, later: int, share: float) -> str:
    """How many of the nearest words were announced for removal in 2019 and went later, beside any so many words."""
    return (
        f"Of these {nearest} words, {gone or 'none'} went in 2019, as offensive or sensitive, and {later or 'none'} by "
        f"2021, as hard to picture. Of {nearest} words picked at random, {_about(nearest * share)} would have gone in "
        "2019."
    )


def _about(number: float) -> str:
    """A number that is no whole one, as whole ones: "about 3", or "4 or 5"."""
    near = round(number)
    return f"about {near}" if abs(number - near) < 0.25 else f"{int(number)} or {int(number) + 1}"


def answers(firsts: Sequence[tuple[str, str, int]]) -> str:
    """What each release puts first: its year, its first word, and how many closer words it no longer has; as lines."""
    year, word, _ = firsts[0]
    lines, before = [f"In {year}: {word}."], 0
    for year, word, closer in firsts[1:]:
        if closer == before:
            lines.append(f"In {year}: the same.")
        else:
            went = "The closer word is gone" if closer == 1 else f"The {closer:,} closer words are gone"
            lines.append(f"In {year}: {word}. {went}.")
        before = closer
    lines.append(
        "Removing words changed the answer. The machine still answers."
        if before
        else "The first word was never removed, so here the removal changed nothing."
    )
    return "  \n".join(lines)


def headline(before: str, after: str, rank: int, people: int) -> str:
    """What a change does to the first word."""
    if rank == 1:
        return f"**{before}** stays first"
    return f"**{before}** → **{after}**; the old word is now {ordinal(rank)} of {people:,}"


def course(corruption: Corruption, changed: Course) -> str:
    """At which amounts of a change another word comes first; true for every step of it."""
    steps = changed.changed
    if corruption.all_or_nothing:
        return "Another word comes first." if steps else "The first word stays."
    if not steps:
        return f"At none of {len(changed.steps)} steps does another word come first."
    dose = corruption.dose(steps[0].amount)
    if changed.stays_changed:
        return f"Another word comes first {dose}, and at every step beyond."
    return f"Another word comes first at {len(steps)} of {len(changed.steps)} steps, for the first time {dose}."


RESOLUTION = (
    "In 2019 people who disliked their word were told to “try uploading a higher-resolution version of the same photo” "
    "[@nerdist]. Try *Smaller file*: the word changes with the size."
)
"""What the press told of a change that changes the word, with its source as `sources.cited` reads it."""


def ordinal(number: int) -> str:
    """A place in words: 1st, 2nd, 98th, 1,331st."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


COVERED_PLACE = "That word is covered: ImageNet's annotators marked it as offensive or sensitive."
"""What is said of any masked word that is asked for beside a photo; it never repeats the word."""


def stands(word: str, places: dict[str, int | None], sizes: dict[str, int]) -> str:
    """At which place a word stands under each release, by the release's title; None where it was removed."""
    parts = [
        f"{title}: **{ordinal(place)}** of {sizes[title]:,}" if place else f"{title}: removed"
        for title, place in places.items()
    ]
    return f"**{word}** · " + " · ".join(parts)


def no_such_word(nearest: list[str]) -> str:
    """That ImageNet has no such word for people, with the nearest spellings that it has."""
    has = f" It does have: {', '.join(nearest)}." if nearest else ""
    return f"ImageNet has no such word for people.{has}"


def extent(images: int | None, below: int, images_below: int, releases: list[str]) -> str:
    """How much a category holds; `images` is None for a heading of WordNet's that ImageNet has no category for."""
    categories = "1 subcategory" if below == 1 else f"{below:,} subcategories"
    under = f" {categories} with {images_below:,} images." if below else " No subcategories."
    if images is None:
        return f"A WordNet heading, not an ImageNet category.{under}"
    number = {0: "no release", 1: "1 release"}.get(len(releases), f"{len(releases)} releases")
    held = f"{number} of ImageNet" + (f": {'; '.join(releases)}" if releases else "")
    return f"{images:,} images of its own.{under} It is in {held}."


def sticks(places: dict[str, int], size: int) -> str:
    """At which place a word stands on each of several pictures, by the pictures' names."""
    return " · ".join(f"{name}: **{ordinal(place)}**" for name, place in places.items()) + f" of {size:,}"
