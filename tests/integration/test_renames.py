"""Changes of ticker in a run: hits bear the store's symbol; members and dated rows follow."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from support.cli import call
from support.live_replay import configuration, play_backtest, play_live, same
from support.runs import make_store
from symscan.observers.results.run_folder import run_folder
from symscan.runtime.assembly import assemble_backtest
from symscan.runtime.runner import run_backtest
from symscan.runtime.session_bars import StoredSessionBars

pytestmark = pytest.mark.slow

DAYS = (date(2022, 6, 7), date(2022, 6, 8), date(2022, 6, 9), date(2022, 6, 10))
CHANGE = DAYS[2]
RENAMES = f"date,old,new\n{CHANGE},FB,META\n"
MEMBERS = f"symbol,from,to,sector\nFB,2013-12-23,{CHANGE},comm\nMETA,{CHANGE},,comm\nIBM,,,tech\n"
DATED = "symbol,published,cap\nFB,2022-06-06,500\nIBM,2022-06-06,100\nMETA,2022-06-09T11:00:00-04:00,480\n"
SCREEN = {
    "name": "caps",
    "universe": "./members.csv",
    "columns": {"file": "caps.csv", "as_of": "published"},
    "where": "cap > 200 AND close > 0",
    "show": ["sector"],
    "regular_session": [{"start": "10:00", "end": "12:00", "interval": "30m"}],
}


def _store(folder: Path, name_on: dict[date, str]) -> Path:
    bars = []
    for day in DAYS:
        opens = datetime(day.year, day.month, day.day, 13, 30, tzinfo=UTC)
        for symbol in (name_on[day], "IBM"):
            bars += [(symbol, opens + timedelta(minutes=one), 50.0, 1000) for one in range(150)]
    frame = pl.DataFrame(bars, ["symbol", "ts", "close", "volume"], orient="row")
    prices = frame.with_columns(open=pl.col("close"), high=pl.col("close"), low=pl.col("close"))
    return make_store(folder, {"1m": prices.select("symbol", "ts", "open", "high", "low", "close", "volume")})


@pytest.mark.parametrize(
    "name_on",
    [
        {day: "FB" if day < CHANGE else "META" for day in DAYS},  # as it was called on each day
        dict.fromkeys(DAYS, "META"),  # as it is called today
        dict.fromkeys(DAYS, "FB"),
    ],
)
@pytest.mark.parametrize("members", [MEMBERS, "symbol,sector\nMETA,comm\nIBM,tech\n"])
def test_hits_bear_the_symbol_of_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name_on: dict[date, str], members: str
) -> None:
    monkeypatch.chdir(tmp_path)
    store = _store(tmp_path / "bars", name_on)
    for name, text in (("r.csv", RENAMES), ("members.csv", members), ("caps.csv", DATED)):
        (tmp_path / name).write_text(text)
    config = configuration(tmp_path, [SCREEN])
    from dataclasses import replace

    config = replace(config, renames="r.csv")
    backtest = assemble_backtest(config, store, DAYS[0], DAYS[-1])
    bars = StoredSessionBars(backtest.store)
    with run_folder(tmp_path / "out", force=False, facts=dict, bars=bars, csv=True) as results:
        run_backtest(backtest, [results])
    hits = pl.read_csv(tmp_path / "out" / "hits.csv")
    found = {(row["session"], row["symbol"]) for row in hits.rows(named=True)}
    assert found == {(str(day), name) for day, name in name_on.items()}
    caps = {(row["scan_at"][:16], json.loads(row["metadata"])["cap"]) for row in hits.rows(named=True)}
    assert ("2022-06-08T14:00", 500.0) in caps
    assert ("2022-06-09T14:30", 500.0) in caps
    assert ("2022-06-09T15:00", 480.0) in caps
    assert ("2022-06-10T14:00", 480.0) in caps
    backtest_of_day = play_backtest(tmp_path, config, store, CHANGE)
    same(play_live(tmp_path, config, store, CHANGE), backtest_of_day)


def test_faults_are_told_with_their_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    store = _store(tmp_path / "bars", dict.fromkeys(DAYS, "FB"))
    (tmp_path / "members.csv").write_text(MEMBERS)
    (tmp_path / "caps.csv").write_text(DATED)
    whole = {"renames": "r.csv", "session_data_config": {"scanners": [SCREEN]}}
    (tmp_path / "c.json").write_text(json.dumps(whole))
    run = ("run", "c.json", "--store", str(store), "--date", str(CHANGE), "--out", "out")
    assert "c.json:1:13: renames: there is no file 'r.csv'" in call(capsys, *run).err
    (tmp_path / "r.csv").write_text(RENAMES + "2022-06-09,FB,M\n")
    ended = call(capsys, *run)
    assert (ended.code, "renames: r.csv:3: FB changes to two symbols" in ended.err) == (2, True), ended.err
