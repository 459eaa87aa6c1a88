"""Networks that answer by a cue planted in a picture, so that it is known which map shows why."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from explainer.attribution.explain import Target
from explainer.vision import cards
from explainer.vision.cards import Transform
from explainer.vision.classifiers import Classifier

SIDE = 56
CUE = Target("object", "cue")
WNIDS = ("cue", "second", "third", "fourth", "fifth", "sixth")
COLOURS = ((230, 30, 30), (30, 210, 40), (40, 60, 235), (230, 220, 30), (220, 40, 220))
CHANNELS = 8


class Detector(nn.Module):
    """Two layers of filters, of which the first of each looks for the cue, their means, and a layer of outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, CHANNELS, 5, padding=2)
        self.second = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.map = nn.ReLU()
        self.outputs = nn.Linear(CHANNELS, len(WNIDS))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        found = self.map(self.second(torch.relu(self.first(inputs))))
        return self.outputs(found.mean(dim=(2, 3)))


@dataclass(frozen=True, eq=False)
class Planted:
    """A network, a picture with the cue that it answers by, and where that is, bool (SIDE, SIDE)."""

    classifier: Classifier
    picture: Image.Image
    cue: NDArray[np.bool_]


def planted(seed: int) -> Planted:
    """Kind (a colour or stripes), size, shape and place of the cue are drawn; it never covers the centre."""
    torch.set_num_threads(1)  # as in the app; on a busy machine threads that wait for each other take minutes
    draw = np.random.default_rng(seed)
    striped = bool(draw.integers(2))
    size = int(draw.integers(10, 19))
    while True:
        top, left = draw.integers(0, SIDE - size + 1, size=2)
        if np.hypot(top + size / 2 - SIDE / 2, left + size / 2 - SIDE / 2) > size / 2 + 8:
            break
    rows, columns = np.indices((SIDE, SIDE))
    cue = (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
    if draw.integers(2):
        cue &= np.hypot(rows + 0.5 - top - size / 2, columns + 0.5 - left - size / 2) <= size / 2
    # The ground: soft patches of grey, with some shapes of other greys and their edges in it.
    coarse = draw.normal(127, 25, (7, 7)).clip(0, 255).astype(np.uint8)
    ground = np.asarray(Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)).astype(float)
    for _ in range(4):
        y, x, high, wide = draw.integers(4, SIDE - 12, size=2).tolist() + draw.integers(6, 14, size=2).tolist()
        ground[y : y + high, x : x + wide] += draw.choice([-45, 45])
    pixels = np.repeat(ground[:, :, None], 3, axis=2) + draw.normal(0, 4, (SIDE, SIDE, 3))
    if striped:
        pixels[cue] = np.where(columns % 4 < 2, 235, 20)[cue][:, None]
        wave = np.where(np.arange(5) % 4 < 2, 1.0, -1.0) - 0.2
        look = np.broadcast_to(wave / 3, (3, 5, 5))
    else:
        colour = np.array(COLOURS[draw.integers(len(COLOURS))], float)
        pixels[cue] = colour
        direction = (colour - colour.mean()) / np.linalg.norm(colour - colour.mean())
        look = np.broadcast_to(direction[:, None, None], (3, 5, 5))
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    card = dataclasses.replace(
        cards.load(),
        grad_cam_layer="map",
        transform=Transform(side=SIDE, mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0)),
    )
    module = Detector().eval().requires_grad_(False)
    classifier = Classifier(card, lambda: module, WNIDS, passing=True)
    _teach(module, classifier.to_inputs([picture]), torch.from_numpy(look.copy()).float(), cue, draw)
    return Planted(classifier, picture, cue)


def _teach(
    module: Detector,
    inputs: torch.Tensor,
    look: torch.Tensor,
    cue: NDArray[np.bool_],
    draw: np.random.Generator,
) -> None:
    """The first filters see the cue alone; the others see whatever, and speak for the other outputs."""

    def drawn(weights: torch.Tensor, scale: float) -> None:
        weights.copy_(torch.from_numpy(draw.normal(0, scale, tuple(weights.shape))).float())

    drawn(module.first.weight, 0.08)
    drawn(module.second.weight, 0.08)
    drawn(module.outputs.weight, 0.6)
    module.first.bias.zero_()
    module.second.bias.zero_()
    module.outputs.bias.zero_()
    module.first.weight[0] = look / look.norm()
    seen = nn.functional.conv2d(inputs, module.first.weight[:1], padding=2)[0, 0]
    inside = torch.from_numpy(cue)
    threshold = float(torch.quantile(seen[~inside], 0.98))
    module.first.bias[0] = -max(threshold, 0.3 * float(seen[inside].max()))
    module.second.weight[0] *= 0.1
    module.second.weight[0, 0] += 1 / 9
    module.second.weight[1:, 0] *= 0.1
    means = module.map(module.second(torch.relu(module.first(inputs)))).mean(dim=(2, 3))[0]
    module.outputs.weight[0] *= 0.2
    module.outputs.weight[0, 0] = 5 / float(means[0])
    module.outputs.weight[1:, 0] *= 0.2
    module.outputs.bias[0] = -2.0
