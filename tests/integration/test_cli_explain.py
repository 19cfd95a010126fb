"""``symscan explain`` says beforehand what a run then loads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integration.cli_running import DAY, call, scanner, write_bars, write_config, written

STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": 0.2}, ["2026-01-14", DAY])
    assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\nDDD\n")
    write_config(
        tmp_path,
        lambda whole, screen: (
            whole["session_data_config"].update(symbols=["BBB"], indicators=["sma_20_1d"]),
            screen.update(where="rsi_14_5m > 70 AND sma_5_1d > 3", add_symbols=False),
            whole["session_data_config"]["scanners"].append(
                scanner("scanners.momentum", name="momentum", symbol_requirements={"historical_days": 3})
            ),
        ),
    )
    return tmp_path


def _rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_what_is_explained_is_what_is_loaded(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = written(project)
    ended = call(capsys, "explain", "mine.json", "--store", "store")
    assert (ended.code, ended.err) == (0, "")
    assert written(project) == before
    rows = _rows(ended.out)
    assert rows[:2] == [f"mine: what the session of {DAY} loads", "members from the start: BBB"]
    universe = "4 symbols, 3 in the store"
    assert f"movers {universe} 12: 09:35 to 10:30 nothing: it is only recorded" in rows
    assert f"momentum {universe} 12: 09:35 to 10:30 1m bars, 3 sessions of them" in rows

    assert call(capsys, "run", "mine.json", "--store", "store", "--date", DAY, "--out", "out").code == 0
    journal = [json.loads(line) for line in (project / "out" / "journal.jsonl").read_text().splitlines()]
    warmed = {one["indicator"]: one["sessions"] for one in journal if one["event"] == "indicator_warmed"}
    assert set(warmed) == {"rsi_14_5m", "sma_5_1d", "volume_ratio_20_5m", "sma_20_1d"}
    for key, sessions in warmed.items():
        (interval,) = {key.rsplit("_", 1)[1]}
        asked = [row for row in rows if f" {key}" in row]
        assert asked
        assert all(row.startswith(f"{interval} {sessions} ") for row in asked)


@pytest.mark.usefixtures("project")
def test_it_needs_a_date_or_a_store(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "explain", "mine.json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: no date to explain; give --date")
    assert "4 symbols 12: 09:35 to 10:30" in "\n".join(
        _rows(call(capsys, "explain", "mine.json", "--date", DAY).out)
    )


def test_faults_are_told_as_by_a_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(project, lambda _, screen: screen.update(where="closs > 2"))
    ended = call(capsys, "explain", "mine.json", "--date", DAY)
    assert ended.code == 2
    assert ended.err.startswith(
        "error: mine.json:8:19: session_data_config.scanners[0].where: 'closs' is not"
    )
