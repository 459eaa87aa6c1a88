"""What tests know of the checkout, and a tree of ten synsets made by hand."""

from pathlib import Path

from explainer import taxonomy
from explainer.taxonomy import Synset, Taxonomy

ROOT = Path(__file__).parents[1]
PHOTOS = ROOT.parent / "shared" / "photos"

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
