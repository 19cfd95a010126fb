"""The rules of the house: style, types, layers, short modules, nothing of the machine it was written on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (".ci", "benchmarks", "data", "docs", "examples", "ops", "session_configs", "src", "tests")
OURS = ("benchmarks", "docs", "examples", "src", "tests", "README.md")
"""What has to be in our style; a scanner that somebody tries out beside it need not."""

LONGEST_MODULE = 400
MOST_MODULES = 15

INSTALL = "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e "
DEMO = INSTALL + ". && .venv/bin/symscan demo"
TEST = INSTALL + "'.[test]' && .venv/bin/pytest"

# Character classes keep a pattern from finding itself here.
OF_THE_MACHINE = {
    "a path of one machine": r"(?<![\w.])/(?:w[o]rk|r[o]ot|h[o]me/\w+|U[s]ers/\w+|tm[p]/\w+|op[t])/",
    "a package index": r"(?i)p[y]pi\.|pythonh[o]sted|ind[e]x-url|find-l[i]nks|trusted-h[o]st|artif[a]ctory",
    "a private address": r"(?<![=.\d])(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d+){2,3}\b",
}


def _run(*command: str) -> None:
    """Run a checker in the project's folder; its output is the failure's message."""
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def _files() -> Iterator[Path]:
    """Every text file that belongs to the project."""
    for folder in FOLDERS:
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.is_file())
    yield from (path for path in sorted(ROOT.iterdir()) if path.is_file())


def _text(path: Path) -> str | None:
    """A file's text, None if it is compiled or binary."""
    if "__pycache__" in path.parts:
        return None
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_ruff_finds_nothing() -> None:
    _run(sys.executable, "-m", "ruff", "check", "--quiet", *OURS)


def test_ruff_would_change_nothing() -> None:
    _run(sys.executable, "-m", "ruff", "format", "--check", "--quiet", *OURS)


@pytest.mark.slow
def test_types_are_strict() -> None:
    _run(sys.executable, "-m", "mypy")


def test_imports_point_down() -> None:
    _run(sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()")


def test_modules_are_short() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in (ROOT / "src").rglob("*.py")
    }
    assert len(lengths) > 10
    assert {module: lines for module, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_folders_are_small() -> None:
    modules = Counter(
        str(path.parent.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    )
    assert modules.total() > 100
    assert {folder: count for folder, count in modules.items() if count > MOST_MODULES} == {}


@pytest.mark.parametrize("kind", OF_THE_MACHINE)
def test_files_hold_nothing_of_a_machine(kind: str) -> None:
    pattern = re.compile(OF_THE_MACHINE[kind])
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in _files()
        for number, line in enumerate((_text(path) or "").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == [], kind


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("a path of one machine", "cd /w" + "ork/main"),
        ("a package index", "--ind" + "ex-url=https://example.org"),
        ("a private address", "http://10" + ".0.0.7:8080"),
    ],
)
def test_the_patterns_find_what_they_are_for(kind: str, line: str) -> None:
    assert re.search(OF_THE_MACHINE[kind], line)


def test_constraints_pin_every_dependency_exactly() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][\w.]*", line)] == []
    pinned = {_normal(line.split("==")[0]) for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    assert {_normal(re.split(r"[\[<>=!~; ]", name, maxsplit=1)[0]) for name in wanted} - pinned == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("command", [DEMO, TEST], ids=["demo", "test"])
def test_readme_and_makefile_say_the_same(command: str) -> None:
    assert command in (ROOT / "README.md").read_text()
    made = (ROOT / "Makefile").read_text().replace("$(VENV) ", INSTALL)
    assert f"\t{command}\n" in made


def test_ci_runs_the_readme_s_test_command() -> None:
    script = ROOT / ".ci" / "run"
    assert TEST in script.read_text().splitlines()
    assert os.access(script, os.X_OK)
