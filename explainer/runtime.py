"""The fast forward pass: a network compiled with OpenVINO, the same answers in a fraction of the time."""

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

# OpenVINO and torch are slow to import, and whoever knows this module need not call it yet.
if TYPE_CHECKING:
    import openvino
    from torch import nn

# OpenVINO reports each conversion to its makers where this package can be imported, and asks no one where there is no
# terminal; where it cannot, it takes a silent stand-in of its own.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

Forward = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], ...]]


def compile(module: "nn.Module", side: int) -> Forward:
    """A function that does what `module` does: float32 (N, 3, side, side) to its outputs, each float32 (N, ...), any N.

    It computes in float32, so that its outputs equal the module's to about 1e-5. Any number of threads may call it at
    once; each call has one core to itself.
    """
    import openvino
    import torch

    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # OpenVINO still traces with torch.jit
        model = openvino.convert_model(module, example_input=torch.zeros(1, 3, side, side), input=[-1, 3, side, side])
    return _forward(model)


def load(path: Path) -> Forward:
    """The network of an ONNX file with one input, as a function like `compile` gives, for float32 (1, 3, any, any)."""
    import openvino

    model = openvino.Core().read_model(path)
    model.reshape([1, 3, -1, -1])
    return _forward(model)


def _forward(model: "openvino.Model") -> Forward:
    import openvino
    from openvino import properties

    settings = {
        properties.hint.inference_precision: openvino.Type.f32,
        properties.num_streams: os.cpu_count() or 1,
    }
    compiled = openvino.Core().compile_model(model, "CPU", settings)

    def forward(inputs: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        return tuple(compiled.create_infer_request().infer([inputs]).to_tuple())

    return forward
