"""Model cards: one TOML file in `models/` for each model that can be asked."""

import importlib.util
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

from explainer.imagenet.vocabularies import VOCABULARIES
from explainer.setup import files
from explainer.setup.files import Asset, ProvisionError, models_folder

DEFAULT = "efficientnet-lite0"
"""The card of the model that comes with the app."""


_LONGEST = 100_000  # bytes of a card
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")  # no folder, no hidden file


class CardError(Exception):
    """A model card that is missing or wrong, in a sentence."""


class ClassifierError(CardError):
    """A model whose weights are missing or are not what its card says, in a sentence."""


People = Literal["zero-shot", "trained"]
"""How a model comes to person categories: by likeness to the objects it saw, or as outputs that it was trained on."""

Library = Literal["timm", "torchvision"]
"""Whose modules a model is made of."""


@dataclass(frozen=True)
class Packaged:
    """Weights that come with the app: `file` within an installed `package`, and the SHA-256 of its bytes in hex.

    Its tensors stand in the order of the module's, but bear other names.
    """

    package: str
    file: str
    sha256: str
    by_name = False
    asset = None

    def __post_init__(self) -> None:
        """Raises ValueError for a file outside the package, and for fields of another type."""
        _check_types(self)
        if not self.package.isidentifier() or Path(self.file).is_absolute() or ".." in Path(self.file).parts:
            raise ValueError("the weights are a file within a package")

    @property
    def path(self) -> Path | None:
        """The file, or None where it is not present."""
        folder = _package_folder(self.package)
        path = folder / self.file if folder else None
        return path if path and path.is_file() else None

    def remedy(self, name: str) -> str:
        """What to do where the file of the card of that name is missing, as the end of a sentence."""
        return f"install the package {self.package}"

    def is_whole(self) -> bool:
        """Whether the file is there, with the bytes that the card names."""
        return self.path is not None and files.digest(self.path) == self.sha256


@dataclass(frozen=True)
class Downloaded:
    """Weights that are downloaded when a visitor asks: `file` in the folder of weights, its address and its bytes.

    `sha256` is the published one in hex, or empty where none is; then `size` is about right, as `files.Asset` has it.
    The tensors bear the names that the module gives them.
    """

    file: str
    url: str
    size: int
    sha256: str = ""
    by_name = True

    def __post_init__(self) -> None:
        """Raises ValueError for a file outside the folder of weights, and for fields of another type."""
        _check_types(self)
        if not _BARE.fullmatch(self.file) or not self.url.startswith(("https://", "http://")):
            raise ValueError("the weights have a bare name of a file, and an address")

    @property
    def asset(self) -> Asset:
        """The file as something that can be fetched."""
        name = f"The file of weights {self.file}"
        return Asset(name, self.file, (self.url,), self.sha256, self.size, "this model cannot be asked; the others can")

    @property
    def path(self) -> Path | None:
        """The file, or None where it is not present."""
        path = files.weights_folder() / self.file
        return path if path.is_file() else None

    def remedy(self, name: str) -> str:
        """What to do where the file of the card of that name is missing, as the end of a sentence."""
        return f"`explainer models --download {name}` fetches them, {megabytes(self.size)}"

    def is_whole(self) -> bool:
        """Whether the file is there, with the bytes that the card names."""
        return files.path(self.asset) is not None


