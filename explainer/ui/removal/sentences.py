"""Sentences on the removal, built from its figures: no page is needed to read them."""

from collections.abc import Collection, Sequence

from explainer.imagenet import published, sources
from explainer.imagenet.removal import Branch
from explainer.imagenet.vocabularies import Afterlife


def opening() -> str:
    """What happened, in three sentences."""
    return (
        "ImageNet had {people} words for people. Between 2019 and 2021 it removed all but {kept}: first {unsafe} as "
        "offensive or sensitive, then {unimageable} as hard to picture. People rated the words; ImageNet's makers set "
        "the limit."
    ).format_map(published.figures())


def line(threshold: float, strict: bool, whose: str) -> str:
    """The name of a cut-off."""
    return f"{whose}: {'above' if strict else 'from'} {threshold:g}"


def cut(kept: int, rated: int, threshold: float, strict: bool) -> str:
    """What a rule keeps of the rated categories; it may keep none or all."""
    bound = "above" if strict else "at or above"
    return f"Of {rated:,} rated words this rule keeps {kept:,},<br>all rated {bound} {threshold:g}"


def branches(every: Sequence[Branch], order: str) -> str:
    """What is to be seen of the branches in an order, by its name in removal.ORDERS."""
    first, lost = every[0], sum(branch.share == 1 for branch in every)
    match order:
        case "spared most":
            return f"Even the branch spared most lost {first.share:.0%}"
        case "largest":
            return f"The largest branch lost {first.gone.categories:,} of {first.below.categories:,} categories"
        case "most images removed":
            return f"{first.gone.images:,} images went from one branch"
    return f"{lost} of {len(every)} branches lost every category"


def afterlife(named: Collection[Afterlife]) -> str:
    """How many of the vocabularies still name removed categories."""
    return f"{sum(after.removed > 0 for after in named)} of {len(named)} lists still name what was removed"


def competition(after: Afterlife) -> str:
    """What the 1,000 classes of the competition hold of people, and their pictures, with its sources."""
    blurred = published.figure("pictures of ILSVRC in which a face was blurred")
    return (
        f"Not every classifier calls people names: of the competition's {after.size:,} classes {after.people:,} are "
        f"kinds of people. But people are in its pictures all the same: ImageNet blurred faces in {blurred.published} "
        f"of them. :small[({sources.cite(blurred.sources)})]"
    )


def corroborated() -> str:
    """The published sizes of the largest person categories, which are those of the table, with their source."""
    named = [row for row in published.rows() if row.figure.endswith("largest person category")]
    sizes = ", ".join(row.published for row in named)
    same = "exactly those of the table" if all(row.agrees for row in named) else "not those of the table"
    return (
        f"Figures that corroborate ours: *Excavating AI* gives the sizes of the {len(named)} largest person "
        f"categories as {sizes} images; these are {same}. :small[({sources.cite(named[0].sources)})]"
    )


def lineage(people: int, offensive: int) -> str:
    """What a stage of the lineage holds of people."""
    return f"**{people:,}** kinds of people, **{offensive:,}** of them found offensive"


def more(branches: int, size: int, measure: str) -> str:
    """The branches that a map does not draw."""
    return f"{branches:,} more branch{'es' if branches > 1 else ''}, {size:,} {measure}"
