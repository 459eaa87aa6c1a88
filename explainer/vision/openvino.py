"""The fast forward pass: a network compiled with OpenVINO, the same answers in a fraction of the time."""

import io
import logging
import math
import os
import sys
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

# OpenVINO and torch are slow to import, and whoever knows this module need not call it yet.
if TYPE_CHECKING:
    import openvino
    import torch
    from torch import nn

# OpenVINO reports each conversion to its makers where this package can be imported, and asks no one where there is no
# terminal; where it cannot, it takes a silent stand-in of its own.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

Forward = Callable[..., tuple[NDArray[np.float32], ...]]


def compile(module: "nn.Module", example: "torch.Tensor") -> Forward:
    """A function that does what `module` does: arrays like `example` to its outputs, as `ready` has it."""
    return ready(convert(module, example))


def convert(module: "nn.Module", *examples: "torch.Tensor", rows: int = -1) -> "openvino.Model":
    """OpenVINO's form of a module, for inputs like the examples with so many rows, by default any number."""
    import openvino

    with _tracing():
        level = logging.root.level
        try:
            model = openvino.convert_model(
                module, example_input=examples, input=[[rows, *example.shape[1:]] for example in examples]
            )
        finally:
            logging.root.setLevel(level)  # a conversion that fails leaves it where nothing but errors is heard
    return model


def trace(module: "nn.Module", example: "torch.Tensor") -> bytes:
    """A module as a file of torch.jit, for inputs like the example with any number of rows; `traced` reads it."""
    import torch

    with _tracing():
        traced = torch.jit.trace(module, example)  # type: ignore[no-untyped-call]
        file = io.BytesIO()
        torch.jit.save(traced, file)
    return file.getvalue()


