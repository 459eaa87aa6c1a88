"""The removal, on ten synsets made by hand, then on the tables as they were published."""

import csv
from collections.abc import Iterator
from decimal import Decimal

import pytest
from handmade import BAKER, SLUR, WORKER

from explainer.imagenet import published, removal, taxonomy, vocabularies
from explainer.imagenet.removal import Bin, Branch, RuleOutcome, Step, what_if
from explainer.imagenet.taxonomy import PERSON, Extent, Taxonomy
from explainer.imagenet.vocabularies import person_categories

NONE = Extent(0, 0)


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch, small_tree: Taxonomy) -> Iterator[None]:
    """The tree made by hand in the place of the real one."""
    cached = (person_categories, removal.steps, removal.branches)
    for function in cached:
        function.cache_clear()
    monkeypatch.setattr(taxonomy, "load", lambda: small_tree)
    yield
    for function in cached:
        function.cache_clear()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """ImageNet's table as it lies in the package, read without the code under test."""
    with (taxonomy.DATA / "imagenet_synsets.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# By hand


@pytest.mark.usefixtures("by_hand")
def test_each_step_takes_from_what_the_one_before_left() -> None:
    assert removal.steps() == (
        Step("fall-2011", {"hard to picture": NONE, "sensitive": NONE, "offensive": NONE}, Extent(3, 33)),
        Step("september-2019", {"hard to picture": NONE, "sensitive": NONE, "offensive": Extent(1, 3)}, Extent(2, 30)),
        Step("winter-2021", {"hard to picture": Extent(1, 10), "sensitive": NONE, "offensive": NONE}, Extent(1, 20)),
    )


@pytest.mark.usefixtures("by_hand")
def test_no_threshold_removes_what_was_never_rated() -> None:
    assert what_if(threshold=4) == RuleOutcome(
        kept=frozenset({WORKER, SLUR}),
        not_rated=frozenset({SLUR}),
        returned=frozenset({SLUR}),
        removed=frozenset({BAKER}),
        lost=frozenset(),
    )


@pytest.mark.usefixtures("by_hand")
def test_a_rule_may_lose_what_was_kept() -> None:
    assert what_if({"safe"}) == RuleOutcome(
        kept=frozenset({SLUR}),
        not_rated=frozenset({SLUR}),
        returned=frozenset({SLUR}),
        removed=frozenset({WORKER, BAKER}),
        lost=frozenset({WORKER}),
    )


@pytest.mark.usefixtures("by_hand")
def test_a_category_rated_at_the_threshold_stays_unless_it_must_be_above() -> None:
    assert BAKER in what_if(threshold=3.0).kept
    assert BAKER in what_if(threshold=3.0, strict=True).removed
    assert WORKER in what_if(threshold=3.0, strict=True).kept


@pytest.mark.usefixtures("by_hand")
def test_a_branch_counts_what_is_below_its_top() -> None:
    removed = {"hard to picture": Extent(1, 10), "sensitive": NONE, "offensive": Extent(1, 3)}
    branch = Branch(WORKER, Extent(2, 13), removed)
    assert removal.branches(least=2) == removal.branches(least=1) == (branch,)
    assert branch.share == 1
    assert removal.branches(least=3) == ()


@pytest.mark.usefixtures("by_hand")
def test_a_bin_holds_its_lower_edge_and_nobody_counts_where_nobody_rated() -> None:
    nobody = {"safe": 0, "sensitive": 0, "offensive": 0}
    one = nobody | {"safe": 1}
    assert removal.histogram(bin_width=1) == (
        Bin(1, 2, kept=nobody, removed=nobody),
        Bin(2, 3, kept=nobody, removed=nobody),
        Bin(3, 4, kept=nobody, removed=one),
        Bin(4, 5, kept=one, removed=nobody),
    )
    assert [each.kept["safe"] for each in removal.histogram({BAKER}, bin_width=1)] == [0, 0, 1, 0]


@pytest.mark.usefixtures("by_hand")
def test_what_a_step_and_a_branch_lost_together() -> None:
    assert [step.together for step in removal.steps()] == [NONE, Extent(1, 3), Extent(1, 10)]
    assert [branch.gone for branch in removal.branches(least=1)] == [Extent(2, 13)]


@pytest.mark.usefixtures("by_hand")
def test_the_removed_come_by_images_and_by_imageability() -> None:
    assert removal.kept() == (WORKER,)
    assert removal.largest_removed(1) == (BAKER,)
    assert removal.most_imageable_removed(5) == (BAKER, SLUR)


# As published


def test_offensive_and_sensitive_categories_go_first_then_those_not_imageable() -> None:
    first, second, third = removal.steps()
    assert first.kept == Extent(2_832, 1_177_285)
    assert second.removed == {
        "hard to picture": NONE,
        "sensitive": Extent(1_156, 492_026),
        "offensive": Extent(437, 108_015),
    }
    assert second.together == Extent(1_593, 600_041)
    assert [published.figure(name).published for name in published.UNSAFE.values()] == ["1,593", "600,040"]
    assert second.kept == Extent(1_239, 1_177_285 - 600_041)
    assert third.removed == {"hard to picture": Extent(1_081, 443_547), "sensitive": NONE, "offensive": NONE}
    assert third.kept == Extent(158, 133_697)


# What if


def test_imagenets_own_rule_gives_winter_2021_category_by_category(tree: Taxonomy) -> None:
    outcome = what_if({"offensive", "sensitive"}, 4)
    assert outcome.kept == {wnid for wnid in tree.people if tree[wnid].in_winter_2021}
    assert outcome.removed == set(tree.people) - outcome.kept
    assert outcome.not_rated == outcome.returned == outcome.lost == frozenset()
    assert removal.extent(outcome.removed) == Extent(2_674, 1_043_588)


def test_strictly_above_4_explains_the_2702_of_later_papers() -> None:
    outcome = what_if({"offensive", "sensitive"}, 4, strict=True)
    assert (len(outcome.kept), len(outcome.removed), len(outcome.lost)) == (130, 2_702, 28)


def test_a_rule_that_asks_nothing_keeps_everything(tree: Taxonomy) -> None:
    outcome = what_if()
    assert outcome.kept == set(tree.people)
    assert len(outcome.not_rated) == 437
    assert len(outcome.returned) == 2_674
    assert outcome.removed == outcome.lost == frozenset()


def test_the_highest_threshold_still_keeps_every_offensive_category(tree: Taxonomy) -> None:
    kept = what_if({"safe", "sensitive"}, 5, strict=True).kept
    assert kept == {wnid for wnid in tree.people if tree[wnid].safety == "offensive"}


# Branches, bins and lists


def test_of_26_kinds_of_medical_practitioner_four_were_kept() -> None:
    (doctors,) = (branch for branch in removal.branches() if branch.wnid == "n10305802")
    # Kept: cardiologist, doctor, medical officer, surgeon. Sensitive: hakim (41 images), Surgeon General (50).
    assert doctors.below.categories == 26
    assert doctors.removed["hard to picture"].categories == 20
    assert doctors.removed["sensitive"] == Extent(2, 91)
    assert doctors.removed["offensive"] == NONE
    assert doctors.share == pytest.approx(22 / 26)


def test_branches_are_what_walking_up_from_each_person_category_gives(tree: Taxonomy) -> None:
    below: dict[str, set[str]] = {}
    for wnid in tree.people:
        waiting = list(tree[wnid].hypernyms)
        while waiting:
            above = waiting.pop()
            below.setdefault(above, set()).add(wnid)
            waiting += tree[above].hypernyms
    tops = {wnid for wnid in below if PERSON in above_of(tree, wnid)}

    branches = removal.branches(least=20)
    assert {branch.wnid for branch in branches} == {wnid for wnid in tops if len(below[wnid]) >= 20}
    for branch in branches:
        gone = [wnid for wnid in below[branch.wnid] if not tree[wnid].in_winter_2021]
        assert branch.below.categories == len(below[branch.wnid])
        assert branch.below.images == sum(tree[wnid].images or 0 for wnid in below[branch.wnid])
        assert branch.share == pytest.approx(len(gone) / len(below[branch.wnid]))


def above_of(tree: Taxonomy, wnid: str) -> set[str]:
    """Everything above by way of hypernyms."""
    return {above for parent in tree[wnid].hypernyms for above in (parent, *above_of(tree, parent))}


def test_the_hardest_hit_branch_comes_first_and_of_equals_the_larger() -> None:
    order = [(branch.share, branch.below.categories) for branch in removal.branches()]
    assert order == sorted(order, reverse=True)
    assert order[0] == (1.0, 184)  # inhabitants: all gone


@pytest.mark.parametrize("bin_width", [0.1, 0.2, 0.25, 0.5, 1])
def test_bins_part_the_kept_from_the_not_imageable_at_4(bin_width: float, rows: list[dict[str, str]]) -> None:
    bins = removal.histogram(bin_width=bin_width)
    ratings = [Decimal(row["imageability"]) for row in rows if row["imageability"]]
    assert [each.low for each in bins] == [round(1 + number * bin_width, 2) for number in range(len(bins))]
    assert (bins[-1].high, len(bins)) == (5, round(4 / bin_width))
    for each in bins:
        low, high = Decimal(str(each.low)), Decimal(str(each.high))
        inside = sum(low <= rating < high or rating == high == 5 for rating in ratings)
        assert each.categories == inside
        assert each.kept["safe" if high <= 4 else "sensitive"] == 0
        assert each.removed["safe"] == 0 or high <= 4
    for fate, totals in {"kept": (158, 0, 0), "removed": (1_081, 1_156, 0)}.items():
        assert tuple(sum(getattr(each, fate)[safety] for each in bins) for safety in bins[0].kept) == totals


def test_a_rule_parts_the_bins_otherwise() -> None:
    kept = what_if({"offensive"}, 3.1).kept
    bins = removal.histogram(kept)
    assert sum(sum(each.kept.values()) for each in bins) == len(kept)
    assert any(sum(each.kept.values()) and sum(each.removed.values()) for each in bins)  # 3.1 is within a bin
    assert [each.categories for each in bins] == [each.categories for each in removal.histogram()]


@pytest.mark.parametrize("order", removal.ORDERS)
def test_orders_of_branches_hold_them_all(order: str) -> None:
    branches = sorted(removal.branches(), key=removal.ORDERS[order])
    first, last = branches[0], branches[-1]
    assert len(branches) == len(removal.branches())
    expected = {
        "hit hardest": first.share == 1 > last.share,
        "spared most": first.share < 1 == last.share,
        "largest": first.below.categories > last.below.categories == 20,
        "most images removed": first.gone.images == max(branch.gone.images for branch in branches),
    }
    assert expected[order]


def test_grandmother_was_kept_and_grandfather_removed_though_both_are_seen_best(tree: Taxonomy) -> None:
    (grandmother,) = (wnid for wnid in removal.kept() if "grandmother" in tree[wnid].lemmas)
    (grandfather,) = (wnid for wnid in removal.most_imageable_removed(10) if "grandfather" in tree[wnid].lemmas)
    assert tree[grandmother].imageability == tree[grandfather].imageability == 5.0


def test_lists_come_largest_first_and_only_of_what_was_removed(tree: Taxonomy) -> None:
    largest = removal.largest_removed(50)
    images = [tree[wnid].images or 0 for wnid in largest]
    assert images == sorted(images, reverse=True)
    assert images[0] == max(tree[wnid].images or 0 for wnid in tree.people if not tree[wnid].in_winter_2021)
    assert all(vocabularies.status(wnid) != "kept" for wnid in (*largest, *removal.most_imageable_removed(50)))
    assert len(largest) == 50
    assert len(removal.kept()) == 158
