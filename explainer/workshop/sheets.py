"""Fifty a minute: a page of small pictures under one word, as ImageNet's workers had it; click all that show it.

The pictures are icons, or cut from the sample pictures; none is taken from the web. Where it can be doubted that a
picture shows the word, the sheet does not know either.
"""

import io
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image

from explainer.imagenet import published, removal, taxonomy, vocabularies
from explainer.vision import samples
from explainer.workshop import drawings, votes


def seconds() -> float:
    """How long a sheet takes at the published pace of pictures a minute: half a minute."""
    return votes.PICTURES / int(published.figure(published.PACE).published) * 60


SIDE = 96
"""Pixels that a picture is wide and high."""

MIME = "image/webp"
"""What the bytes of a picture are."""

CUP = "n03147509"
"""The thing that is looked for first."""


@dataclass(frozen=True)
class Picture:
    """One of the pictures of a sheet. `number` counts from 1, `data` is a WebP of SIDE x SIDE pixels.

    `shows` says whether it shows the word, None where that can be doubted. `title` says what was drawn: for afterwards,
    as it would give the answer away.
    """

    number: int
    title: str
    shows: bool | None
    data: bytes

    @property
    def alt(self) -> str:
        """What may be said of it while the room is asked."""
        return f"Picture {self.number}"


@dataclass(frozen=True)
class Sheet:
    """A page of votes.PICTURES pictures under one category, whose words and definition `masked_words.caption` gives."""

    name: str
    wnid: str
    pictures: tuple[Picture, ...]

    @property
    def showing(self) -> frozenset[int]:
        """The places, from 0, of the pictures that show its word beyond doubt."""
        return frozenset(place for place, picture in enumerate(self.pictures) if picture.shows)

    @property
    def others(self) -> frozenset[int]:
        """The places, from 0, of all others."""
        return frozenset(range(len(self.pictures))) - self.showing


@dataclass(frozen=True, slots=True)
class _Cut:
    """A square out of a sample picture: its middle and its side, as shares of the picture's shorter side."""

    sample: str
    x: float
    y: float
    side: float
    title: str


@dataclass(frozen=True)
class _Plan:
    """What a sheet holds: drawings and cuts that show its word, that may, and that do not; `seed` deals them."""

    wnid: Callable[[], str]
    seed: int
    shows: tuple[str | _Cut, ...] = ()
    doubtful: tuple[str | _Cut, ...] = ()
    others: tuple[str | _Cut, ...] = ()


@cache
def unseen() -> str:
    """Wnid of a word for people that cannot be seen: of the safe ones rated lowest, the one with the most images.

    Somebody sorted pictures under it all the same.
    """
    tree = taxonomy.load()
    safe = vocabularies.person_categories(vocabularies.ANNOUNCED)
    return min(safe, key=lambda wnid: (tree[wnid].imageability or removal.HIGHEST, -(tree[wnid].images or 0), wnid))


_PLANS = {
    "thing": _Plan(
        wnid=lambda: CUP,
        seed=2009,
        shows=(
            "Cup", "Empty cup", "Cup of tea", "Cup with a tea bag", "Cup",
            _Cut("coffee", 0.75, 0.50, 1.00, "Coffee in a cup"),
            _Cut("coffee", 0.72, 0.34, 0.62, "A cup from near"),
            _Cut("coffee", 0.86, 0.40, 0.70, "A cup from the side"),
        ),
        doubtful=("Paper cup", "Mug", "Glass", "Trophy", "Bowl", "Coffee machine"),
        others=(
            "House", "Key", "Umbrella", "Fish", "Book", "Hat", "Boat", "Lamp", "Flower",
            _Cut("cat", 0.75, 0.50, 0.95, "A cat"),
            _Cut("rocket", 0.75, 0.50, 0.95, "A rocket"),
        ),
    ),
    "person": _Plan(
        wnid=unseen,
        seed=2019,
        doubtful=(
            "Somebody", "Somebody in a tie", "Somebody in a tie", "Somebody in a hat", "Somebody in a helmet",
            "Hat and glasses", "Somebody standing", "Somebody waving", "Somebody at a board", "Somebody speaking",
            "Two people", "People in a queue", "Flag", "Case", "Car", "Table", "Letter",
            _Cut("astronaut", 0.50, 0.50, 1.00, "An astronaut"),
            _Cut("astronaut", 0.44, 0.20, 0.36, "Her face"),
            _Cut("astronaut", 0.33, 0.75, 0.30, "A badge"),
            _Cut("photographer", 0.50, 0.50, 1.00, "A photographer"),
            _Cut("photographer", 0.30, 0.45, 0.60, "His coat"),
            _Cut("photographer", 0.80, 0.35, 0.36, "A town"),
            _Cut("cat", 0.60, 0.45, 0.60, "A cat’s face"),
            _Cut("coffee", 0.75, 0.50, 1.00, "A cup of coffee"),
        ),
    ),
}  # fmt: skip

SHEETS = tuple(_PLANS)
"""The sheets by name, in the order in which a room has them."""


@cache
def sheet(name: str) -> Sheet:
    """A sheet of SHEETS, the same for everybody. KeyError for an unknown one; PhotoError where a sample is missing."""
    plan = _PLANS[name]
    chance = random.Random(plan.seed)  # noqa: S311 - deals pictures, keeps no secret
    parts = ((plan.shows, True), (plan.doubtful, None), (plan.others, False))
    dealt = [(content, shows) for contents, shows in parts for content in contents]
    chance.shuffle(dealt)
    return Sheet(
        name,
        plan.wnid(),
        tuple(
            Picture(
                number,
                content if isinstance(content, str) else content.title,
                shows,
                _encoded(drawings.draw(content, SIDE, chance) if isinstance(content, str) else _cut(content)),
            )
            for number, (content, shows) in enumerate(dealt, start=1)
        ),
    )


def together(sheet: Sheet, across: int) -> Image.Image:
    """All pictures of a sheet as one, `across` in a row."""
    gap = SIDE // 12
    down = -(-len(sheet.pictures) // across)
    whole = Image.new("RGBA", (across * (SIDE + gap) - gap, down * (SIDE + gap) - gap))
    for place, picture in enumerate(sheet.pictures):
        row, column = divmod(place, across)
        whole.paste(Image.open(io.BytesIO(picture.data)), (column * (SIDE + gap), row * (SIDE + gap)))
    return whole


def share(pages: int, marked: Sequence[int], places: Collection[int]) -> float | None:
    """The share (0 to 1) of marks that pictures got of all they could get; None where there are none.

    `marked` says on how many of `pages` each picture was marked, `places` are those of the pictures, from 0.
    """
    return sum(marked[place] for place in places) / (pages * len(places)) if pages and places else None


def _cut(cut: _Cut) -> Image.Image:
    whole = samples.read(cut.sample).image
    short = min(whole.size)
    x, y, half = cut.x * short, cut.y * short, cut.side * short / 2
    return whole.resize((SIDE, SIDE), Image.Resampling.LANCZOS, (x - half, y - half, x + half, y + half))


def _encoded(image: Image.Image) -> bytes:
    data = io.BytesIO()
    image.save(data, "WEBP", quality=60, method=6)
    return data.getvalue()
