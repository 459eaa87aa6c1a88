"""`make`: where the packages come from, what it may do to the computer, and who can reach what it serves."""

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from explainer.workshop import addresses

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


@pytest.mark.slow
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


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder in the place of .venv, with the app's programs of this very Python."""
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)
    for name, call in (("python", ""), ("explainer", '-c "from explainer.cli import main; main()"')):
        (folder / name).write_text(f'#!/bin/sh\nexec {sys.executable} {call} "$@"\n')
        (folder / name).chmod(0o755)
    return folder.parent


@contextlib.contextmanager
def served(target: str, programs: Path, port: int, **environment: str) -> Iterator[Callable[[], str]]:
    """`make app` or `make workshop`, once it answers; gives what it printed so far."""
    log = programs / "log"
    command = ["make", "-o", "setup", target, f"VENV={programs}", f"PORT={port}"]
    settings = {"EXPLAINER_DATA": str(programs), "EXPLAINER_PRESENTER_KEY": "", **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | settings, stdout=output, stderr=output)
        try:
            assert any("can reach it" in log.read_text() or time.sleep(0.2) for _ in range(300)), log.read_text()
            assert reached("127.0.0.1", port)
            yield log.read_text
        finally:
            process.terminate()
            process.wait(30)


def reached(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=2):
        return True
    return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("", 0))
        return int(listener.getsockname()[1])


@pytest.mark.slow
def test_make_app_serves_this_computer_alone_and_says_so(programs: Path) -> None:
    port = free_port()
    with served("app", programs, port) as printed:
        assert all(not reached(address, port) for address in ("127.0.0.2", *addresses.addresses()))
        assert "This computer alone can reach it." in printed()


@pytest.mark.slow
def test_make_workshop_serves_the_network_and_prints_address_and_key_and_who_can_reach_it(programs: Path) -> None:
    port = free_port()
    with served("workshop", programs, port) as printed:
        assert all(reached(address, port) for address in ("127.0.0.2", *addresses.addresses()))
        said = printed()
        assert re.search(r"The presenter's key for workshops: \S{4}(-\S{4}){3}", said)
        assert "Everybody in this computer's networks can reach it, at http://" in said
        assert "plain http" in said
        assert all(f"http://{address}:{port}" in said for address in addresses.addresses())


@pytest.mark.slow
def test_make_workshop_prints_no_key_that_is_set_already(programs: Path) -> None:
    with served("workshop", programs, free_port(), EXPLAINER_PRESENTER_KEY="a key of the tests") as printed:
        assert "a key of the tests" not in printed()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_with_a_certificate_the_command_of_the_guide_serves_phones_by_https(programs: Path) -> None:
    guide = (PROJECT / "docs" / "workshop.md").read_text("utf-8")
    (command,) = re.findall(r"^    (.*cert\.pem.*)$", guide, re.MULTILINE)
    assert command in (PROJECT / "explainer" / "data" / "it_page.html").read_text("utf-8")
    *settings, _, target = command.split()
    files = {name: str(programs / name) for name in ("cert.pem", "key.pem")}
    making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a workshop", "-days", "2"]
    making += ["-keyout", files["key.pem"], "-out", files["cert.pem"]]
    subprocess.run(making, check=True, capture_output=True)
    environment = {name: files[file] for name, _, file in (each.partition("=") for each in settings)}
    port = free_port()
    with served(target, programs, port, **environment) as printed:
        for address in ("127.0.0.2", *addresses.addresses()):
            known = ssl.create_default_context(cafile=files["cert.pem"])
            known.check_hostname = False
            with urllib.request.urlopen(f"https://{address}:{port}/", timeout=30, context=known) as page:
                assert page.status == 200
        assert "can reach it, at https://" in printed()
        assert "plain http" not in printed()
