"""What is drawn of a subtree: few enough nodes, each category once, and sizes that add up."""

from collections import Counter

import pytest
from handmade import BAKER, CAUSE, ENTITY, LIVING, OBJECT, SLUR, THING, WORKER

from explainer.imagenet import subtrees, taxonomy, vocabularies
from explainer.imagenet.subtrees import Node, Part
from explainer.imagenet.taxonomy import PERSON, Taxonomy, UnknownCategory

ROOT, HERB = "n00001740", "n12205694"


@pytest.fixture
def small(small_tree: Taxonomy, monkeypatch: pytest.MonkeyPatch) -> Taxonomy:
    monkeypatch.setattr(taxonomy, "load", lambda: small_tree)
    return small_tree


@pytest.mark.usefixtures("small")
def test_a_category_with_two_ways_up_stands_at_the_one_nearest_to_the_root_alone() -> None:
    # Worked out by hand: worker's images are 20 + 10 + 3, person's 100 more; the object has 5 of its own.
    assert subtrees.nodes(ENTITY) == (
        Node(ENTITY, None, 138),
        Node(CAUSE, ENTITY, 133),
        Node(THING, ENTITY, 5),
        Node(PERSON, CAUSE, 133),
        Node(WORKER, PERSON, 33),
        Node(BAKER, WORKER, 10),
        Node(SLUR, WORKER, 3),
        Node(OBJECT, THING, 5),
    )


@pytest.mark.usefixtures("small")
def test_sizes_may_count_categories_and_what_counts_nothing_is_left_out() -> None:
    sizes = {node.wnid: node.size for node in subtrees.nodes(ENTITY, "categories")}
    assert sizes == {ENTITY: 5, CAUSE: 4, PERSON: 4, WORKER: 3, BAKER: 1, SLUR: 1, THING: 1, OBJECT: 1}
    assert LIVING not in sizes


@pytest.mark.parametrize("measure", subtrees.MEASURES)
@pytest.mark.parametrize("root", [ROOT, PERSON, HERB])
def test_a_map_has_at_most_a_thousand_nodes_each_below_its_parent(root: str, measure: str) -> None:
    nodes = subtrees.nodes(root, measure)
    assert 1 < len(nodes) <= 1_000
    places = Counter(node.wnid for node in nodes if not node.gathered)
    assert set(places.values()) == {1}
    assert [node.wnid for node in nodes if node.parent is None] == [root]
    assert all(node.parent in places for node in nodes[1:])


@pytest.mark.parametrize("measure", subtrees.MEASURES)
@pytest.mark.parametrize("root", [ROOT, PERSON, HERB])
def test_what_stands_in_a_node_is_never_larger_than_it(root: str, measure: str) -> None:
    nodes = subtrees.nodes(root, measure)
    inside: Counter[str] = Counter()
    for node in nodes[1:]:
        inside[node.parent] += node.size
    sizes = {node.wnid: node.size for node in nodes if not node.gathered}
    tree = taxonomy.load()
    for wnid, total in inside.items():
        own = subtrees.MEASURES[measure].of(tree[wnid])
        assert total + own == sizes[wnid]


@pytest.mark.slow
def test_the_children_of_the_root_are_all_there_and_the_rest_of_others_is_gathered() -> None:
    tree = taxonomy.load()
    nodes = subtrees.nodes(HERB, "categories")
    assert {node.wnid for node in nodes if node.parent == HERB} == {
        child for child in tree.hyponyms(HERB) if tree[child].in_fall_2011 or tree.below(child).categories
    }
    gathered = [node for node in subtrees.nodes(ROOT, "categories") if node.gathered]
    assert gathered
    for node in gathered:
        assert node.wnid == node.parent
        shown = sum(other.parent == node.wnid and not other.gathered for other in subtrees.nodes(ROOT, "categories"))
        assert shown == 40


def test_the_person_map_counts_1177285_images_and_its_roots_own() -> None:
    assert subtrees.nodes(PERSON)[0].size == 1_177_285 + 1_242
    assert subtrees.nodes(PERSON, "categories")[0].size == 2_832 + 1


def test_a_stranger_is_refused() -> None:
    with pytest.raises(UnknownCategory):
        subtrees.nodes("n99999999")


WHOLE = {"kept": 158, "hard to picture": 1_081, "sensitive": 1_156, "offensive": 437}


def of_everything(parts: tuple[Part, ...]) -> dict[str, int]:
    total = Counter[str]()
    for part in parts:
        total.update({status: extent.categories for status, extent in part.sizes.items()})
    return dict(total)


@pytest.mark.parametrize("most", [1, 40, 1_000])
def test_parts_hold_every_person_category_once_with_what_became_of_it(most: int) -> None:
    parts = subtrees.parts(PERSON, "categories", most)
    assert of_everything(parts) == WHOLE
    assert sum(part.size("images") for part in parts) == 1_177_285
    named = [part.size("categories") for part in parts if part.wnid]
    assert named == sorted(named, reverse=True)
    assert len(named) == min(most, sum(part.gathered for part in parts))


def test_what_is_skipped_and_what_is_shown_are_the_whole() -> None:
    first, rest = subtrees.parts(PERSON, "images", 20), subtrees.parts(PERSON, "images", 20, skipped=20)
    assert [part.size("images") for part in first[:20]] > [part.size("images") for part in rest[:20]]
    assert of_everything(first[20:]) == of_everything(rest)
    assert not {part.wnid for part in first} & {part.wnid for part in rest[:20]}


@pytest.mark.parametrize("place", [0, 3, 11])
def test_within_a_branch_are_as_many_as_it_has_outside_and_itself_where_it_is_a_category(place: int) -> None:
    branch = subtrees.parts(PERSON, "categories", 20)[place]
    inside = subtrees.parts(branch.wnid, "categories", 20)
    assert of_everything(inside) == {status: extent.categories for status, extent in branch.sizes.items()}
    itself = branch.wnid in {part.wnid for part in subtrees.parts(branch.wnid, "categories", 1_000)}
    assert itself == (branch.wnid in taxonomy.load().people)


def test_outside_of_people_there_are_no_parts() -> None:
    with pytest.raises(KeyError):
        subtrees.parts(HERB, "categories", 20)


def test_a_map_of_few_levels_gathers_what_is_too_small() -> None:
    levels, least = 2, 1 / 100
    nodes = subtrees.nodes(PERSON, "images", levels=levels, least=least)
    up = {node.wnid: node.parent for node in nodes if node.id == node.wnid}
    root, *others = (node for node in nodes if not node.part)

    def depth(wnid: str) -> int:
        return 0 if wnid == PERSON else 1 + depth(up[wnid])

    assert max(depth(node.wnid) for node in others if not node.gathered) == levels
    assert all(node.size >= root.size * least for node in others if not node.gathered)
    direct = [node for node in others if node.parent == PERSON]
    assert sum(node.size for node in direct) <= root.size
    assert any(node.gathered for node in direct)


def test_what_a_map_does_not_draw_it_divides_by_what_became_of_it_or_says_what_became_of_most() -> None:
    nodes = subtrees.nodes(PERSON, "images", levels=4, least=1 / 300)
    holding = {node.parent for node in nodes}
    innermost = [node for node in nodes if node.id not in holding]
    for node in innermost:
        assert node.status or vocabularies.status(node.wnid)
        assert node.status or not taxonomy.load().hyponyms(node.wnid)
    total = {
        node.id: sum(part.size for part in nodes if part.parent == node.id) for node in nodes if node.id in holding
    }
    assert all(total[node.id] <= node.size for node in nodes if node.id in holding)
    assert len({node.id for node in nodes}) == len(nodes)
