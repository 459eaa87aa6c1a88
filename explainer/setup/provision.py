"""What the app needs besides Python packages: fetched at set-up, or packed for a room without a network."""

import contextlib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from explainer.setup import files, wordnet
from explainer.setup.files import YUNET, Asset, ProvisionError, Report


def provision(report: Report = print, wanted: Iterable[Asset] = (YUNET,), *, apt: bool = False) -> list[str]:
    """Fetch WordNet and the face detector; returns the names of what is missing.

    `report` gets a line for each. `apt` allows apt-get to install WordNet. Nothing is raised for what cannot be had:
    the app runs without it, and the line says what that means.
    """
    missing = []
    try:
        report(f"WordNet 3.0: {wordnet.fetch(apt=apt, report=report)}")
    except ProvisionError as error:
        report(_not_available("WordNet 3.0", error))
        missing.append("WordNet 3.0")
    for asset in wanted:
        try:
            with files.terminal_progress(asset.name) as progress:
                source = files.obtain(asset, progress=progress, report=report)
            report(f"{asset.name}: {source}")
        except ProvisionError as error:
            report(_not_available(asset.name, error))
            missing.append(asset.name)
    return missing


def _not_available(name: str, error: ProvisionError) -> str:
    return f"{name}: not available. {str(error).removeprefix(f'{name} could not be fetched. ')}"


def pack(folder: Path, wanted: Iterable[Asset] = (YUNET,), *, wheels: bool = True, report: Report = print) -> int:
    """Fill `folder` with all that a set-up takes from the network; returns its size in bytes.

    With `EXPLAINER_MIRROR` naming that folder, the set-up then needs no network on a computer with the same
    operating system, processor and version of Python. Called again, it keeps what is there. `wheels=False`
    leaves out the Python packages, gigabytes. Raises `ProvisionError` if anything cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for asset in wanted:
        target = folder / asset.filename
        if not files.is_whole(target, asset):
            with files.terminal_progress(asset.name) as progress:
                reason = files.copy(files.fetch(asset, progress=progress, report=report), asset, target)
            if reason is not None:
                raise ProvisionError(reason)
        report(f"{asset.name}: packed")
    _pack_wordnet(folder / "wordnet", report)
    report("WordNet 3.0: packed")
    constraints = files.project_folder() / "constraints.txt"
    if not constraints.exists():
        raise ProvisionError(f"{constraints} is missing: pack from a checkout of the project.")
    shutil.copyfile(constraints, folder / constraints.name)
    if wheels:
        _pack_wheels(folder / "wheels", constraints)
        report("Python packages: packed")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    report(f"{folder}: {size / 1e6:,.0f} MB")
    return size


def _pack_wordnet(folder: Path, report: Report) -> None:
    wordnet.fetch(report=report)
    root = wordnet.pointer()
    if root is None:
        raise ProvisionError("WordNet 3.0 was removed while it was being packed.")
    folder.mkdir(exist_ok=True)
    for name in wordnet.FILES:
        with contextlib.closing(root.join(name).open()) as stream:
            text = stream.read()
        copy = folder / f"{name}.copy"
        copy.write_bytes(text)
        copy.replace(folder / name)


def _pack_wheels(folder: Path, constraints: Path) -> None:
    """Downloads the locked packages, and what builds this one, with pip."""
    project = files.project_folder()
    with (project / "pyproject.toml").open("rb") as stream:
        builders = tomllib.load(stream)["build-system"]["requires"]
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--dest",
        str(folder),
        "--constraint",
        str(constraints),
    ]
    run = subprocess.run([*command, *builders, str(project)])  # noqa: S603 (fixed arguments)
    if run.returncode != 0:
        raise ProvisionError("pip could not download all packages; its message stands above. Try again.")
