"""``symscan new scanner`` writes a scanner that works, passes its own test, and harms nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import call, environment, written

FILES = {"rising_stars.py", "rising_stars.json", "tests", "tests/test_rising_stars.py"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_new_scanner_passes_its_test(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "new", "scanner", "rising_stars")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("wrote rising_stars.py, rising_stars.json, tests/test_rising_stars.py\n")
    assert "pytest tests/test_rising_stars.py   (needs: pip install pytest)\n" in ended.out
    assert set(written(folder)) == FILES
    assert not any(b"@" in (text or b"").replace(b"@pytest", b"") for text in written(folder).values())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr


def test_a_new_scanner_explains_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.txt").write_text("AAA\nBBB\n")
    call(capsys, "new", "scanner", "rising_stars", "--universe", "mine.txt")
    ended = call(capsys, "explain", "rising_stars.json", "--date", "2026-01-15")
    assert (ended.code, ended.err) == (0, "")
    assert "sma_20_1d" in ended.out


@pytest.mark.parametrize("name", ["1x", "a-b", "class", "../x", ""])
def test_a_name_must_be_a_module_s(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    ended = call(capsys, "new", "scanner", name)
    assert ended.code == 2
    assert f"'{name}' cannot be a module's name" in ended.err
    assert written(folder) == {}


@pytest.mark.parametrize("file", sorted(FILES - {"tests"}))
def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str], file: str) -> None:
    (folder / "tests").mkdir()
    (folder / file).write_text("mine")
    before = written(folder)
    ended = call(capsys, "new", "scanner", "rising_stars")
    assert ended.code == 2
    assert ended.err == f"error: {file} exists; choose another name, or remove it first\n"
    assert written(folder) == before
