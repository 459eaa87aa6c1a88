"""`make setup`: where the packages come from, and what it may do to the computer."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str, folder: Path = PROJECT, **environment: str) -> str:
    """What make prints, its errors too."""
    # Variables of the make that runs these tests come as environment: `make test APT=1` is not to reach the calls here.
    outer = ("MAKE", "MFLAGS", "EXPLAINER_", "PIP_", "APT", "TORCH", "PORT", "PROCESSES")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(outer)}
    run = subprocess.run(
        ["make", *arguments], cwd=folder, env=clean | environment, capture_output=True, text=True, timeout=120
    )
    return run.stdout + run.stderr


@pytest.mark.parametrize("name", ["stick", "NO NAME"])
def test_the_wheels_of_a_packed_folder_are_used_whatever_its_name(name: str, tmp_path: Path) -> None:
    packed = tmp_path / name / "packed"
    (packed / "wheels").mkdir(parents=True)
    said = make("-n", "-W", "pyproject.toml", "setup", EXPLAINER_MIRROR=str(packed))
    assert f'--no-index --find-links "{packed}/wheels"' in said


def test_apt_is_not_asked_unless_the_caller_asks_for_it() -> None:
    assert "--apt" not in make("-n", "setup")
    assert "--apt" in make("-n", "setup", "APT=1")


def index(folder: Path) -> Path:
    """A folder in the form of PyTorch's index of wheels without CUDA: a page for each package, beside its files."""
    for name, version in (("torch", "2.15.0"), ("torchvision", "0.29.2")):
        (folder / name).mkdir(parents=True)
        wheel = f"{name}-{version}+cpu-py3-none-any.whl"
        info = f"{name}-{version}+cpu.dist-info"
        with zipfile.ZipFile(folder / name / wheel, "w") as archive:
            archive.writestr(f"{name}/__init__.py", "")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}+cpu\n")
            archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        (folder / name / "index.html").write_text(f'<a href="{wheel.replace("+", "%2B")}">{wheel}</a>')
    return folder


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("checkout")
    shutil.copy(PROJECT / "Makefile", made)
    (made / "constraints.txt").write_text("torch==2.15.0\ntorchvision==0.29.2\n")
    return made


@pytest.mark.slow
def test_an_index_that_cannot_be_reached_is_told_and_the_usual_wheels_follow(checkout: Path, tmp_path: Path) -> None:
    said = make(".venv/torch-cpu", "TORCH=cpu", f"TORCH_INDEX={tmp_path.as_uri()}/nowhere", folder=checkout)
    assert "the usual ones are installed." in said
    assert "Error" not in said
    assert not (checkout / ".venv" / "torch-cpu").exists()


def test_torch_without_cuda_is_installed_before_the_other_packages(checkout: Path, tmp_path: Path) -> None:
    said = make(".venv/torch-cpu", "TORCH=cpu", f"TORCH_INDEX={index(tmp_path / 'cpu').as_uri()}", folder=checkout)
    assert "Successfully installed torch-2.15.0+cpu torchvision-0.29.2+cpu" in said
    # What pip would do next: the locked version is there already.
    python = checkout / ".venv" / "bin" / "python"
    asked = [python, "-m", "pip", "install", "--no-index", "-c", "constraints.txt", "torch>=2.6"]
    run = subprocess.run(asked, cwd=checkout, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0
    assert "already satisfied: torch>=2.6" in run.stdout


def test_torch_without_cuda_is_asked_for_by_its_name_alone() -> None:
    assert "download.pytorch.org/whl/cpu" in make("-n", "-W", "pyproject.toml", "setup", "TORCH=cpu")
    assert "download.pytorch.org" not in make("-n", "-W", "pyproject.toml", "setup")
