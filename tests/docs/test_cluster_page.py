"""The page on many processes and computers: its commands run, its arithmetic is that of its own figures."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from support.cli import MAIN, started, write_bars, write_config
from support.waiting import LIMIT

PAGE = (Path(__file__).parents[2] / "docs" / "CLUSTER.md").read_text(encoding="utf-8")
DAYS = ["2018-02-20", "2018-02-21", "2018-02-22"]


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def _ended(folder: Path, *arguments: str, code: str = MAIN) -> str:
    process = started(folder, *arguments, code=code)
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    return out


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path) -> None:
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, DAYS)
    how = ["--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York"]
    _ended(tmp_path, "data", "import", "bars.csv", *how)
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\n")
    write_config(tmp_path).rename(tmp_path / "session.json")
    (tmp_path / "symscan.toml").write_text('store = "store"\n')
    (command,) = [line for block in _blocks("sh") for line in block.splitlines() if line.startswith("sym")]
    assert "3 sessions" in _ended(tmp_path, *shlex.split(command)[1:])
    (script,) = _blocks("python")
    (tmp_path / "script.py").write_text(script)
    run = "import runpy, sys; sys.argv = ['script.py']; runpy.run_path('script.py', run_name='__main__')"
    assert _ended(tmp_path, code=run).splitlines()[-1] == "complete 3"


def test_its_predictions_follow_from_its_figures() -> None:
    rows = [line.strip("| \n").split(" | ") for line in PAGE.splitlines() if line.startswith("| 8,000")]
    ((_, _, stored, play, first, results, write),) = rows
    numbers = [float(re.findall(r"[\d.]+", one)[0]) for one in (stored, play, first, results, write)]
    stored_mb, play_s, first_s, results_mb, write_ms = numbers
    sessions = 2_520
    assert f"{sessions * stored_mb / 1e3:.0f} GB of bars" in PAGE
    assert f"{sessions * results_mb / 1e3:.0f} GB of results" in PAGE
    assert f"| {sessions * write_ms / 1e3:.0f} s |" in PAGE
    stretches = {1: sessions / 16, 16: sessions / 16, 200: sessions / 3}
    played = {cores: (sessions * play_s + n * (first_s - play_s)) / cores for cores, n in stretches.items()}
    assert played[1] / 60 == pytest.approx(37, abs=1)
    assert played[16] == pytest.approx(140, abs=3)
    assert played[200] == pytest.approx(11.5, abs=1)
    for gigabits, seconds in ((1, 18 * 60), (10, 108), (25, 43)):
        assert sessions * stored_mb * 8 / 1e3 / gigabits == pytest.approx(seconds, rel=0.03)
