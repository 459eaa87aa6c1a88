"""Explaining a label: the explainer against plain Captum and other packages, on the model that comes with the app.

Each way runs in a process of its own, which `python -m benchmarks.explaining WAY` starts, so that its peak of memory is
its own. Processor time is that of torch in one thread, as in the app; by the clock, others have torch in as many
threads as there are cores. Two ways that promise the same map are held to it. Integrated Gradients in float32 are held
against Captum's in float64, as no two ways round alike.
"""

import copy
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

REPEATS = 5
STEPS = 50  # of Integrated Gradients
ROUNDS = 2  # of all methods, each with a check of its map; after each the memory is read
FEW = {"steps": 10, "samples": 10, "stride": 32, "segments": 12}  # what makes the long methods short

# The methods of "Check all": those that take an instant, and those that pass the network dozens of times.
CHECKED = ("grad-cam", "saliency", "guided-backprop", "feature-ablation", "occlusion", "integrated-gradients")

# What is measured: the way of the app, and with whom it is compared.
PAIRS = {
    "Grad-CAM": ("grad-cam", ("forward", "grad-cam by pytorch-grad-cam", "grad-cam by torch-cam")),
    f"Integrated Gradients, {STEPS} steps": ("integrated-gradients", ("integrated-gradients by Captum",)),
    "Occlusion": ("occlusion", ("occlusion by Captum",)),
    "Feature Ablation": ("feature-ablation", ("feature-ablation by Captum",)),
    "LIME": ("lime", ("lime by Captum",)),
    "Kernel SHAP": ("kernel-shap", ("kernel-shap by Captum",)),
}

SAME = 1e-4  # by how much maps that promise to be the same may differ, as a share of the largest value

# Not gradients: a rectifier just at its bend falls to either side by the rounding of float32, whoever computes it, and
# its part of the gradient comes or goes. So our map may be this many times as far from the one in float64 as Captum's.
AS_NEAR = 2


def ways() -> dict[str, Callable[[], NDArray[np.float32]]]:
    """Each way to make a map, by its name; "forward" makes none, but passes the picture through the module."""
    import captum.attr
    import torch
    from captum._utils.models.linear_model import SkLearnRidge
    from pytorch_grad_cam import GradCAM as TheirGradCAM
    from torchcam.methods import GradCAM as TorchCAM

    from explainer.attribution import explain as explaining
    from explainer.attribution.explain import METHODS, Target
    from explainer.attribution.methods.lime import likeness
    from explainer.attribution.question import Question
    from explainer.vision import classifiers, faces, people, samples

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    classifier = classifiers.load()
    head, module, layer = people.load(classifier), classifier.module, classifier.grad_cam_layer
    crop = faces.crop(samples.read("astronaut"), None)
    inputs = classifier.to_inputs([crop])
    with torch.no_grad():
        index = int(module(inputs).argmax())
    target = Target("object", classifier.wnids[index])
    settings = {name: dict(method.settings) for name, method in METHODS.items()}
    settings["integrated-gradients"]["steps"] = STEPS

    def forward() -> NDArray[np.float32]:
        with torch.no_grad():
            module(classifier.to_inputs([crop]))
        return np.zeros((1, 1), np.float32)

    def by_pytorch_grad_cam() -> NDArray[np.float32]:
        pixels = classifier.to_inputs([crop]).requires_grad_()
        with TheirGradCAM(module, [layer]) as cam:
            cam.activations_and_grads(pixels)[0, index].backward()
            (activations,), (gradients,) = cam.activations_and_grads.activations, cam.activations_and_grads.gradients
            found: NDArray[np.float32] = cam.get_cam_image(pixels, layer, [], activations.numpy(), gradients.numpy())
        return found[0]

    def by_torch_cam() -> NDArray[np.float32]:
        with TorchCAM(module, layer) as cam:
            (found,) = cam(index, module(classifier.to_inputs([crop]).requires_grad_()), normalized=False)
        values: NDArray[np.float32] = found[0].numpy()
        return values

    def by_captum(name: str) -> NDArray[np.float32]:
        asked = explaining.question(classifier, head, crop, target, settings[name])
        torch.manual_seed(0)
        with torch.no_grad():
            values = _captum(name, asked)
        return values.detach()[0].numpy()

    def _captum(name: str, asked: Question) -> torch.Tensor:
        """Captum's call as one would write it: in the eager module, and all at its default but what makes the map."""
        given = settings[name]
        segments = {"feature_mask": asked.segments} if "segments" in given else {}
        number = {"n_samples": given["samples"]} if "samples" in given else {}
        if name == "integrated-gradients":
            method, options = captum.attr.IntegratedGradients(module), {"n_steps": STEPS}
            return method.attribute(asked.inputs, target=index, **options).sum(dim=1)
        if name == "occlusion":
            windows = (3, given["window"], given["window"]), (3, given["stride"], given["stride"])
            return captum.attr.Occlusion(module).attribute(asked.inputs, *windows, target=index)[:, 0]
        method = {
            "feature-ablation": captum.attr.FeatureAblation(module),
            "lime": captum.attr.Lime(module, SkLearnRidge(alpha=1.0), likeness),
            "kernel-shap": captum.attr.KernelShap(module),
        }[name]
        return method.attribute(asked.inputs, target=index, **segments, **number)[:, 0]

    def ours(name: str) -> NDArray[np.float32]:
        return explaining.explain(classifier, head, crop, target, name, settings=settings[name]).values

    found: dict[str, Callable[[], NDArray[np.float32]]] = {
        "forward": forward,
        "grad-cam by pytorch-grad-cam": by_pytorch_grad_cam,
        "grad-cam by torch-cam": by_torch_cam,
    }
    for name, peers in PAIRS.values():
        found[name] = lambda name=name: ours(name)
        if f"{name} by Captum" in peers:
            found[f"{name} by Captum"] = lambda name=name: by_captum(name)
    return found


