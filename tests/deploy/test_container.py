"""The container file: its steps are those that the README gives, and it holds neither weights nor root's rights."""

import re

from handmade import ROOT

LINES = (ROOT / "deploy" / "Containerfile").read_text("utf-8").splitlines()


def steps(instruction: str) -> list[str]:
    """What follows an instruction, each time that it stands there."""
    return [line.removeprefix(f"{instruction} ") for line in LINES if line.startswith(f"{instruction} ")]


def test_what_it_runs_as_its_user_is_what_the_readme_and_the_makefile_say() -> None:
    before, after = "\n".join(LINES).split("\nUSER explainer\n")
    assert re.findall("RUN (apt-get|useradd)", before) == ["apt-get", "useradd"]  # what needs root's rights
    setup, cluster = re.findall("^RUN (.*)$", after, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert setup == "make setup TORCH=cpu"
    assert "\nsetup:" in makefile
    assert "make app TORCH=cpu" in (ROOT / "README.md").read_text("utf-8")  # `make app` is `make setup`, and a server
    assert "\napp: setup\n" in makefile
    page = (ROOT / "deploy" / "postgresql.md").read_text("utf-8")
    assert cluster.removeprefix(".venv/bin/") in page


def test_it_starts_the_app_as_a_cluster_does_and_looks_after_its_health() -> None:
    (command,) = steps("CMD")
    words = re.findall('"([^"]+)"', command)
    assert words == ["python", "deploy/run_streamlit.py", "--server.address", "0.0.0.0"]
    (health,) = steps("HEALTHCHECK")
    assert "/_stcore/health" in health


def test_it_copies_nothing_that_the_history_does_not_have() -> None:
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split()}
    left_out = {line.strip("/").removeprefix("**/") for line in (ROOT / ".dockerignore").read_text("utf-8").split("\n")}
    assert {"models/weights", "models/compiled", "data"} <= ignored <= left_out
    assert {".git", "secrets.env", "*.pem", "*.key"} <= left_out


def test_the_version_of_python_is_one_that_the_app_takes() -> None:
    (image,) = steps("FROM")
    assert image == "python:3.11-slim"
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text("utf-8")
