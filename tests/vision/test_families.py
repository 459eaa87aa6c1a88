"""Each family of models that can be downloaded, by small networks and files made here: loaded, read, explained."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from explaining import SHORT, best, hooks
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from small_models import FAMILIES, SIDE, Family, card_of, module_of, naming, publish, with_older_names, write
from torchcam.methods import LeGrad

from explainer.attribution import explain, networks
from explainer.attribution.explain import METHODS, Target
from explainer.imagenet import taxonomy, vocabularies
from explainer.vision import cards, classifiers, faces, openvino, people, samples
from explainer.vision.cards import ClassifierError, ModelCard
from explainer.vision.classifiers import Classifier, Gridded
from explainer.vision.people import PeopleHead


def of(*architectures: str) -> pytest.MarkDecorator:
    """For these families alone."""
    chosen = [
        pytest.param(family, id=family.architecture) for family in FAMILIES if family.architecture in architectures
    ]
    return pytest.mark.parametrize("family", chosen, indirect=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(autouse=True)
def _cards_and_weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_MODELS", str(folder))


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    """As in the app: more of them only wait for each other on networks of this size."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda family: family.architecture)
def family(request: pytest.FixtureRequest) -> Family:
    return request.param


@pytest.fixture(scope="module")
def published(family: Family, folder: Path) -> ModelCard:
    """A small network's card, with its file of weights beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("EXPLAINER_MODELS", raising=False)
        card = card_of(family)
    return publish(card, module_of(card, len(vocabularies.label_set(card.labels))).state_dict(), folder)


@pytest.fixture(scope="module")
def loaded(published: ModelCard, folder: Path) -> Classifier:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLAINER_MODELS", str(folder))
        return classifiers.load(cards.load(published.name))


@pytest.fixture(scope="module")
def its_head(loaded: Classifier) -> PeopleHead:
    return people.load(loaded)


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    return faces.crop(samples.read("astronaut"), None, SIDE)


def test_there_is_a_small_network_for_each_card_that_can_be_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXPLAINER_MODELS")
    stood_for = [name for family in FAMILIES for name in family.cards]
    assert sorted(stood_for) == [card.name for card in cards.load_all() if card.weights.asset]


# Loaded


def test_a_file_of_weights_becomes_the_module_that_wrote_it(
    published: ModelCard, loaded: Classifier, picture: Image.Image
) -> None:
    original = module_of(published, len(loaded.wnids))
    mean, std = (np.array(values, np.float32) for values in (published.transform.mean, published.transform.std))
    inputs = torch.from_numpy(((np.asarray(picture, np.float32) - mean) / std).transpose(2, 0, 1)[None])
    with torch.no_grad():
        # The same numbers in another order in memory go another way through a processor's kernels.
        assert torch.allclose(loaded.to_inputs([picture]), inputs, atol=1e-6)
        assert torch.allclose(loaded.module(inputs), original(inputs), atol=1e-6)


@of("small_vit")
@pytest.mark.parametrize("versions", [True, False])
def test_a_transformer_of_torchvision_is_read_under_the_names_of_its_published_file(
    versions: bool, spoiled: ModelCard, folder: Path
) -> None:
    original = module_of(spoiled, 1_000)
    older = with_older_names(original.state_dict())
    assert "encoder.layers.encoder_layer_0.mlp.linear_1.weight" in older
    assert not any(name.endswith(("mlp.0.weight", "mlp.3.bias")) for name in older)
    read = classifiers.load(publish(spoiled, older if versions else dict(older), folder))
    for name, tensor in classifiers.classifier(spoiled, original, read.wnids).module.state_dict().items():
        assert torch.equal(read.module.state_dict()[name], tensor), name


def test_its_labels_stand_in_the_order_that_the_card_names(published: ModelCard, loaded: Classifier) -> None:
    assert loaded.wnids == vocabularies.label_set(published.labels)
    known = {"imagenet-1k": {281: "n02123045", 967: "n07920052"}, "imagenet-21k-goog": {0: "n00004475", 4: "n00007846"}}
    for number, wnid in known[published.labels].items():
        assert loaded.wnids[number] == wnid


def test_a_release_masks_the_same_scores(loaded: Classifier, its_head: PeopleHead, picture: Image.Image) -> None:
    with torch.no_grad():
        _, scores = people.Readout(loaded, its_head).eval()(torch.from_numpy(loaded.to_pixels([picture])))
    assert sorted(its_head.wnids) == sorted(taxonomy.load().people)
    before = vocabularies.top(scores[0].numpy(), its_head.wnids, 2_832)
    for release, size in (("fall-2011", 2_832), ("september-2019", 1_239), ("winter-2021", 158)):
        kept = vocabularies.person_categories(release)
        after = vocabularies.top(scores[0].numpy(), its_head.wnids, 2_832, kept)
        assert len(after) == size
        assert after == tuple(label for label in before if label.wnid in kept)


@of("small_timm_vit", "small_efficientnetv2")
def test_a_model_trained_on_people_answers_with_their_share_among_people(
    loaded: Classifier, its_head: PeopleHead, picture: Image.Image
) -> None:
    with torch.no_grad():
        pixels = torch.from_numpy(loaded.to_pixels([picture]))
        probabilities, scores = people.Readout(loaded, its_head).eval()(pixels)
        logits = loaded.module(loaded.to_inputs([picture]))[0].double().numpy()
    outputs = dict(zip(loaded.wnids, np.exp(logits), strict=True))
    everybody = sum(outputs[wnid] for wnid in taxonomy.load().people)
    assert scores[0].tolist() == pytest.approx([outputs[wnid] / everybody for wnid in its_head.wnids], rel=1e-3)
    everything = sum(outputs.values())
    shares = [outputs[wnid] / everything for wnid in its_head.objects]
    assert probabilities[0].tolist() == pytest.approx(shares, rel=1e-3)
    # What is left out: the root, which is no kind of person, and the one output that the tree has not got.
    assert set(loaded.wnids) - {*its_head.wnids, *its_head.objects} == {taxonomy.PERSON, "n09859684"}
    assert not set(its_head.objects) & set(its_head.wnids)


@pytest.mark.slow
def test_openvino_computes_the_same(loaded: Classifier, its_head: PeopleHead) -> None:
    readout = people.Readout(loaded, its_head).eval()
    generator = torch.Generator().manual_seed(4)
    pixels = torch.randint(256, (3, SIDE, SIDE, 3), dtype=torch.uint8, generator=generator)
    with torch.no_grad():
        expected = readout(pixels)
    for found, values in zip(openvino.compile(readout, pixels[:1])(pixels.numpy()), expected, strict=True):
        assert np.abs(found - values.numpy()).max() <= 1e-5 * values.abs().max() + 1e-6


# Refused


def damaged(published: ModelCard, change: bytes | slice) -> tuple[Path, bytes, int]:
    """The card's file after a change; its bytes and its time of change."""
    path = published.weights.path
    assert path is not None
    content = path.read_bytes()
    path.write_bytes(content[change] if isinstance(change, slice) else change)
    return path, path.read_bytes(), path.stat().st_mtime_ns


