"""Scanners that print, change the folder, crash, spin or find a great many, and what it does to a session."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.cli import DAY, call, started, write_bars, write_config
from support.waiting import LIMIT

RUDE = """
import os, subprocess
from symscan import BaseScanner, ScanResult

print("printed while it is imported")

class Rude(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        os.makedirs("elsewhere", exist_ok=True)
        os.chdir("elsewhere")
        print("printed in setup")
        os.write(1, b"written to the descriptor\\n")
        subprocess.run(["echo", "said by another process"])
        return True

    def scan(self, context):
        print("printed in a scan")
        return ScanResult(["BBB"])
"""
CRASHES = """
import os
from symscan import BaseScanner, ScanResult

class Crashes(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        when = context.current_time.strftime("%H:%M")
        if when == "09:45":
            os._exit(3)
        if when == "10:00":
            return ScanResult([f"S{number:06}" for number in range(20_000)])
        return ScanResult(["AAA"])
"""
SPINS = """
from symscan import BaseScanner, ScanResult

class Spins(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        while True:
            pass
"""
PRINTED = ("printed while it is imported", "printed in setup", "written to the descriptor")
PRINTED += ("said by another process", "printed in a scan")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, ["2026-01-14", DAY])
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\n")
    (tmp_path / "rude.py").write_text(RUDE)
    (tmp_path / "crashes.py").write_text(CRASHES)
    (tmp_path / "spins.py").write_text(SPINS)
    every = [{"start": "09:35", "end": "10:05", "interval": "5m"}]
    rude = {"module": "rude", "config": {"universe": "three.txt"}, "regular_session": every}
    crashes = {**rude, "module": "crashes", "isolation": "process", "timeout_seconds": LIMIT}
    once = [{"start": "09:40", "end": "09:40", "interval": "5m"}]
    spins = {**crashes, "module": "spins", "timeout_seconds": 1, "regular_session": once}

    def change(config: dict[str, Any], _: object) -> None:
        config["session_data_config"]["scanners"] += [rude, crashes, spins]

    write_config(tmp_path, change)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_they_harm_neither_the_session_nor_what_it_says_nor_parity(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
    assert call(capsys, "data", "import", "bars.csv", *how).code == 0
    replay = ("--source", "replay", "--store", "store", "--date", DAY, "--speed", "max", "--out", "live")
    with started(project, "live", "mine.json", *replay, "--jsonl", "--quiet") as process:
        out, err = process.communicate(timeout=LIMIT)
    assert "Traceback" not in err
    assert {json.loads(line)["type"] for line in out.splitlines()} == {"hit", "condition", "readiness"}
    assert all(said in err for said in PRINTED)
    scans = [line.split(",") for line in (project / "live" / "scans.csv").read_text().splitlines()]
    (spun,) = [row[4] for row in scans if row[2] == "spins"]  # skipped if its setup already took too long
    assert process.returncode == {"timed_out": 1, "skipped": 0}[spun], err
    outcomes = {row[1][11:16]: (row[4], row[8]) for row in scans if row[2] == "crashes"}
    assert (outcomes["14:45"], outcomes["15:00"]) == (("failed", "0"), ("ok", "20000"))
    assert outcomes["15:05"] == ("ok", "1")
    assert not (project / "elsewhere" / "live").exists()

    shutil.rmtree(project / "elsewhere")
    with started(project, "parity", "live", "--json") as process:
        out, err = process.communicate(timeout=LIMIT)
    assert json.loads(out)["unexplained"] == 0, err
    assert "printed in a scan" in err
