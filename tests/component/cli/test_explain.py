"""``symscan explain`` says beforehand what a run then loads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import DAY, call, scanner, write_bars, write_config, written

STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": 0.2}, ["2026-01-14", DAY])
    assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
    (tmp_path / "three.txt").write_text("# as_of: 2026-01-01\nAAA\nBBB\nCCC\nDDD\n")
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
    universe = "4 symbols, 3 in the store, 3 with bars of that date"
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


def test_daily_bars_that_are_made_of_minutes_are_counted_as_in_a_run(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """BBB lacks the row of the session before, CCC one of three before that has minutes."""
    days = ["AAA,2026-01-14", "CCC,2026-01-14", "AAA,2026-01-13", "BBB,2026-01-13"]
    rows = ["symbol,date,open,high,low,close,volume", *(f"{day},100,200,50,100,1000" for day in days)]
    (project / "days.csv").write_text("\n".join(rows) + "\n")
    assert call(capsys, "data", "import", "days.csv", "--store", "store", "--interval", "1d").code == 0
    write_bars(project / "early.csv", {"CCC": 0.1}, ["2026-01-13"])
    assert call(capsys, "data", "import", "early.csv", *STORE).code == 0
    ended = call(capsys, "explain", "mine.json", "--store", "store", "--date", DAY)
    assert _rows(ended.out)[-1] == (
        "daily bars that the store lacks, made of regular minutes: 1 of 4 symbols in the session before, "
        "2 in at least one of the 20 sessions before"
    )
    assert call(capsys, "run", "mine.json", "--store", "store", "--date", DAY, "--out", "out").code == 0
    journal = [json.loads(line) for line in (project / "out" / "journal.jsonl").read_text().splitlines()]
    derived = [one["symbols"] for one in journal if one["event"] == "daily_bars_derived"]
    assert derived == [1]


def test_the_store_s_own_symbols_need_the_store(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(project, lambda _, screen: screen.update(universe="store"))
    ended = call(capsys, "explain", "mine.json", "--date", DAY)
    assert ended.code == 2
    assert "universe 'store' is that of a session's bar store" in ended.err
    ended = call(capsys, "explain", "mine.json", "--store", "store", "--date", DAY)
    assert "movers 3 symbols, 3 in the store, 3 with bars of that date" in "\n".join(_rows(ended.out))


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