def megabytes(size: int) -> str:
    """A number of bytes in words: 97,800,000 is "98 MB"."""
    return f"{size / 1e6:,.0f} MB"


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
    """All that is known of a model without loading it.

    `architecture` is a name in `library`; `labels` names the label set that its outputs stand for, in their order. The
    layer that Grad-CAM reads gives a feature map (N, channels, height, width), or where `grad_cam_tokens` says so,
    tokens (N, 1 + height x width, channels), the first of them for the whole picture.
    """

    name: str
    title: str
    library: Library
    architecture: str
    source: str
    paper: str
    licence: str
    labels: str
    people: People
    good_for: str
    grad_cam_layer: str
    weights: Packaged | Downloaded
    transform: Transform
    grad_cam_tokens: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for a library or a way to people that there is not, and for fields of another type."""
        _check_types(self)
        known = {"library": get_args(Library), "people": get_args(People), "labels": tuple(VOCABULARIES)}
        for name, values in known.items():
            if getattr(self, name) not in values:
                raise ValueError(f"{name} is none of {', '.join(values)}")

    @property
    def present(self) -> bool:
        """Whether its weights are on this computer; whether they are right is found out when they are loaded."""
        return self.weights.path is not None


def _check_types(record: Packaged | Downloaded | ModelCard) -> None:
    """Raises ValueError where a field that says text, a whole number or yes and no is of another type."""
    for field in fields(record):
        kind = {"str": str, "int": int, "bool": bool, "Library": str, "People": str}.get(str(field.type))
        kind = field.type if isinstance(field.type, type) else kind
        value = getattr(record, field.name)
        if kind in (str, int, bool) and type(value) is not kind:
            raise ValueError(f"{field.name} is no {kind.__name__}")


def load(name: str = DEFAULT) -> ModelCard:
    """The card of that name. Raises CardError where there is none, or where it does not say what it must."""
    paths = {path.stem: path for path in _files()}
    if name not in paths:
        raise CardError(f"There is no model {name!r}; there are {', '.join(paths) or 'none'} in {models_folder()}.")
    return _read(paths[name], paths[name].stat().st_mtime_ns)


def load_all() -> tuple[ModelCard, ...]:
    """Every card in the folder that can be read, by name."""
    found, _ = _sorted_out()
    return found


def troubles() -> tuple[str, ...]:
    """What is wrong with the other cards, a sentence each."""
    _, sentences = _sorted_out()
    return sentences


def _sorted_out() -> tuple[tuple[ModelCard, ...], tuple[str, ...]]:
    found, sentences = [], []
    for path in _files():
        try:
            found.append(_read(path, path.stat().st_mtime_ns))
        except CardError as error:
            sentences.append(str(error))
    return tuple(found), tuple(sentences)


def _files() -> list[Path]:
    """The cards: regular files, no folders, pipes, or links that lead nowhere."""
    return sorted(path for path in models_folder().glob("*.toml") if path.is_file())


@lru_cache(maxsize=32)
def _package_folder(package: str) -> Path | None:
    """Where an installed package is: looking for it takes as long as all else of a card."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


@lru_cache(maxsize=256)
def _read(path: Path, mtime_ns: int) -> ModelCard:
    """The card in a file; its time of change is there as the cache's key."""
    try:
        if path.stat().st_size > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST:,} bytes")
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        weights = entries.pop("weights")
        kind = Packaged if "package" in weights else Downloaded
        card = ModelCard(weights=kind(**weights), transform=Transform(**entries.pop("transform")), **entries)
        if card.name != path.stem:
            raise ValueError(f"its name is {card.name!r}")
    except (ValueError, TypeError, KeyError, AttributeError, OSError, RecursionError) as error:
        raise CardError(f"The model card {path.name} cannot be read: {error}.") from error
    return card


def fetch(card: ModelCard, *, progress: files.Progress | None = None, report: files.Report = print) -> None:
    """Sees to it that the weights of a card are there, from the mirror or the network; `files.fetch` has the rest.

    A file of that name with other bytes is left as it is. Raises ProvisionError, and CardError for weights that come
    in a package which is not installed.
    """
    weights = card.weights
    if weights.asset is None:
        if not card.present:
            raise CardError(f"The weights of {card.title} are missing: {weights.remedy(card.name)}.")
        return
    if card.present and not weights.is_whole():
        raise ProvisionError(
            f"{weights.file} is not the file that the card of {card.title} names: it is left as it is. "
            "Move it away to download it again."
        )
    files.fetch(weights.asset, progress=progress, report=report)
