"""The fast forward pass gives the answers of the module itself."""

import gc
import io
import logging
import subprocess
import sys
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from openvino.tools.ovc import logger as ovc_logger

from explainer import limits
from explainer.setup import files
from explainer.ui import server
from explainer.vision import openvino
from explainer.vision.classifiers import Classifier
from explainer.vision.openvino import Forward
from explainer.vision.people import PeopleHead, Readout
from explainer.vision.pipeline import Reader


@pytest.fixture(scope="module")
def forward(classifier: Classifier) -> Forward:
    """The classifier alone, compiled: the logits."""
    return openvino.compile(logits_of(classifier), torch.zeros(1, 224, 224, 3, dtype=torch.uint8))


def logits_of(classifier: Classifier) -> torch.nn.Module:
    return torch.nn.Sequential(classifier.standardise, classifier.module)


def inputs(number: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(256, size=(number, 224, 224, 3), dtype=np.uint8)


def eager(module: torch.nn.Module, batch: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return module(torch.from_numpy(batch)).numpy()


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.slow
def test_logits_are_those_of_the_module(number: int, forward: Forward, classifier: Classifier) -> None:
    batch = inputs(number)
    (logits,) = forward(batch)
    assert logits.dtype == np.float32
    assert logits.shape == (number, 1_000)
    assert np.abs(logits - eager(logits_of(classifier), batch)).max() < 1e-4


def test_every_output_of_a_module_comes_in_its_place(reader: Reader, classifier: Classifier, head: PeopleHead) -> None:
    batch = inputs(2, seed=1)
    probabilities, scores = reader.forward(batch)
    with torch.no_grad():
        expected = Readout(classifier, head)(torch.from_numpy(batch))
    assert np.abs(probabilities - expected[0].numpy()).max() < 1e-5
    assert np.abs(scores - expected[1].numpy()).max() < 1e-4


def test_threads_at_once_get_their_own_answers(forward: Forward) -> None:
    batches = [inputs(1 + seed % 2, seed) for seed in range(8)]
    alone = [forward(batch)[0] for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        together = [outputs[0] for outputs in threads.map(forward, batches * 3)]
    for answer, expected in zip(together, alone * 3, strict=True):
        assert np.abs(answer - expected).max() < 1e-5


def test_an_answer_stays_what_it_was_after_the_next(forward: Forward) -> None:
    first = forward(inputs(1, seed=1))[0]
    before = first.copy()
    forward(inputs(1, seed=2))
    assert np.array_equal(first, before)


@pytest.mark.slow
def test_the_converter_has_no_telemetry_to_report_to() -> None:
    script = """
import sys, torch
from explainer import limits
from explainer.setup import files
from explainer.ui import server
from explainer.vision import openvino
openvino.compile(torch.nn.ReLU(), torch.zeros(1, 8, 8, 3))
loaded = [name for name, module in sys.modules.items() if name.startswith("openvino_telemetry") and module]
sys.exit(f"imported: {loaded}" if loaded else 0)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_log_is_bound_also_after_a_conversion_that_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Fails(torch.nn.Module):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            log.warning("Heard while it is converted")
            raise MemoryError

    log, line = logging.getLogger("explainer"), io.StringIO()
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler(line))
    monkeypatch.setattr(logging.root, "handlers", [])  # as in a server, and without those of the tests
    monkeypatch.setattr(logging.root, "filters", [])
    monkeypatch.setattr(ovc_logger, "handler_num", 0)  # as in a process that has converted nothing
    monkeypatch.setattr(log, "level", logging.NOTSET)
    monkeypatch.setattr(logging.root.manager, "loggerDict", {log.name: log})  # other handlers stay as they are
    server.bound_log()
    with pytest.raises(Exception, match="TorchScript"):
        openvino.convert(Fails(), torch.zeros(1, 3, 8, 8))
    for number in range(1000):
        log.warning("A line about %s", number)
    try:
        raise ValueError("what a visitor said")
    except ValueError:
        log.exception("It went wrong")
    written = (line.getvalue() + capsys.readouterr().err).splitlines()
    assert "Heard while it is converted" in written
    assert len(written) <= 2 * limits.value("log") + 2
    assert written[-1].startswith("It went wrong: ValueError < tests/vision/test_openvino.py:")


def megabytes() -> float:
    """What this process holds."""
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


@pytest.mark.watch
def test_what_was_compiled_and_is_not_needed_goes(classifier: Classifier) -> None:
    """What torch.jit traces it keeps, unless it is told not to: 38 MB of this network each time."""
    held = []
    for _ in range(6):
        openvino.compile(classifier.module, torch.zeros(1, 3, 224, 224))
        gc.collect()
        held.append(megabytes())
    assert held[-1] - held[1] < 40


def test_a_size_that_comes_often_is_answered_as_before() -> None:
    yunet = files.path(files.YUNET)
    if yunet is None:
        pytest.skip("needs YuNet: run `explainer provision`")
    picture = np.random.default_rng(2).integers(256, size=(100, 200, 3), dtype=np.uint8)
    other = np.random.default_rng(3).integers(256, size=(256, 128, 3), dtype=np.uint8)
    full = np.random.default_rng(4).integers(256, size=(128, 256, 3), dtype=np.uint8)
    forward = openvino.load(yunet)
    first = [output.copy() for output in forward(picture, (128, 256))]
    for _ in range(2 * openvino._OFTEN):  # the later ones by a network of this size alone
        forward(other, (256, 128))
        forward(full, (128, 256))  # nothing of it is left beside a smaller picture
        assert all(map(np.array_equal, forward(picture, (128, 256)), first))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="This system does not say what a process holds")
def test_a_network_for_any_size_keeps_something_of_the_last_sizes_alone() -> None:
    yunet = files.path(files.YUNET)
    if yunet is None:
        pytest.skip("needs YuNet: run `explainer provision`")
    forward, held = openvino.load(yunet), []
    for height in range(64, 64 + 9 * 32, 32):
        for width in range(64, 64 + 9 * 32, 32):
            forward(np.zeros((9, 9, 3), np.uint8), (height, width))
        held.append(megabytes())
    assert held[-1] - held[4] < 70  # 3 MB for each of 36 sizes, where all are kept


def test_the_size_that_was_seen_least_lately_gives_way_to_one_that_comes_often(requests: list[Any]) -> None:
    yunet = files.path(files.YUNET)
    if yunet is None:
        pytest.skip("needs YuNet: run `explainer provision`")
    forward = openvino.load(yunet)

    def own(size: tuple[int, int]) -> int:
        """Networks that were made as a size came often."""
        before = len(requests)
        for _ in range(openvino._OFTEN):
            forward(np.zeros((9, 9, 3), np.uint8), size)
        return len(requests) - before

    first, *odd = [(64, 64 + 32 * number) for number in range(openvino._OWN)]
    assert [own(size) for size in (first, *odd)] == [1] * openvino._OWN
    assert own(first) == 0
    assert own((640, 512)) == 1
    assert own(first) == own((640, 512)) == 0  # both have theirs yet
    assert own(odd[0]) == 1  # that one gave way


ALL_SIZES = """
from pathlib import Path
import numpy as np
import openvino.preprocess
from explainer.setup import files
from explainer.vision import openvino

def megabytes():
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024

networks, compiled = [], openvino._compiled
openvino._compiled = lambda *asked, **settings: networks.append(1) or compiled(*asked, **settings)
before, forward = megabytes(), openvino.load(files.path(files.YUNET))
often = [(640, 640 - 32 * number) for number in range(12)] * openvino._OFTEN
tilted = [(128 * number, 128 * number) for number in range(6, 14)] * openvino._OFTEN
others = [(128 * height, 128 * width) for height in range(1, 7) for width in range(1, 17) if height * width < 30]
for size in tilted + often + others + tilted + others:
    forward(np.zeros((9, 9, 3), np.uint8), size)
print(len(networks), round(megabytes() - before))
"""


# In a process of its own, so that what other tests left, or set going, does not count.
@pytest.mark.watch
def test_a_reader_keeps_no_more_than_a_pods_memory_is_reckoned_with() -> None:
    run = subprocess.run([sys.executable, "-c", ALL_SIZES], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    networks, kept = map(int, run.stdout.split())
    assert networks == 1 + openvino._OWN
    assert kept < openvino.KEPT / 1e6


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked of networks that a test compiles: OpenVINO keeps each request, with what it was given."""
    made: list[Any] = []
    compiled = openvino._compiled

    def spy(*asked: Any, **settings: Any) -> SimpleNamespace:
        network = compiled(*asked, **settings)

        def create_infer_request() -> Any:
            made.append(network.create_infer_request())
            return made[-1]

        return SimpleNamespace(create_infer_request=create_infer_request)

    monkeypatch.setattr(openvino, "_compiled", spy)
    return made


def inputs_of(requests: list[Any]) -> Iterator[np.ndarray]:
    for request in requests:
        for tensor in request.input_tensors:
            yield tensor.data


@pytest.mark.parametrize("rows", [1, 5])
def test_a_network_keeps_nothing_of_a_picture_that_it_was_given(rows: int, requests: list[Any]) -> None:
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2)).eval()
    forward = openvino.compile(module, torch.zeros(1, 2, 6))
    picture = np.random.default_rng(5).random((rows, 2, 6), dtype=np.float32)
    expected = eager(module, picture)
    assert forward(picture)[0] == pytest.approx(expected, abs=1e-6)
    left = weakref.ref(picture)
    del picture
    gc.collect()
    assert left() is None
    assert requests
    assert not any(given.any() for given in inputs_of(requests))


def test_the_detector_keeps_nothing_of_a_picture_that_it_searched(requests: list[Any]) -> None:
    yunet = files.path(files.YUNET)
    if yunet is None:
        pytest.skip("needs YuNet: run `explainer provision`")
    forward = openvino.load(yunet)
    for _ in range(openvino._OFTEN + 1):  # the later ones by a network of this size alone
        forward(np.full((100, 200, 3), 7, np.uint8), (128, 256))
    assert len(requests) == 2
    assert not any(given.any() for given in inputs_of(requests))


def test_a_model_of_one_row_takes_many_rows() -> None:
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(6, 2)).eval()
    rows = np.random.default_rng(4).random((5, 2, 3), dtype=np.float32)
    single = openvino.ready(openvino.convert(module, torch.zeros(1, 2, 3), rows=1))
    assert single(rows)[0] == pytest.approx(eager(module, rows), abs=1e-6)