@pytest.fixture
def spoiled(published: ModelCard, folder: Path) -> ModelCard:
    """The card, whose file a test may spoil; both are as before afterwards."""
    path = published.weights.path
    assert path is not None
    content = path.read_bytes()
    yield published
    path.write_bytes(content)
    write(published, folder)


def refused(card: ModelCard, match: str) -> None:
    with pytest.raises(ClassifierError, match=match) as refusal:
        classifiers.load(card)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("change", [slice(0, -1), slice(0, 1_000), b"", b"<html>Please log in</html>"])
def test_a_file_with_other_bytes_than_the_card_names_is_refused_and_left(
    spoiled: ModelCard, change: bytes | slice
) -> None:
    path, content, changed = damaged(spoiled, change)
    refused(spoiled, "is not the file that the card of|cannot be read as weights")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)


def test_a_damaged_file_is_refused_although_its_card_names_no_digest_or_just_this_one(spoiled: ModelCard) -> None:
    path, content, changed = damaged(spoiled, slice(0, -2_000))
    refused(naming(spoiled, path), "cannot be read as weights, or holds more than these: it is left alone")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)


def test_code_in_a_file_is_not_run(spoiled: ModelCard, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "ran",)

    path, *_ = damaged(spoiled, pickle.dumps({"weight": Trap()}, protocol=2))
    refused(naming(spoiled, path), "cannot be read as weights, or holds more than these: it is left alone")
    torch.save({"weight": Trap()}, path)
    refused(naming(spoiled, path), "cannot be read as weights, or holds more than these: it is left alone")
    assert not (tmp_path / "ran").exists()


