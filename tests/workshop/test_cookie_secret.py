"""The secret by which browsers are known over a restart: kept where only the owner reads it, and never half written."""

import os
import stat
import threading
import time
from pathlib import Path

import pytest
from services import until

from explainer.workshop import cookie_secret


def test_a_folder_keeps_one_secret_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    made = cookie_secret.kept(folder)
    assert made
    assert len(made) >= 32
    assert cookie_secret.kept(folder) == made
    assert cookie_secret.kept(tmp_path / "another") != made
    assert [each.name for each in folder.iterdir()] == [cookie_secret.NAME]
    if os.name == "posix":
        assert stat.S_IMODE((folder / cookie_secret.NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("torn", [b"", b"half of one", b"\xff\x00" * 80, b"\0" * 43, b" \n" * 100])
def test_what_is_no_secret_is_replaced(torn: bytes, tmp_path: Path) -> None:
    (tmp_path / cookie_secret.NAME).write_bytes(torn)
    made = cookie_secret.kept(tmp_path)
    assert made
    assert len(made) >= 32
    assert cookie_secret.kept(tmp_path) == made


@pytest.mark.parametrize("in_the_way", ["a file", "a folder of the secret's name"])
def test_one_that_cannot_be_written_holds_and_is_written_once_that_works(
    in_the_way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cookie_secret, "_AGAIN", 0.05)
    folder = tmp_path / "data"
    wrong = folder if in_the_way == "a file" else folder / cookie_secret.NAME
    wrong.touch() if wrong == folder else wrong.mkdir(parents=True)
    made = cookie_secret.kept(folder)
    time.sleep(0.2)  # it is tried in vain
    wrong.unlink() if wrong == folder else wrong.rmdir()
    assert until((folder / cookie_secret.NAME).is_file, 10)
    assert (folder / cookie_secret.NAME).read_text("ascii") == made == cookie_secret.kept(folder)


def test_one_that_comes_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cookie_secret, "_AGAIN", 0.5)
    (tmp_path / "data").touch()
    cookie_secret.kept(tmp_path / "data")
    (tmp_path / "data").unlink()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / cookie_secret.NAME).write_text("x" * 43, "ascii")
    writing = [each for each in threading.enumerate() if each.name == "secret"]
    assert writing
    for each in writing:
        each.join(10)
    assert cookie_secret.kept(tmp_path / "data") == "x" * 43
