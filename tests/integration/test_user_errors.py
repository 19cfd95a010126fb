"""An error in a user's scanner or strategy says the same, with its line, wherever it is told."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import DAY, Ended, call, scanner, write_bars, write_config
from support.waiting import LIMIT

STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
SCANNER = """from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        return self.look(context)

    def look(self, context):
        if context.current_time.minute in (40, 45):
            return ScanResult(["AAA"])
        {}["a"]
"""
STRATEGY = """from symscan import BaseStrategy


class Strategy(BaseStrategy):
    def on_slice(self, context):
        return [None][1]
"""
SAID = "my_scanner.py:15: {}[\"a\"]  KeyError: 'a'"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0}, [DAY])
    assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
    (tmp_path / "three.txt").write_text("AAA\nBBB\n")
    (tmp_path / "my_scanner.py").write_text(SCANNER)
    (tmp_path / "my_strategy.py").write_text(STRATEGY)
    write_config(tmp_path, _with())
    return tmp_path


def _with(**settings: Any) -> Any:
    def change(whole: dict[str, Any], _: dict[str, Any]) -> None:
        whole["session_data_config"]["scanners"].append(scanner("my_scanner", **settings))
        whole["session_data_config"]["strategies"] = [{"module": "my_strategy"}]

    return change


def _played(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    return call(capsys, *arguments, "--store", "store", "--date", DAY, "--out", "out")


def _failed(folder: Path) -> list[str]:
    with (folder / "scans.csv").open(newline="") as file:
        return [row["error"] for row in csv.DictReader(file) if row["outcome"] == "failed"]


def _journal(folder: Path, event: str) -> list[dict[str, Any]]:
    lines = map(json.loads, (folder / "journal.jsonl").read_text().splitlines())
    return [line for line in lines if line["event"] == event]


def test_a_run_says_it_in_table_journal_and_terminal(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = _played(capsys, "run", "mine.json")
    assert ended.code == 0
    assert f"my_scanner: {SAID}" in ended.out
    assert "my_strategy.py:6: return [None][1]  IndexError: list index out of range" in ended.out
    out = project / "out"
    assert _failed(out) == [SAID] * 10
    assert {scan.get("error") for scan in _journal(out, "scan_finished")} == {None, SAID}
    (failed,) = _journal(out, "strategy_failed")
    assert failed["error"] == "my_strategy.py:6: return [None][1]  IndexError: list index out of range"


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["thread", "process"])
def test_live_says_the_same(project: Path, capsys: pytest.CaptureFixture[str], isolation: str) -> None:
    write_config(project, _with(isolation=isolation, timeout_seconds=LIMIT))
    ended = _played(capsys, "live", "mine.json", "--source", "replay", "--speed", "max")
    assert ended.code == 0, ended.err
    assert f"scanner 'my_scanner' failed: {SAID}" in ended.err
    assert _failed(project / "out") == [SAID] * 10


def test_a_scanner_that_never_worked_ends_the_command_with_1(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "my_scanner.py").write_text(SCANNER.replace("(40, 45)", "()"))
    ended = _played(capsys, "run", "mine.json")
    assert ended.code == 1
    assert ended.out.endswith("results in out\n")
    assert ended.err == (
        "error: scanner 'my_scanner' failed at each of its 12 scans: 'error' in out/scans.csv says why\n"
    )
    assert json.loads((project / "out" / "summary.json").read_text())["status"] == "complete"
