"""The sentences on the removal: what they say follows from the figures, at the edges as well."""

import pytest

from explainer.imagenet import removal, vocabularies
from explainer.ui.removal import sentences


def test_the_opening_counts_what_was_removed() -> None:
    assert sentences.opening().startswith(
        "ImageNet had 2,832 words for people. Between 2019 and 2021 it removed all but 158: first 1,593 as offensive"
    )


@pytest.mark.parametrize(
    ("kept", "threshold", "strict", "said"),
    [
        (158, 4.0, False, "Of 2,395 rated words this rule keeps 158,<br>all rated at or above 4"),
        (130, 4.0, True, "Of 2,395 rated words this rule keeps 130,<br>all rated above 4"),
        (0, 5.0, True, "Of 2,395 rated words this rule keeps 0,<br>all rated above 5"),
    ],
)
def test_the_cut_says_what_the_rule_says(kept: int, threshold: float, strict: bool, said: str) -> None:
    assert sentences.cut(kept, 2_395, threshold, strict) == said


@pytest.mark.parametrize("order", removal.ORDERS)
def test_the_finding_of_the_branches_is_true_in_every_order(order: str) -> None:
    every = sorted(removal.branches(), key=removal.ORDERS[order])
    first = every[0]
    expected = {
        "hit hardest": f"{sum(branch.share == 1 for branch in every)} of 80 branches lost every category",
        "spared most": f"Even the branch spared most lost {min(branch.share for branch in every):.0%}",
        "largest": f"The largest branch lost {first.gone.categories:,} of {first.below.categories:,} categories",
        "most images removed": f"{max(branch.gone.images for branch in every):,} images went from one branch",
    }
    assert sentences.branches(every, order) == expected[order]


def test_the_competition_has_3_kinds_of_people_and_many_faces() -> None:
    said = sentences.competition(vocabularies.afterlife("imagenet-1k"))
    assert "of the competition's 1,000 classes 3 are kinds of people" in said
    assert "blurred faces in 243,198 of them" in said


def test_the_sizes_that_excavating_ai_gives_are_those_of_the_table() -> None:
    assert "4 largest person categories as 1,664, 1,662, 1,643, 1,614 images; these are exactly those of the table" in (
        sentences.corroborated()
    )


def test_one_more_branch_is_no_plural() -> None:
    assert sentences.more(1, 12, "images") == "1 more branch, 12 images"
    assert sentences.more(242, 1_549, "categories") == "242 more branches, 1,549 categories"
