"""Many ask for explanations at once, as in the app: of one worker that has a pipeline of its own."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from handmade import ROOT

from explainer.attribution import explain
from explainer.attribution.explain import Target
from explainer.jobs import Worker
from explainer.vision import pipeline, samples
from explainer.vision.pipeline import Reader

# Ten methods, those that hook the module among them; the long ones made short.
ASKED: dict[str, dict[str, Any]] = {
    "grad-cam": {},
    "guided-backprop": {},
    "integrated-gradients": {"steps": 10},
    "deconvolution": {},
    "saliency": {},
    "guided-grad-cam": {},
    "smoothgrad": {"samples": 5},
    "input-x-gradient": {},
    "occlusion": {"stride": 32},
    "lime": {"segments": 12, "samples": 40},
}

MOST_GROWTH = 60  # megabytes


@pytest.mark.slow
def test_ten_who_ask_for_different_methods_at_once_get_the_maps_that_one_alone_gets(reader: Reader) -> None:
    photo = samples.read("astronaut")
    (reading, *_) = pipeline.read(reader, photo).readings
    targets = [Target("person", label.wnid) for label in reading.people("fall-2011", len(ASKED))]
    questions = [(target, *asked) for target, asked in zip(targets, ASKED.items(), strict=True)]
    worker, crop = Worker(pipeline.load, "explainer"), pipeline.seen(photo, reading)
    together = Barrier(len(questions))

    def ask(target: Target, method: str, settings: dict[str, Any]) -> explain.Attribution:
        together.wait(60)
        return worker.submit(
            lambda own, progress: explain.explain_crop(own, crop, target, method, settings, progress)
        ).result(240)

    with ThreadPoolExecutor(len(questions)) as visitors:
        found = [each.result() for each in [visitors.submit(ask, *question) for question in questions]]
    for (target, method, settings), each in zip(questions, found, strict=True):
        alone = explain.explain_photo(reader, photo, reading.box, target, method, settings=settings)
        assert (each.target, each.method) == (target, method)
        assert np.abs(each.values - alone.values).max() <= 1e-5 * np.abs(alone.values).max(), method


@pytest.mark.watch
@pytest.mark.timeout(1200)
def test_two_hundred_explanations_with_checks_leave_the_memory_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "benchmarks.explaining", "memory"]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    (warm, before), (number, after) = json.loads(run.stdout)
    with capsys.disabled():
        print(f"\n{before:.0f} MB after {warm} explanations, {after:.0f} MB after {number}")
    assert number - warm >= 200
    assert after - before < MOST_GROWTH