@of("small_resnet")  # safetensors holds nothing else
def test_a_file_that_holds_something_else_than_tensors_is_refused(spoiled: ModelCard) -> None:
    path = spoiled.weights.path
    for content in ([1, 2], {"weight": "heavy"}, {1: torch.zeros(2)}):
        torch.save(content, path)
        refused(naming(spoiled, path), "holds something else than weights")


def test_weights_of_another_architecture_are_refused_and_left(spoiled: ModelCard, folder: Path) -> None:
    card = publish(spoiled, {"weight": torch.zeros(2)}, folder)
    path = card.weights.path
    content, changed = path.read_bytes(), path.stat().st_mtime_ns
    refused(card, "do not fit the architecture: they are left alone")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, changed)


# Explained


@pytest.mark.parametrize("kind", ["object", "person"])
def test_methods_that_need_rectifiers_or_attention_are_offered_where_these_are(
    family: Family, kind: str, loaded: Classifier, its_head: PeopleHead
) -> None:
    rectifying = {"guided-backprop", "deconvolution", "guided-grad-cam"}
    missing = set() if family.architecture == "small_resnet" else {"deeplift", *rectifying}
    if kind == "person":  # the softmax on top has no rule
        missing |= {"deeplift"}
    if "vit" not in family.architecture:
        missing |= {"legrad"}
    assert set(METHODS) - set(explain.offered(loaded, its_head, kind)) == missing


@pytest.mark.parametrize("kind", ["object", "person"])
@pytest.mark.slow
def test_every_offered_method_explains_every_family(
    family: Family, kind: str, loaded: Classifier, its_head: PeopleHead, picture: Image.Image
) -> None:
    first, second = best(loaded, its_head, picture, kind, 2)
    for method in explain.offered(loaded, its_head, kind):

        def explained(target: Target, method: str = method) -> np.ndarray:
            return explain.explain(loaded, its_head, picture, target, method, settings=SHORT.get(method)).values

        found = explained(first)
        assert found.shape == ((family.cells,) * 2 if method in ("grad-cam", "legrad") else (SIDE, SIDE)), method
        assert np.isfinite(found).all(), method
        assert found.min() < found.max(), method
        assert np.array_equal(explained(first), found), method
        assert not np.allclose(explained(second), found, rtol=1e-3, atol=1e-3 * np.abs(found).max()), method
        assert hooks(loaded.module) == hooks(networks.rectified(loaded.module)) == [], method


@of("small_resnet")
def test_deeplift_shares_out_the_whole_change_of_an_objects_logit(
    loaded: Classifier, its_head: PeopleHead, picture: Image.Image
) -> None:
    (target,) = best(loaded, its_head, picture, "object", 1)
    found = explain.explain(loaded, its_head, picture, target, "deeplift")
    asked = explain.question(loaded, its_head, picture, target, found.settings)
    with torch.no_grad():
        change = float(asked.output()(asked.inputs) - asked.output()(asked.baseline))
    assert float(found.values.sum()) == pytest.approx(change, rel=1e-3)
    assert found.delta == pytest.approx(0, abs=1e-3 * abs(change))


@of("small_resnet")
def test_with_each_layer_used_once_a_resnet_answers_the_same(loaded: Classifier, picture: Image.Image) -> None:
    inputs, seen = loaded.to_inputs([picture]), []
    variant = networks.separated(loaded.module)
    for part in variant.modules():
        if not list(part.children()):
            part.register_forward_hook(lambda layer, given, output: seen.append(layer))
    with torch.no_grad():
        assert torch.equal(variant(inputs), networks.folded(loaded.module)(inputs))
    assert len(seen) == len(set(seen))
    assert sum(isinstance(layer, torch.nn.ReLU) for layer in seen) == 1 + 3 * 4  # of four blocks