def traced(file: bytes) -> "torch.jit.ScriptModule":
    """The module that `trace` wrote. It needs nothing of the library that the module came from."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # as there is no other form that is read in less than a second
        found: torch.jit.ScriptModule = torch.jit.load(io.BytesIO(file))  # type: ignore[no-untyped-call]
        return found


@contextmanager
def _tracing() -> Iterator[None]:
    """One thread at a time, without gradients and warnings, and without what torch.jit keeps of what it traced."""
    import torch

    with _one_at_a_time, torch.no_grad(), warnings.catch_warnings():
        for category in (FutureWarning, DeprecationWarning):
            warnings.simplefilter("ignore", category)  # OpenVINO still traces with torch.jit
        # Sizes are taken as constants, but for the first, which is any.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        yield
        # torch.jit keeps the types of all that was ever traced. This is how torch's own tests make it let go.
        torch._C._jit_clear_class_registry()
        torch.jit._recursive.concrete_type_store = torch.jit._recursive.ConcreteTypeStore()


_one_at_a_time = threading.Lock()


def load(path: Path) -> Callable[[NDArray[np.uint8], tuple[int, int]], tuple[NDArray[np.float32], ...]]:
    """The network of an ONNX file, as a function of one picture, uint8 (height, width, 3), BGR, and a size.

    The picture is given black on the right and at the bottom, up to that height and width. The network itself takes
    OpenCV's form: float32 (1, 3, height, width), 0 to 255. For one thread alone; what the function returns stands until
    its next call.

    All sizes share a network, but for those that come often: one of their own takes about half the time, and 15 MB.
    """
    import openvino
    from openvino.preprocess import PrePostProcessor

    original = openvino.Core().read_model(path)

    def request(height: int, width: int) -> Any:
        model = original.clone()
        model.reshape([1, 3, height, width])
        steps = PrePostProcessor(model)
        # As numbers of four bytes it is taken as it comes; bytes would be put into another order, and back.
        steps.input().tensor().set_element_type(openvino.Type.f32).set_layout(openvino.Layout("NHWC"))
        steps.input().model().set_layout(openvino.Layout("NCHW"))
        return _compiled(steps.build(), streams=1, remembered=_REMEMBERED).create_infer_request()

    of_any_size = request(-1, -1)
    own: dict[tuple[int, int], Any] = {}
    seen = Counter[tuple[int, int]]()

    def forward(picture: NDArray[np.uint8], size: tuple[int, int]) -> tuple[NDArray[np.float32], ...]:
        height, width = picture.shape[:2]
        seen[size] += 1
        if size in own:
            own[size] = own.pop(size)  # the last one now
        elif seen[size] >= _OFTEN and math.prod(size) <= _OWN_PIXELS:
            if len(own) == _OWN:  # the size that was seen least lately gives way
                least = next(iter(own))
                del own[least], seen[least]
            own[size] = request(*size)
        asked = own.get(size, of_any_size)
        tensor = asked.get_input_tensor()
        tensor.shape = (1, *size, 3)
        padded = tensor.data[0]
        padded[:height, :width] = picture
        padded[height:] = padded[:, width:] = 0
        asked.infer()
        found: tuple[NDArray[np.float32], ...] = asked.results.to_tuple()
        padded[:] = 0  # a request keeps what it was given until the next, which may be of another visitor
        return found

    return forward


# How many sizes have a network of their own, up to how large, and from which picture of a size on.
_OWN, _OWN_PIXELS, _OFTEN = 12, 640 * 640, 4
_REMEMBERED = 1000  # programs that a network keeps of sizes it has seen: those of the last thirty; by default, of all

KEPT = 700_000_000
"""Bytes that what `load` gives keeps once it has seen all sizes of pictures in which faces are looked for; measured."""


def to_bytes(model: "openvino.Model") -> tuple[bytes, bytes]:
    """A model as its description and its weights, in float32. Raises OSError or RuntimeError where the disk is full."""
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.xml")
        openvino.save_model(model, file, compress_to_fp16=False)
        return file.read_bytes(), file.with_suffix(".bin").read_bytes()


def from_bytes(network: bytes, weights: bytes) -> "openvino.Model":
    """A model from what `to_bytes` gave. Raises RuntimeError where it is something else."""
    import openvino

    return openvino.Core().read_model(network, weights)


def ready(model: "openvino.Model") -> Forward:
    """A function from arrays, one for each input, to a model's outputs, each float32 (N, ...), any N.

    It computes in float32, so that the outputs equal those of the module it was made of to about 1e-5. Any number of
    threads may call it at once; rows are shared out among the cores. A model that was made for one row is given one at
    a time, in the same time and with less memory.
    """
    cores = os.cpu_count() or 1
    compiled = _compiled(model, streams=cores)
    single = model.inputs[0].partial_shape[0].is_static
    own = threading.local()  # requests of each thread, made once: making one takes a lock and a tenth of the time

    def forward(*inputs: NDArray[Any]) -> tuple[NDArray[np.float32], ...]:
        if not hasattr(own, "requests"):
            own.requests = [compiled.create_infer_request() for _ in range(cores)]
        number = len(inputs[0]) if single else min(cores, max(1, len(inputs[0])))
        parts = [*zip(*(np.array_split(each, number) for each in inputs), strict=True)]
        found = []
        for at in range(0, len(parts), cores):
            busy = [*zip(own.requests, parts[at : at + cores], strict=False)]
            for request, part in busy:
                for index, each in enumerate(part):
                    tensor = request.get_input_tensor(index)
                    tensor.shape = each.shape
                    tensor.data[:] = each
            for request, _ in busy[1:]:
                request.start_async()
            busy[0][0].infer()  # in this thread, which would only wait
            for request, _ in busy[1:]:
                request.wait()
            # Copies: the next call overwrites what a request holds.
            found += [[output.copy() for output in request.results.to_tuple()] for request, _ in busy]
            for request, part in busy:  # which keeps it until the next, which may be of another visitor
                for index in range(len(part)):
                    request.get_input_tensor(index).data[:] = 0
        return tuple(np.concatenate(output) for output in zip(*found, strict=True))

    return forward


def _compiled(model: "openvino.Model", streams: int, remembered: int | None = None) -> "openvino.CompiledModel":
    """A model for so many pictures at once, each on one core.

    It keeps what it made for sizes of pictures, or numbers of rows, that it has seen: all, or so many parts of it.
    """
    import openvino
    from openvino import properties

    settings = {
        properties.hint.inference_precision: openvino.Type.f32,
        properties.num_streams: streams,
        properties.inference_num_threads: streams,
        # Each network would tie its first stream to the first core, and two networks wait there for each other.
        properties.hint.enable_cpu_pinning: False,
    }
    if remembered is not None:
        settings["CPU_RUNTIME_CACHE_CAPACITY"] = remembered
    return openvino.Core().compile_model(model, "CPU", settings)
