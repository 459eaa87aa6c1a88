"""The trial before a model answers: the real weights pass it, and fail it under another order of labels."""

import dataclasses
from collections.abc import Callable

import downloaded_models
import pytest
import torch
from torch import nn

from explainer.imagenet import taxonomy, vocabularies
from explainer.vision import classifiers, selftest
from explainer.vision.cards import ClassifierError, Transform
from explainer.vision.classifiers import Classifier

Order = tuple[str, ...]


def test_what_the_pictures_show_can_be_said_in_every_models_words() -> None:
    tree = taxonomy.load()
    for labels in ("imagenet-1k", "imagenet-21k-goog"):
        order = vocabularies.label_set(labels)
        above = {wnid: {step for path in tree.hypernym_paths(wnid) for step in path} for wnid in order if wnid in tree}
        for name, roots in selftest.KNOWN.items():
            below = [wnid for wnid, steps in above.items() if steps.intersection(roots)]
            # Few enough that five guesses are wrong.
            assert 0 < len(below) < len(order) / 100, (labels, name)


def test_the_model_that_comes_with_the_app_knows_all_the_pictures(classifier: Classifier) -> None:
    with torch.no_grad():
        known = selftest.recognised(
            classifier.card,
            classifier.wnids,
            lambda pixels: classifier.module(classifier.standardise(torch.from_numpy(pixels))).numpy(),
        )
    assert known == {"cat", "coffee", "rocket", "photographer"}
    selftest.check_classifier(classifier)


@pytest.mark.parametrize(
    "order",
    [
        lambda wnids: wnids[1:] + wnids[:1],
        lambda wnids: wnids[-1:] + wnids[:-1],
        lambda wnids: wnids[500:] + wnids[:500],
        lambda wnids: wnids[::-1],
        lambda wnids: tuple(sorted(wnids, key=lambda wnid: taxonomy.load()[wnid].lemmas)),
    ],
    ids=["one on", "one back", "halves swapped", "backwards", "by word"],
)
def test_another_order_of_labels_is_noticed(order: Callable[[Order], Order], classifier: Classifier) -> None:
    with pytest.raises(
        ClassifierError, match=r"^EfficientNet-Lite0 does not answer, as it failed the self-test: of 4 "
    ):
        selftest.check_classifier(dataclasses.replace(classifier, wnids=order(classifier.wnids)))


def test_weights_by_chance_are_noticed(classifier: Classifier) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1_000))
    with pytest.raises(ClassifierError, match="failed the self-test"):
        selftest.check_classifier(classifier.of(network))


def test_a_wrong_transform_is_noticed_where_it_blinds_the_network(classifier: Classifier) -> None:
    dark = Transform(224, (127.0, 127.0, 127.0), (12_800.0, 12_800.0, 12_800.0))
    card = dataclasses.replace(classifier.card, transform=dark)
    with pytest.raises(ClassifierError, match="failed the self-test"):
        selftest.check_classifier(dataclasses.replace(classifier, card=card))


def test_a_model_of_21843_outputs_passes_in_the_order_of_its_card_alone(classifier: Classifier) -> None:
    tensors = downloaded_models.grown(classifier.module.state_dict())
    module = classifiers._LIBRARIES["timm"](classifier.card.architecture, 21_843)
    module.load_state_dict(tensors)
    order = vocabularies.label_set("imagenet-21k-goog")
    grown = dataclasses.replace(classifier.of(module.eval()), wnids=order)
    selftest.check_classifier(grown)
    # Microsoft's order has one fewer, and another sequence: timm guesses a label set by the number alone.
    other = (*vocabularies.label_set("imagenet-22k-ms"), order[-1])
    with pytest.raises(ClassifierError, match="failed the self-test"):
        selftest.check_classifier(dataclasses.replace(grown, wnids=other))