def measure(name: str, file: Path) -> dict[str, float]:
    """Seconds of a way, the best of some after a first, and megabytes at the peak; its map goes to the file.

    Seconds of the processor, as other programs may be at work, and of the clock, which means little where they are.
    """
    import torch

    way = ways()[name]
    np.save(file, way())
    repeats = REPEATS if "cam" in name or name == "forward" else 1
    processor = min(_seconds(time.process_time, way) for _ in range(repeats))
    if name not in (ours for ours, _ in PAIRS.values()):
        torch.set_num_threads(os.cpu_count() or 1)
        way()
    clock = min(_seconds(time.perf_counter, way) for _ in range(repeats))
    return {"processor": processor, "clock": clock, "megabytes": _megabytes("VmHWM")}


def _seconds(timer: Callable[[], float], way: Callable[[], object]) -> float:
    start = timer()
    way()
    return timer() - start


def memory() -> list[tuple[int, float]]:
    """Megabytes that this process holds after so many explanations, those that the checks of maps ask for among them.

    All methods in turn, each for another label, and a check of each map. As in the app each is asked of a worker, from
    a thread of its own.
    """
    from explainer.attribution import explain as explaining
    from explainer.attribution import faithfulness
    from explainer.attribution.explain import METHODS, Target
    from explainer.jobs import Job, Progress, Worker
    from explainer.vision import faces, pipeline, samples

    warnings.simplefilter("ignore")
    photo, worker, made = samples.read("astronaut"), Worker(pipeline.load, "explainer"), 0

    def offered(reader: pipeline.Reader, progress: Progress) -> tuple[str, ...]:
        return explaining.offered(reader.classifier, reader.head, "person")

    (reading, *_) = worker.submit(lambda reader, progress: pipeline.read(reader, photo)).result().readings
    methods = worker.submit(offered).result()
    targets = [Target("person", label.wnid) for label in reading.people("fall-2011", ROUNDS * len(methods))]
    found = []
    for number, target in enumerate(targets):
        method = methods[number % len(methods)]
        settings = {name: few for name, few in FEW.items() if name in METHODS[method].settings}

        def explain(
            reader: pipeline.Reader,
            progress: Progress,
            target: Target = target,
            method: str = method,
            settings: dict[str, int] = settings,
        ) -> int:
            """How many explanations it took."""
            given = explaining.explain_photo(reader, photo, reading.box, target, method, progress, settings)
            crop = faces.crop(photo, reading.box, reader.card.transform.side)
            checks = faithfulness.check(faithfulness.Claim(reader.classifier, reader.head, crop, given))
            return 1 + checks.sensitivity.samples + len(checks.randomised)

        jobs: list[Job[int]] = []
        asker = threading.Thread(target=lambda explain=explain, jobs=jobs: jobs.append(worker.submit(explain)))
        asker.start()
        asker.join()
        made += jobs[0].result()
        if (number + 1) % len(methods) == 0:
            found.append((made, _megabytes("VmRSS")))
    return found


def check_all() -> dict[str, list[float]]:
    """Seconds by the clock and of the processor that the checks of each method's map take, the quickest maps first.

    They share what they have in common, as in the app. The first has to shuffle and to compile a network.
    """
    from explainer.attribution import explain as explaining
    from explainer.attribution import faithfulness, sample_results, verdicts
    from explainer.jobs import whole
    from explainer.vision import pipeline, samples

    photo, reader = samples.read("astronaut"), pipeline.load()
    (reading, *_) = pipeline.read(reader, photo).readings
    crop, target = pipeline.seen(photo, reading), sample_results.first_word(reading)
    made = [explaining.explain(reader.classifier, reader.head, crop, target, method) for method in CHECKED]
    common, found = verdicts.Common(), {}
    for given in sorted(made, key=lambda each: each.seconds):
        clock, processor = time.perf_counter(), time.process_time()
        claim = faithfulness.Claim(reader.classifier, reader.head, crop, given)
        whole(verdicts.judge_in_parts(claim, lambda fraction: None, common=common))
        found[given.method] = [time.perf_counter() - clock, time.process_time() - processor]
    return found


