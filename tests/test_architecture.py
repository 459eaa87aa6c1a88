"""The house: pages are straight scripts that compute nothing, and nothing slow is loaded before it is needed."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from handmade import ROOT, SOURCES
from streamlit.runtime.caching.ttl_cache import TTLCache

PAGES = [file for file in SOURCES if file.startswith("pages/") or file == "streamlit_app.py"]
SLOW = ("torch", "torchvision", "timm", "captum", "nltk", "openvino", "skimage")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_defines_nothing(page: str) -> None:
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    assert [node.name for node in ast.walk(ast.parse(SOURCES[page])) if isinstance(node, definitions)] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_imports_streamlit_and_the_package_alone(page: str) -> None:
    roots = set()
    for node in ast.walk(ast.parse(SOURCES[page])):
        if isinstance(node, ast.Import):
            roots.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
    assert roots <= {"streamlit", "explainer"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_read_at_a_sitting(page: str) -> None:
    assert len(SOURCES[page].splitlines()) <= 150


@pytest.mark.parametrize("file", SOURCES)
def test_nothing_writes_html_of_its_own(file: str) -> None:
    assert "unsafe_allow_html" not in SOURCES[file]


@pytest.mark.parametrize("file", SOURCES)
def test_what_a_page_computes_is_measured_so_no_part_of_it_has_a_thread_of_its_own(file: str) -> None:
    assert "parallel=True" not in SOURCES[file]


@pytest.mark.parametrize("file", sorted(name for name in SOURCES if not name.startswith("tests/")))
def test_nothing_is_cached_for_a_time_at_whose_end_streamlit_raises_an_error(file: str) -> None:
    # It asks whether a result is there, and then for it, and looks at the clock each time.
    now = 0.0
    cache = TTLCache[str, int](maxsize=10, ttl=1.0, timer=lambda: now)
    cache["rules"] = 1
    assert "rules" in cache
    now = 1.1
    with pytest.raises(KeyError):
        cache["rules"]
    assert not re.search(r"\bttl=", SOURCES[file])


@pytest.mark.slow
def test_the_app_starts_without_the_libraries_that_take_seconds() -> None:
    script = f"""
import sys
from explainer.charts import pictures
from explainer.ui import computed
from explainer.vision import samples
print(*(name for name in {SLOW} if name in sys.modules))
print(*(name for name in sys.modules if name.startswith("explainer.serving") or name == "safetensors"))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.split() == []


@pytest.mark.slow
def test_a_single_process_imports_nothing_of_a_cluster(tmp_path: Path) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    of_it = {re.split(r"\W", each)[0] for each in extras["cluster"]}
    assert {"psycopg", "ray"} <= of_it
    script = f"""
import importlib, pkgutil, sys
from streamlit.testing.v1 import AppTest
from explainer import ui
for module in pkgutil.walk_packages(ui.__path__, "explainer.ui."):
    importlib.import_module(module.name)
assert not AppTest.from_file("streamlit_app.py", default_timeout=120).run().exception
print(*(name for name in sys.modules if name.partition("_")[0].partition(".")[0] in {of_it}))
print(*(name for name in sys.modules if name.startswith(("explainer.serving", "explainer.workshop.postgres"))))
"""
    alone = {name: value for name, value in os.environ.items() if not name.startswith("EXPLAINER_")}
    alone |= {"EXPLAINER_DATA": str(tmp_path), "EXPLAINER_PRESENTER_KEY": "a key of the tests"}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env=alone)
    assert (run.stdout.split(), run.returncode) == ([], 0), run.stderr


def test_ray_is_known_to_one_file_alone() -> None:
    found = {
        file
        for file, text in SOURCES.items()
        for node in ast.walk(ast.parse(text))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        if name.split(".")[0] == "ray"
    }
    assert found == {"explainer/serving/deployments.py"}
