"""Model cards: one TOML file in `models/` for each model that can be asked."""

import importlib.util
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from explainer.assets import models_folder

DEFAULT = "efficientnet-lite0"
"""The card of the model that comes with the app."""


class CardError(Exception):
    """A model card that is missing or wrong, in a sentence."""


@dataclass(frozen=True)
class Weights:
    """Where a model's weights are: `file` within an installed `package`, and the SHA-256 of its bytes in hex."""

    package: str
    file: str
    sha256: str

    @property
    def path(self) -> Path | None:
        """The file, or None where it is not present."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.origin is None:
            return None
        path = Path(spec.origin).parent / self.file
        return path if path.is_file() else None


@dataclass(frozen=True)
class Transform:
    """What a model wants to see: side x side pixels, each value (0 to 255) as (value - mean) / std by channel."""

    side: int
    mean: Sequence[float]
    std: Sequence[float]

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be a transform."""
        triples = all(
            len(values) == 3 and all(isinstance(v, float) for v in values) for values in (self.mean, self.std)
        )
        if not (isinstance(self.side, int) and self.side > 0 and triples and 0.0 not in self.std):
            raise ValueError("the transform needs a side in pixels and three decimals each of mean and std")


@dataclass(frozen=True)
class ModelCard:
    """All that is known of a model without loading it. `labels` names the label set that its outputs stand for."""

    name: str
    title: str
    architecture: str
    source: str
    paper: str
    licence: str
    labels: str
    good_for: str
    grad_cam_layer: str
    weights: Weights
    transform: Transform


def load(name: str = DEFAULT) -> ModelCard:
    """The card of that name. Raises CardError where there is none, or where it does not say what it must."""
    cards = {path.stem: path for path in sorted(models_folder().glob("*.toml"))}
    if name not in cards:
        raise CardError(f"There is no model {name!r}; there are {', '.join(cards) or 'none'} in {models_folder()}.")
    try:
        fields = tomllib.loads(cards[name].read_text(encoding="utf-8"))
        card = ModelCard(
            weights=Weights(**fields.pop("weights")), transform=Transform(**fields.pop("transform")), **fields
        )
        if card.name != name:
            raise ValueError(f"its name is {card.name!r}")
    except (ValueError, TypeError, KeyError) as error:  # a TOML that cannot be read is a ValueError as well
        raise CardError(f"The model card {cards[name].name} cannot be read: {error}.") from error
    return card


def load_all() -> tuple[ModelCard, ...]:
    """Every card in the folder, by name. Raises CardError for the first that is wrong."""
    return tuple(load(path.stem) for path in sorted(models_folder().glob("*.toml")))
