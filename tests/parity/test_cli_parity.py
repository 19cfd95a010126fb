"""``symscan parity`` from outside: what it says, to people and machines, and how it ends."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from support.cli import Ended, call
from support.live_replay import play_live
from support.projects import HALF_DAY, PROJECTS

FAULTS = "late=0.02:90s,disconnect=10:02-10:04"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    play_live(folder, PROJECTS["screens"].at(folder), store, HALF_DAY, FAULTS)
    return folder


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(project)
    return project / "live"


def _tamper(run: Path) -> None:
    with sqlite3.connect(run / "session.sqlite") as connection:
        connection.execute(
            "UPDATE events SET record = replace(record, '\"previous_close\":[', '\"previous_close\":[1')"
            " WHERE kind = 'scan_finished' AND record LIKE '%\"scanner\":\"best\"%T16:30:00Z%'"
        )


def _ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    return call(capsys, "parity", *arguments)


def test_differences_are_listed_and_summed_up_by_cause(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = _ended(capsys, str(run))
    assert ended.code == 0, ended
    assert ended.out.startswith("2018-11-23: 157 scans, ")
    text = " ".join(ended.out.replace("│", " ").split())
    assert "late bar" in text and "0 of them unexplained" in text
    assert "UTC" not in text and "T14:" not in text  # exchange time alone


def test_machines_get_one_object(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(_ended(capsys, str(run), "--json").out)
    assert found["session"] == "2018-11-23" and found["complete"] is True
    assert found["until"] == "2018-11-23T18:00:00Z"
    assert found["unexplained"] == 0 and found["changed_modules"] == []
    assert sum(found["by_cause"].values()) == len(found["differences"]) > 10
    first = found["differences"][0]
    assert set(first) == {
        *("at", "kind", "scanner", "symbol", "live", "backtest"),
        *("cause", "explanation"),
    }
    assert first["cause"] in ("late bar", "recovered bar")


@pytest.mark.slow
def test_a_difference_without_a_cause_is_an_exit_code(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (run / "session.sqlite").read_bytes()
    try:
        _tamper(run)
        ended = _ended(capsys, str(run))
        machine = _ended(capsys, str(run), "--json")
    finally:
        (run / "session.sqlite").write_bytes(before)
    assert (ended.code, machine.code) == (1, 1)
    assert "UNEXPLAINED" in ended.out and "1 of them unexplained" in ended.out
    assert json.loads(machine.out)["by_cause"]["unexplained"] == 1


def test_what_is_no_live_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = _ended(capsys, str(tmp_path))
    assert ended.code == 2
    assert "is no folder of a live session; give the --out of a 'symscan live'" in ended.err
    ended = _ended(capsys, str(tmp_path / "nothing"))
    assert ended.code == 2 and "there is no such folder" in ended.err