BLOCKS = {
    "small_resnet": [f"layer{number}.0" for number in (4, 3, 2, 1)],
    "small_mobilenet": [f"features.{number}" for number in range(16, -1, -1)],
    "small_convnext": [f"features.{number}" for number in range(7, -1, -1)],
    "small_vit": [f"encoder.layers.encoder_layer_{number}" for number in (1, 0)],
    "small_timm_vit": ["blocks.1", "blocks.0"],
    "small_efficientnetv2": [f"blocks.{number}" for number in range(5, -1, -1)],
}


def test_each_numbered_block_is_a_stage_of_its_own(family: Family, loaded: Classifier) -> None:
    stages = [stage for stage, _ in networks.stages(loaded.module)]
    assert [stage for stage in stages if stage in BLOCKS[family.architecture]] == BLOCKS[family.architecture]
    assert stages[0] in ("fc", "classifier.3", "classifier.2", "heads.head", "head", "classifier")


def test_every_stage_of_a_network_has_a_name_and_can_be_shuffled(loaded: Classifier, picture: Image.Image) -> None:
    stages = networks.stages(loaded.module)
    assert all(stage and names for stage, names in stages)
    everything = networks.randomised(loaded.module, [name for _, names in stages for name in names])
    inputs = loaded.to_inputs([picture])
    with torch.no_grad():
        assert not torch.allclose(everything(inputs), loaded.module(inputs))


def test_tokens_become_a_map_row_by_row_and_come_out_as_they_went_in() -> None:
    tokens = torch.arange(1.0, 1 + 2 * 10 * 3).view(2, 10, 3)  # the whole picture and 3 x 3 patches, 3 channels
    gridded = Gridded(torch.nn.Identity())
    seen: list[torch.Tensor] = []
    with gridded.grid.register_forward_hook(lambda module, inputs, output: seen.append(output)):
        assert torch.equal(gridded(tokens), tokens)
    assert seen[0].shape == (2, 3, 3, 3)
    assert torch.equal(seen[0][1, :, 2, 1], tokens[1, 1 + 2 * 3 + 1])


@of("small_vit", "small_timm_vit")
def test_grad_cam_of_a_transformer_is_that_of_pytorch_grad_cam(
    published: ModelCard, loaded: Classifier, its_head: PeopleHead, picture: Image.Image
) -> None:
    original = module_of(published, len(loaded.wnids))

    def grid(tokens: torch.Tensor) -> torch.Tensor:
        return tokens[:, 1:].reshape(len(tokens), 6, 6, -1).permute(0, 3, 1, 2)

    layer = original.get_submodule(published.grad_cam_layer)
    with GradCAM(original, [layer], grid) as reference:
        reference.uses_gradients = True
        expected = reference(loaded.to_inputs([picture]), [ClassifierOutputTarget(5)])[0]
    ours = explain.explain(loaded, its_head, picture, Target("object", loaded.wnids[5])).values
    ours = np.maximum(ours, 0)
    ours = np.asarray(Image.fromarray(ours).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    assert np.corrcoef(ours.ravel(), expected.ravel())[0, 1] > 0.99


@of("small_vit", "small_timm_vit")
def test_with_its_attention_made_explicit_a_transformer_answers_the_same(
    loaded: Classifier, picture: Image.Image
) -> None:
    inputs = loaded.to_inputs([picture])
    with torch.no_grad():
        found, expected = networks.attending(loaded.module)(inputs), loaded.module(inputs)
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max()))


@of("small_vit")
def test_legrad_is_that_of_torchcam(
    published: ModelCard, loaded: Classifier, its_head: PeopleHead, picture: Image.Image
) -> None:
    original: Any = module_of(published, len(loaded.wnids)).requires_grad_(False)
    with LeGrad(original, list(original.encoder.layers)) as extractor:
        original(loaded.to_inputs([picture]))
        expected = extractor(5, None, normalized=False)[0][0].numpy()
    ours = explain.explain(loaded, its_head, picture, Target("object", loaded.wnids[5]), "legrad").values
    assert ours.shape == (6, 6)
    assert np.allclose(ours / ours.max(), expected / expected.max(), atol=1e-3)
