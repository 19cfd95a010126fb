"""The scanner guide runs as written: its files are saved, its commands are called, in its order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from support.cli import Ended, call

GUIDE = (Path(__file__).parents[2] / "docs" / "SCANNER_GUIDE.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _file_name(language: str, code: str, before: str) -> str:
    if language == "python":
        (name,) = re.findall(r"^# (\w+\.py)$", code, re.MULTILINE)[:1]
        return str(name)
    return str(re.findall(r"`(\w+\.json)`", before)[-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guide")


@pytest.mark.slow
def test_it_runs_as_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    ran: dict[str, Ended] = {}
    for block in BLOCK.finditer(GUIDE):
        language, code = block.groups()
        if language != "sh":
            Path(_file_name(language, code, GUIDE[: block.start()])).write_text(code)
            continue
        for line in code.splitlines():
            ran[line] = call(capsys, *shlex.split(line)[1:])
            assert (ran[line].code, ran[line].err) == (0, ""), line
    found = [ended.out for line, ended in ran.items() if line.startswith("symscan scan ")]
    assert len(found) == 4
    for out in found:
        (count,) = re.findall(r"^(\d+) found", out, re.MULTILINE)
        assert int(count) > 0, out
    runs = [ended.out for line, ended in ran.items() if line.startswith("symscan run ")]
    assert all("no hits" not in out and "failed: " not in out for out in runs)
    assert [out.count("first new hits") for out in runs] == [1, 2]


def test_ten_minutes_hold_a_first_scanner() -> None:
    """The shortest way to a scanner in Python is a screenful."""
    (first,) = (code for language, code in BLOCK.findall(GUIDE) if code.startswith("# steady.py"))
    assert len(first.splitlines()) < 25
