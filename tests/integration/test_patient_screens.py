"""Screens that wait: what one scan at an instant says of them, and what is written of who is held."""

from __future__ import annotations

import json
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import symscan
from component.runs.conftest import DAYS, bars, store
from symscan.config import load_config
from symscan.runtime.assembly import assemble_backtest
from symscan.runtime.building.build import calendar_of
from symscan.runtime.one_scan import OneScan, due_once, finished_scan

__all__ = ["bars", "store"]

CALM: dict[str, Any] = {
    "name": "calm",
    "universe": "store",
    "where": "close > vwap AND close > last_scan.close",
    "rank": "close",
    "take": 3,
    **{"confirm_scans": 2, "hold_minutes": 15, "cooldown_minutes": 10},
    "regular_session": [{"start": "09:35", "end": "15:55", "interval": "5m"}],
}
HASTY: dict[str, Any] = {**CALM, "name": "hasty", "confirm_scans": 1, "hold_minutes": 0}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("patient") / "session.json"
    path.write_text(json.dumps({"session_data_config": {"scanners": [CALM, HASTY]}}))
    return path


@pytest.fixture(scope="module")
def run(config: Path, store: Path) -> symscan.Run:
    return symscan.run(config, store=store, date=DAYS[0], progress=False)


def _scan_at(config: Path, store: Path, at: time) -> OneScan:
    """What ``symscan scan --at`` shows."""
    whole = load_config(config)
    session = calendar_of(whole).session(DAYS[0])
    due = due_once(whole, whole.scanners[0], at, session)
    return finished_scan(assemble_backtest(due, store, DAYS[0], DAYS[0]), session, at, "calm")


@pytest.mark.slow
def test_one_scan_rests_on_the_scans_that_a_run_makes_before_it(
    config: Path, store: Path, run: symscan.Run
) -> None:
    found = run.hits.filter(pl.col("scanner") == "calm")
    instants = found["scan_at"].unique().sort().to_list()
    for at in instants[2 :: len(instants) // 3]:
        local = at.astimezone(ZoneInfo("America/New_York"))
        scanned = _scan_at(config, store, local.time())
        expected = found.filter(pl.col("scan_at") == at).sort("rank")["symbol"].to_list()
        assert list(scanned.scan.hits.symbols) == expected
        first = datetime.combine(DAYS[0], time(9, 35), local.tzinfo)
        assert scanned.earlier_scans == (local - first).seconds // 300
    between = _scan_at(config, store, time(10, 37))
    assert between.earlier_scans == 13  # those from 09:35 to 10:35


def test_values_say_who_is_held_though_the_condition_is_not_met(run: symscan.Run) -> None:
    values = run.values("calm")
    meets = (pl.col("close") > pl.col("vwap")) & (pl.col("close") > pl.col("last_scan.close"))
    held = values.select(held=~meets.fill_null(False))["held"]
    assert values["kept"].cast(pl.Boolean).to_list() == held.to_list()
    assert 5 < held.sum() < values.height - 5
    assert "kept" not in run.values("hasty").columns
