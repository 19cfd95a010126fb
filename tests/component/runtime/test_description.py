"""What ``run.json`` says of a backtest."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from support.runs import make_store
from symscan.config import parse_config
from symscan.runs.description import RunDescription
from symscan.runtime.backtest_run import BacktestRun

DAYS = (date(2018, 2, 26), date(2018, 2, 27))
SCHEDULE = [{"start": "10:00", "end": "10:30", "interval": "30m"}]


def _bars(*days: date, price: float = 100.0) -> pl.DataFrame:
    minutes = [
        datetime(day.year, day.month, day.day, 14, 30) + timedelta(minutes=m)
        for day in days
        for m in range(9)
    ]
    fields = dict.fromkeys(("open", "high", "low", "close", "volume"), [price] * len(minutes))
    return pl.DataFrame({"symbol": "AAA", "ts": minutes, **fields}).with_columns(
        pl.col("ts").dt.replace_time_zone("UTC")
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make_store(tmp_path, {"1m": _bars(*DAYS)})
    (tmp_path / "one.txt").write_text("# as_of: 2018-02-01\nAAA\n")
    return tmp_path


def _described(
    project: Path, last: date = DAYS[1], where: str = "close > 1", name: str = "high"
) -> RunDescription:
    scanner = {"name": name, "universe": "./one.txt", "where": where, "regular_session": SCHEDULE}
    text = json.dumps({"session_data_config": {"scanners": [scanner]}})
    config = parse_config(text, str(project / "session.json"))
    return BacktestRun.of(config, project / "store", DAYS[0], last).description


def test_a_run_is_named_by_all_that_its_results_follow_from(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    described = _described(project)
    assert described.run_id == _described(project).run_id
    elsewhere = Path(shutil.copytree(project, tmp_path_factory.mktemp("elsewhere") / "copy"))
    moved = _described(elsewhere)
    assert moved.run_id == described.run_id
    assert moved.environment != described.environment
    assert _described(project, where="close > 2").run_id != described.run_id
    assert _described(project, last=DAYS[0]).run_id != described.run_id
    (project / "one.txt").write_text("AAA\nBBB\n")
    assert _described(project).run_id != described.run_id


def test_a_scanner_keeps_its_digest_under_another_name(project: Path) -> None:
    one, other, changed = (
        _described(project, **how).facts["scanners"]
        for how in ({}, {"name": "other"}, {"where": "close > 2"})
    )
    assert one["high"] == other["other"]
    assert one["high"] != changed["high"]


def test_facts_of_a_run(project: Path) -> None:
    facts = _described(project).facts
    assert list(facts["store"]["files"]) == [f"1m/{day}" for day in DAYS]
    assert list(_described(project, last=DAYS[0]).facts["store"]["files"]) == [f"1m/{DAYS[0]}"]
    universe = facts["universes"]["high"]
    assert (universe["name"], universe["as_of"], universe["symbols"]) == ("one", "2018-02-01", 1)
    assert facts["configuration"]["resolved"]["scanners"][0]["screen"]["where"] == "close > 1"
    assert json.loads(json.dumps(facts)) == facts


def test_a_universe_by_dates_is_described_by_the_periods_of_the_run(project: Path) -> None:
    def described(rows: str) -> dict[str, object]:
        (project / "one.txt").unlink(missing_ok=True)
        (project / "one.csv").write_text("symbol,from,to,sector\n" + rows)
        scanner = {"name": "high", "universe": "./one.csv", "where": "close > 1", "regular_session": SCHEDULE}
        text = json.dumps({"session_data_config": {"scanners": [scanner]}})
        config = parse_config(text, str(project / "session.json"))
        facts = BacktestRun.of(config, project / "store", DAYS[0], DAYS[1]).description.facts
        return dict(facts["universes"]["high"])

    first = described(f"AAA,,{DAYS[1]},x\nBBB,{DAYS[1]},,y\n")
    assert (first["name"], first["as_of"], first["by_date"], first["symbols"]) == ("one", None, True, 2)
    later = f"CCC,{DAYS[1] + timedelta(days=1)},,\n"
    assert described(f"AAA,,{DAYS[1]},x\nBBB,{DAYS[1]},,y\n" + later) == first
    assert described(f"AAA,,{DAYS[1]},x\nBBB,{DAYS[1]},,z\n")["digest"] != first["digest"]
    assert described(f"AAA,,,x\nBBB,{DAYS[1]},,y\n")["digest"] != first["digest"]
