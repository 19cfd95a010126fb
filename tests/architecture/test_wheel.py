"""The package as users install it: a wheel, in an environment that knows nothing of this folder."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
UNIVERSES = ROOT / "data" / "universes"

WHERE = """
import symscan
from symscan import load_universe
from symscan.runtime.building.plugins import SCANNERS
print(symscan.__file__)
assert len(load_universe("sp500").symbols) > 400
assert SCANNERS.builtin_names()
"""


def _run(folder: Path, *command: str | Path) -> str:
    """Run a command that finds nothing of this folder; its output."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def _files() -> set[str]:
    """What the wheel must hold: every file of the package that is in the repository, and the universes."""
    kept = [path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    universes = {f"symscan/data/universes/{path.name}" for path in UNIVERSES.iterdir()}
    return {path.relative_to(SOURCE).as_posix() for path in kept} | universes


@pytest.mark.slow
def test_the_wheel_is_whole_and_works_where_nothing_else_is(tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    _run(tmp_path, python, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("symscan-*.whl")
    with ZipFile(wheel) as packed:
        names = set(packed.namelist())
    assert _files() - names == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)

    _run(tmp_path, python, "-m", "pip", "install", "-q", "--no-deps", wheel)
    # What symscan depends on is installed beside these tests: a path is enough, and takes no time.
    (site,) = (home / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text("\n".join({*map(sysconfig.get_path, ("purelib", "platlib"))}))

    assert Path(_run(tmp_path, python, "-c", WHERE).strip()).is_relative_to(home)
    command = home / "bin" / "symscan"
    assert "sp500" in _run(tmp_path, command, "scanners", "gap")
    _run(tmp_path, command, "demo", "--symbols", "60")
    assert (tmp_path / "demo" / "run" / "episodes.csv").read_text().count("\n") > 1
    _run(tmp_path, command, "new", "scanner", "rising_stars")
    day = ("--store", "demo/store", "--date", "2026-01-15")
    _run(tmp_path, command, "scan", "rising_stars", *day, "--at", "10:30", "--universe", "store")
