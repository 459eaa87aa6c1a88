"""The house: pages are straight scripts that compute nothing, and nothing slow is loaded before it is needed."""

import ast
import subprocess
import sys

import pytest
from handmade import ROOT, SOURCES

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
