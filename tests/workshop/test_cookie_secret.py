"""The secret by which browsers are known over a restart: kept where only the owner reads it, and never half written."""

import os
import stat
from pathlib import Path

import pytest

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


def test_where_it_cannot_be_kept_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert cookie_secret.kept(tmp_path / "file" / "folder") is None
    (tmp_path / "data" / cookie_secret.NAME).mkdir(parents=True)
    assert cookie_secret.kept(tmp_path / "data") is None
