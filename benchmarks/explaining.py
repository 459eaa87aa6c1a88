"""Explaining a label: the explainer against plain Captum and other packages, on the model that comes with the app.

Each way runs in a process of its own, which `python -m benchmarks.explaining WAY` starts, so that its peak of memory is
its own. Processor time is that of torch in one thread, as in the app; by the clock, others have torch in as many
threads as there are cores. Two ways that promise the same map are held to it.
"""

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

# By how much maps that promise to be the same may differ, as a share of the largest value. Gradients in float32 come
# out a little differently in batches of another size, and many of them are summed.
SAME = {name: 1e-3 if name == "integrated-gradients" else 1e-4 for name, _ in PAIRS.values()}


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
            given = explain.explain_photo(reader, photo, reading.box, target, method, progress, settings)
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
    from explainer.vision import pipeline, samples

    photo, reader = samples.read("astronaut"), pipeline.load()
    (reading, *_) = pipeline.read(reader, photo).readings
    crop, target = pipeline.seen(photo, reading), sample_results.first_word(reading)
    made = [explaining.explain(reader.classifier, reader.head, crop, target, method) for method in CHECKED]
    common, found = verdicts.Common(), {}
    for given in sorted(made, key=lambda each: each.seconds):
        clock, processor = time.perf_counter(), time.process_time()
        claim = faithfulness.Claim(reader.classifier, reader.head, crop, given)
        faithfulness.whole(verdicts.judge_in_parts(claim, lambda fraction: None, common=common))
        found[given.method] = [time.perf_counter() - clock, time.process_time() - processor]
    return found


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
                if peer != "forward" and _difference(values, other) > SAME[name]:
                    raise AssertionError(f"{title} and {peer}: {_difference(values, other):.0e} between the maps")
                print(
                    f"    against {peer}: {theirs['processor'] / ours['processor']:.2f} times as fast, "
                    f"{theirs['clock'] / ours['clock']:.2f} by the clock, "
                    f"{ours['megabytes'] / theirs['megabytes']:.2f} of its {theirs['megabytes']:.0f} MB"
                    + ("" if peer == "forward" else f"; {_difference(values, other):.0e} between the maps")
                )

    run = subprocess.run([sys.executable, "-m", __spec__.name, "check_all"], check=True, stdout=subprocess.PIPE)
    took = json.loads(run.stdout)
    clock, processor = (sum(each) for each in zip(*took.values(), strict=True))
    each = ", ".join(f"{name} {seconds:.1f} s" for name, (seconds, _) in took.items())
    print(f"  Check all of six methods: {clock:.1f} s by the clock, {processor:.1f} s of the processor ({each})")

    run = subprocess.run([sys.executable, "-m", __spec__.name, "memory"], check=True, stdout=subprocess.PIPE)
    held = ", ".join(f"{megabytes:.0f} MB after {number}" for number, megabytes in json.loads(run.stdout))
    print(f"  Memory held by the worker, all methods in turn, each map checked: {held} explanations")


def _difference(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """The largest, as a share of the largest value; of maps with nothing below 0 only what is above counts."""
    ours = np.maximum(ours, 0) if theirs.min() >= 0 else ours
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def _run(way: str, folder: Path) -> tuple[dict[str, float], NDArray[np.float32]]:
    file = folder / "map.npy"
    command = [sys.executable, "-m", __spec__.name, way, str(file)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout), np.load(file)


if __name__ == "__main__":
    by_themselves = {"memory": memory, "check_all": check_all}
    name, *files = sys.argv[1:]
    print(json.dumps(by_themselves[name]() if name in by_themselves else measure(name, Path(files[0]))))
