"""Person categories from objects: two objects and three people by hand, then all 2,832."""

import numpy as np
import pytest
import torch

from explainer.imagenet import taxonomy, vocabularies
from explainer.vision.classifiers import Classifier
from explainer.vision.people import ConSE, PeopleHead, Readout

# One object to the east, one to the north; people to the east, the north-east and the west.
OBJECTS = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
PEOPLE = torch.tensor([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]])


@pytest.mark.parametrize(
    ("odds", "cosines"),
    [
        ((1, 1), (1 / 2**0.5, 1.4 / 2**0.5, -1 / 2**0.5)),  # the mixture (1/2, 1/2)
        ((3, 4), (0.6, 0.36 + 0.64, -0.6)),  # (3/7, 4/7), the direction (0.6, 0.8)
        ((4, 3), (0.8, 0.48 + 0.48, -0.8)),
    ],
)
def test_the_nearest_person_lies_in_the_direction_of_the_mixture(odds, cosines) -> None:
    logits = torch.log(torch.tensor([odds], dtype=torch.float32))
    assert ConSE(OBJECTS, PEOPLE)(logits)[0].tolist() == pytest.approx(cosines, abs=1e-6)


def test_each_row_of_a_batch_is_answered_by_itself() -> None:
    logits = torch.log(torch.tensor([[1.0, 1.0], [3.0, 4.0]]))
    module = ConSE(OBJECTS, PEOPLE)
    assert torch.allclose(module(logits), torch.cat([module(logits[:1]), module(logits[1:])]))


def test_every_object_takes_part_in_the_gradient() -> None:
    logits = torch.zeros(1, 2, requires_grad=True)
    ConSE(OBJECTS, PEOPLE)(logits)[0, 1].backward()
    # More of the second object turns the mixture to the north-east: d cos = (0.8 - 0.6) / 2 sqrt 2 for each half.
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([-0.05 * 2**0.5, 0.05 * 2**0.5], abs=1e-6)


def test_the_scores_of_all_2832_are_cosines(head: PeopleHead) -> None:
    logits = torch.randn(4, 1_000, generator=torch.Generator().manual_seed(1)) * 5
    scores = head.module(logits)
    assert scores.shape == (4, 2_832)
    assert scores.abs().max() <= 1 + 1e-5
    assert scores.min() < 0 < scores.max()


def test_the_people_stand_in_the_order_of_the_tree(head: PeopleHead) -> None:
    assert head.wnids == taxonomy.load().people


def test_a_photograph_certain_to_be_one_object_asks_for_the_words_nearest_to_it(
    classifier: Classifier, head: PeopleHead
) -> None:
    logits = torch.full((1, 1_000), -100.0)
    logits[0, classifier.wnids.index("n03763968")] = 100.0  # military uniform
    nearest = vocabularies.top(head.module(logits)[0].numpy(), head.wnids, 20)
    tree = taxonomy.load()
    soldier = next(wnid for wnid in tree.people if "military officer" in tree[wnid].lemmas)
    assert any(soldier in path for label in nearest for path in tree.hypernym_paths(label.wnid))


def test_the_gradient_of_a_person_reaches_the_pixels(classifier: Classifier, head: PeopleHead) -> None:
    inputs = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(2)).requires_grad_()
    head.module(classifier.module(inputs))[0, 0].backward()
    assert inputs.grad is not None
    assert torch.isfinite(inputs.grad).all()
    assert inputs.grad.abs().max() > 0


def test_the_readout_gives_probabilities_and_scores_in_one_pass(classifier: Classifier, head: PeopleHead) -> None:
    generator = torch.Generator().manual_seed(3)
    pixels = torch.randint(256, (2, 224, 224, 3), dtype=torch.uint8, generator=generator)
    with torch.no_grad():
        probabilities, scores = Readout(classifier, head).eval()(pixels)
        logits = classifier.module(classifier.standardise(pixels))
    exponentials = np.exp(logits.double().numpy())
    assert np.allclose(probabilities.numpy(), exponentials / exponentials.sum(axis=1, keepdims=True), atol=1e-6)
    assert torch.allclose(scores, head.module(logits), atol=1e-6)


def test_the_table_holds_an_embedding_of_each_object_and_each_person() -> None:
    with np.load(taxonomy.DATA / "embeddings.npz") as table:
        wnids, vectors = table["wnids"].tolist(), table["vectors"]
    assert vectors.dtype == np.float16
    assert vectors.shape == (len(wnids), 384)
    assert np.isfinite(vectors).all()
    assert len(set(wnids)) == len(wnids)
    assert set(wnids) == {*vocabularies.label_set("imagenet-1k"), *taxonomy.load().people}
    assert len({vector.tobytes() for vector in vectors}) == len(wnids)


def test_neither_set_of_embeddings_leans_to_one_side(head: PeopleHead) -> None:
    for vectors in (head.module.objects, head.module.people):
        assert torch.allclose(vectors.norm(dim=1), torch.ones(len(vectors)), atol=1e-5)
        assert vectors.mean(dim=0).norm() < 0.1
