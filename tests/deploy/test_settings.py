"""What starts parts of a cluster on one machine keeps others of that machine out."""

import runpy
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from handmade import ROOT


def script(name: str) -> dict[str, Any]:
    """What a script of `deploy/` defines."""
    return runpy.run_path(str(ROOT / "deploy" / name))


def test_what_keeps_strangers_out_of_ray_cannot_be_set_to_something_else_by_chance() -> None:
    service = script("service.py")
    given = {"RAY_AUTH_MODE": "disabled", "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": "9000", "PATH": "/bin"}
    told = service["environment"](given)
    assert told == {**service["SETTINGS"], "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": "9000"}
    assert told["RAY_AUTH_MODE"] == "token"


def test_the_log_of_a_part_is_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPLAINER_CLUSTER", str(tmp_path))
    (tmp_path / "part.log").touch(mode=0o644)  # of an earlier start
    part = script("cluster.py")["Part"]("part", [sys.executable, "-c", "print('said')"], {}, lambda: True)
    assert part.start().wait(10) == 0
    assert (tmp_path / "part.log").read_text() == "said\n"
    assert stat.S_IMODE((tmp_path / "part.log").stat().st_mode) == 0o600


def test_the_service_is_given_its_token_and_none_of_the_apps_secrets() -> None:
    cluster = script("cluster.py")
    cluster["parts"].__globals__.update(database=lambda: None, haproxy=lambda: "haproxy")  # which need not be installed
    (service,) = (part for part in cluster["parts"]() if part and part.name == "service")
    assert set(service.environment) == {"EXPLAINER_SERVICE_TOKEN"}


def test_where_postgresql_cannot_begin_a_sentence_says_what_to_do_and_the_next_start_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("EXPLAINER_CLUSTER", str(tmp_path / "cluster"))
    (tmp_path / "cluster").mkdir()
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="Name a folder that it can reach: EXPLAINER_CLUSTER"):
        script("cluster.py")["database"]()
    assert not list((tmp_path / "cluster").iterdir())


def test_a_process_of_the_app_is_served_by_asyncio_and_h11_whatever_else_is_installed() -> None:
    code = """import runpy; runpy.run_path("deploy/run_streamlit.py")
from uvicorn.loops.auto import auto_loop_factory
from uvicorn.protocols.http.auto import AutoHTTPProtocol
print(auto_loop_factory().__module__, AutoHTTPProtocol.__name__)"""
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.split() == ["asyncio.unix_events", "H11Protocol"]