def rounding() -> dict[str, float]:
    """How far Integrated Gradients in float32 are from Captum's in float64, as a share of that map's length.

    Ours, and Captum's by default, each as the mean over the sample pictures.
    """
    import captum.attr

    from explainer.attribution import explain as explaining
    from explainer.attribution.explain import Target
    from explainer.vision import classifiers, faces, people, samples

    warnings.simplefilter("ignore")
    classifier = classifiers.load()
    head, module, exact = people.load(classifier), classifier.module, copy.deepcopy(classifier.module).double()
    found: dict[str, list[float]] = {"ours": [], "Captum's": []}
    for name in samples.SAMPLES:
        crop = faces.crop(samples.read(name), None)
        inputs = classifier.to_inputs([crop])
        index = int(classifier.compiled(inputs).argmax())
        target, settings = Target("object", classifier.wnids[index]), {"steps": STEPS}
        theirs, truth = (
            captum.attr.IntegratedGradients(network)
            .attribute(given, target=index, n_steps=STEPS, internal_batch_size=at_once)[0]
            .sum(dim=0)
            .detach()
            .numpy()
            for network, given, at_once in ((module, inputs, None), (exact, inputs.double(), 5))
        )
        ours = explaining.explain(classifier, head, crop, target, "integrated-gradients", settings=settings).values
        for whose, values in zip(found, (ours, theirs), strict=True):
            found[whose].append(float(np.linalg.norm(values - truth) / np.linalg.norm(truth)))
    return {whose: float(np.mean(distances)) for whose, distances in found.items()}


def _megabytes(what: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{what}:")[1].split()[0]) / 1024


def report() -> None:
    """Run all ways, one after another, and print how they compare."""
    print("Explaining a label, against others: in processor time, then by the clock with all cores")
    with tempfile.TemporaryDirectory() as folder:
        for title, (name, peers) in PAIRS.items():
            ours, values = _run(name, Path(folder))
            print(
                f"  {title}: {ours['processor'] * 1000:.0f} ms, {ours['clock'] * 1000:.0f} ms by the clock, "
                f"peak memory {ours['megabytes']:.0f} MB"
            )
            for peer in peers:
                theirs, other = _run(peer, Path(folder))
                if peer != "forward" and name != "integrated-gradients" and _difference(values, other) > SAME:
                    raise AssertionError(f"{title} and {peer}: {_difference(values, other):.0e} between the maps")
                print(
                    f"    against {peer}: {theirs['processor'] / ours['processor']:.2f} times as fast, "
                    f"{theirs['clock'] / ours['clock']:.2f} by the clock, "
                    f"{ours['megabytes'] / theirs['megabytes']:.2f} of its {theirs['megabytes']:.0f} MB"
                    + ("" if peer == "forward" else f"; {_difference(values, other):.0e} between the maps")
                )

    far = _by_itself("rounding")
    print(
        f"  Integrated Gradients in float32 against float64, {STEPS} steps, over the sample pictures: "
        + ", ".join(f"{whose} {distance:.1e} of the map's length" for whose, distance in far.items())
    )
    if far["ours"] > AS_NEAR * far["Captum's"]:
        raise AssertionError(f"Our Integrated Gradients are more than {AS_NEAR} times as far from float64.")

    took = _by_itself("check_all")
    clock, processor = (sum(each) for each in zip(*took.values(), strict=True))
    each = ", ".join(f"{name} {seconds:.1f} s" for name, (seconds, _) in took.items())
    print(f"  Check all of six methods: {clock:.1f} s by the clock, {processor:.1f} s of the processor ({each})")

    held = ", ".join(f"{megabytes:.0f} MB after {number}" for number, megabytes in _by_itself("memory"))
    print(f"  Memory held by the worker, all methods in turn, each map checked: {held} explanations")


def _difference(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """The largest, as a share of the largest value; of maps with nothing below 0 only what is above counts."""
    ours = np.maximum(ours, 0) if theirs.min() >= 0 else ours
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def _by_itself(name: str) -> Any:
    """What a measurement of BY_THEMSELVES found, in a process of its own."""
    run = subprocess.run([sys.executable, "-m", __spec__.name, name], check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def _run(way: str, folder: Path) -> tuple[dict[str, float], NDArray[np.float32]]:
    file = folder / "map.npy"
    command = [sys.executable, "-m", __spec__.name, way, str(file)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout), np.load(file)


BY_THEMSELVES: dict[str, Callable[[], Any]] = {"rounding": rounding, "check_all": check_all, "memory": memory}

if __name__ == "__main__":
    name, *files = sys.argv[1:]
    print(json.dumps(BY_THEMSELVES[name]() if name in BY_THEMSELVES else measure(name, Path(files[0]))))
