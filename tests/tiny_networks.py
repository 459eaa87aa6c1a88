"""Networks that can be worked out on paper, and pictures of four squares for them."""

import dataclasses

import torch
from PIL import Image
from torch import nn

from explainer.attribution.explain import Target
from explainer.vision import cards
from explainer.vision.cards import Transform
from explainer.vision.classifiers import Classifier
from explainer.vision.people import PeopleHead


class Tiny(nn.Module):
    """Mean red + 2 mean green + 5; and the product of the upper left and the upper right pixel's reds."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Identity()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        means = self.map(inputs).mean(dim=(2, 3))
        product = inputs[:, 0, 0, 0] * inputs[:, 0, 0, -1]
        return torch.stack([means[:, 0] + 2 * means[:, 1] + 5, product], dim=1)


class Rectifying(nn.Module):
    """The mean of rectified 3 red - green + bias, less the mean of rectified green; and three times the latter."""

    def __init__(self, rectifier: type[nn.Module], bias: float = 0.0) -> None:
        super().__init__()
        self.before = nn.Conv2d(3, 2, 1)
        self.before.weight.data = torch.tensor([[3.0, -1.0, 0.0], [0.0, 1.0, 0.0]])[:, :, None, None]
        self.before.bias.data = torch.tensor([bias, 0.0])
        self.map = rectifier()
        self.after = nn.Linear(2, 2, bias=False)
        self.after.weight.data = torch.tensor([[1.0, -1.0], [0.0, 3.0]])

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.after(self.map(self.before(inputs)).mean(dim=(2, 3)))


def classifier_of(module: nn.Module, side: int = 2) -> Classifier:
    """It sees a channel's value, 0 to 255, as it is; black is its mean colour."""
    card = dataclasses.replace(
        cards.load(), grad_cam_layer="map", transform=Transform(side=side, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    )
    frozen = module.eval().requires_grad_(False)
    return Classifier(card, lambda: frozen, ("mean", "product"))


DOUBLE = PeopleHead(
    nn.Sequential(nn.Threshold(-1e9, 0.0), nn.Linear(2, 1, bias=False)), ("person",), ("mean", "product")
)
DOUBLE.module[1].weight.data.fill_(2.0)
MEAN, PRODUCT = Target("object", "mean"), Target("object", "product")


def picture_of(*pixels: tuple[int, int], side: int = 2) -> Image.Image:
    """Four squares of red and green, in reading order."""
    picture = Image.new("RGB", (2, 2))
    picture.putdata([(red, green, 0) for red, green in pixels])
    return picture.resize((side, side), Image.Resampling.NEAREST)
