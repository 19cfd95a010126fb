"""The guide of notebooks runs in a Jupyter kernel, the reference as a script; nothing else prints."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.cli import environment
from support.waiting import LIMIT

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = {"report.html", "tonight.txt"}
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PLAY = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
try:
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
finally:
    nbformat.write(notebook, sys.argv[1])
"""


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment({"JUPYTER_PLATFORM_DIRS": "1", "IPYTHONDIR": str(folder / ".ipython")}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the market of the demo."""
    folder = tmp_path_factory.mktemp("notebook")
    made = _python(folder, "-c", "from symscan.cli import main; main(['demo'])")
    assert made.returncode == 0, made.stderr
    return folder


def _played(folder: Path, cells: list[str]) -> list[dict[str, Any]]:
    """The cells as the kernel leaves them."""
    path = folder / "notebook.ipynb"
    parts = [
        {"cell_type": "code", "id": f"c{number}", "source": source, "metadata": {}, "outputs": []}
        for number, source in enumerate(cells)
    ]
    for part in parts:
        part["execution_count"] = None
    path.write_text(json.dumps({"cells": parts, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    done = _python(folder, "-c", PLAY, str(path))
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    return found


def _streams(cells: list[dict[str, Any]]) -> list[str]:
    """What was printed."""
    return ["".join(one["text"]) for cell in cells for one in cell["outputs"] if "text" in one]


def test_the_notebook_runs_in_a_kernel(folder: Path) -> None:
    before = {path.name for path in folder.iterdir()}
    cells = _played(folder, BLOCK.findall((DOCS / "NOTEBOOK.md").read_text()))
    assert _streams(cells) == []
    shown = [
        one["data"] for cell in cells for one in cell["outputs"] if one["output_type"] == "execute_result"
    ]
    assert len(shown) == len(cells) - 1  # but the one that defines the scanner
    *shown, symbol, scanner, _ = shown
    pictures = ["".join(chart["image/svg+xml"]) for chart in (symbol, scanner)]
    assert all(picture.startswith("<svg") and "<path" in picture for picture in pictures)  # no network
    assert all("text/html" in one for one in shown[1:])
    run = "".join(shown[3]["text/html"])
    assert "notebook: 2 sessions, 2026-01-14 to 2026-01-15" in run
    assert "pullback" in run
    tables = ["".join(one["text/html"]) for one in shown[4:]]
    assert not [table for table in tables if "shape: (0," in table]
    assert {path.name for path in folder.iterdir()} - before <= {"notebook.ipynb", ".ipython", *WRITTEN}


def test_a_cell_shows_progress_and_its_class_has_a_source(folder: Path) -> None:
    example = BLOCK.findall((DOCS / "PYTHON.md").read_text())[1]
    source = "from symscan.plugins.class_digests import _source\nprint(_source(Early))"
    cells = _played(folder, [f"import symscan\n{example}", source])
    (bar,) = (one for one in cells[0]["outputs"] if one["output_type"] == "display_data")
    assert bar["data"]["text/html"] in ("", [])  # emptied at the end
    assert _streams(cells)[0].startswith('class Early(symscan.BaseScanner):\n    """Finds the symbols')


def test_the_reference_runs_as_a_script_without_a_main_guard(folder: Path) -> None:
    script = "\n".join(BLOCK.findall((DOCS / "PYTHON.md").read_text()))
    (folder / "reference.py").write_text(f"{script}\nprint(most.height, bars.height, days.height)\n")
    done = _python(folder, "reference.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "3 312 4\n"
