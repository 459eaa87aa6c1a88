"""Made by hand: a tree of ten synsets, and where the faces are in a photo. And the files of the checkout."""

from pathlib import Path

from explainer.imagenet import taxonomy
from explainer.imagenet.taxonomy import Synset, Taxonomy
from explainer.vision.faces import Box

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT.parent / "shared" / "photos"

FOUR_FACES = (Box(256, 48, 352, 176), Box(130, 78, 222, 206), Box(434, 112, 490, 182), Box(6, 98, 50, 160))
"""Where the faces of four_faces.jpg are, by eye: forehead to chin, cheek to cheek, the largest first."""

SOURCES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (ROOT / "streamlit_app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "explainer").rglob("*.py"))
}
"""The text of each file of the app by its path."""

ENTITY, THING, OBJECT, LIVING, CAUSE = "n00000001", "n00000002", "n00000003", "n00000004", "n00000005"
WORKER, BAKER, SLUR, ADA = "n00000010", "n00000011", "n00000012", "n00000013"


def small_tree() -> Taxonomy:
    """Ten synsets. Two ways lead to person, one of three steps and one of four; Ada is an instance of a baker.

    entity - thing - object - living - person - worker - baker - (Ada)
       |                                 |         `- a slur
       `------------- cause -------------'
    """
    person = taxonomy.PERSON
    synsets = (
        Synset(ENTITY, ("entity",), ()),
        Synset(THING, ("thing",), (ENTITY,)),
        Synset(OBJECT, ("object",), (THING,), images=5, in_winter_2021=True),
        Synset(LIVING, ("living thing",), (OBJECT,)),
        Synset(CAUSE, ("cause",), (ENTITY,)),
        Synset(person, ("person",), (LIVING, CAUSE), images=100, in_winter_2021=True),
        Synset(WORKER, ("worker",), (person,), images=20, in_winter_2021=True, safety="safe", imageability=4.5),
        Synset(BAKER, ("baker",), (WORKER,), images=10, safety="safe", imageability=3.0),
        Synset(SLUR, ("slur",), (WORKER,), images=3, safety="offensive"),
        Synset(ADA, ("Ada",), (), (BAKER,), images=1),
    )
    return Taxonomy({synset.wnid: synset for synset in synsets})


def overlap(one: Box, other: Box) -> float:
    """Area of the intersection over area of the union."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(0, width) * max(0, height)
    return shared / (one.width * one.height + other.width * other.height - shared)
