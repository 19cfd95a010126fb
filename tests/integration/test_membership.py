"""Runs over universes whose members depend on the date."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from support.generated_market import make_market
from support.projects import DATES, every, of_regular_hours
from support.runs import make_store, play
from symscan import open_run

pytestmark = pytest.mark.slow

CODE = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        return ScanResult(self._universe)
"""
SCANNERS = [
    {"name": "screen", "universe": "./u.csv", "where": "close > 0", "regular_session": every("60m")},
    {"module": "dynamic", "config": {"universe": "./u.csv"}, "regular_session": every("60m")},
]
SYMBOLS = ("LIQ00", "LIQ01", "LIQ02")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    market = make_market(DATES, SYMBOLS)
    return make_store(tmp_path_factory.mktemp("store"), {"1m": of_regular_hours(market.minutes)})


def _project(folder: Path, rows: str) -> Path:
    (folder / "dynamic.py").write_text(CODE)
    (folder / "u.csv").write_text("symbol,from,to\n" + rows)
    return folder


def test_each_session_of_a_range_has_its_own_members(tmp_path: Path, store: Path) -> None:
    rows = [("LIQ00", DATES[0], DATES[2]), ("LIQ01", DATES[2], DATES[4]), ("LIQ02", DATES[1], "")]
    project = _project(tmp_path, "".join(f"{symbol},{start},{end}\n" for symbol, start, end in rows))
    run = play(project, SCANNERS, store, DATES[0], DATES[-1])
    found = run.hits.select("session", "scanner", "symbol").unique()
    days = pl.DataFrame({"session": DATES})
    periods = pl.DataFrame(
        [(symbol, start, end or None) for symbol, start, end in rows], ["symbol", "from", "to"], orient="row"
    )
    members = days.join(periods, how="cross").filter(
        (pl.col("session") >= pl.col("from")) & (pl.col("to").is_null() | (pl.col("session") < pl.col("to")))
    )
    expected = members.select("session", "symbol").join(
        pl.DataFrame({"scanner": ["screen", "dynamic"]}), how="cross"
    )
    keys = ["session", "scanner", "symbol"]
    found = found.with_columns(pl.col("session").str.to_date(), pl.col("scanner", "symbol").cast(pl.String()))
    assert found.select(keys).sort(keys).rows() == expected.select(keys).sort(keys).rows()
    alone = play(project, SCANNERS, store, DATES[3]).hits
    columns = ["scanner", "scan_at", "symbol"]
    ranged = run.hits.filter(pl.col("session").str.to_date() == DATES[3])
    assert alone.select(columns).rows() == ranged.select(columns).rows()


def test_sessions_without_members_are_said_and_find_nobody(tmp_path: Path, store: Path) -> None:
    project = _project(tmp_path, f"LIQ00,{DATES[2]},{DATES[4]}\n")
    run = play(project, SCANNERS, store, DATES[0], DATES[-1])
    assert set(run.hits["session"].str.to_date()) == {DATES[2], DATES[3]}
    (said,) = [
        one for one in open_run(run.folder).summary["warnings"] if "no members" in one and "'screen'" in one
    ]
    lacking = ", ".join(str(DATES[at]) for at in (0, 1, 4, 5))
    assert said == (
        f"the universe of 'screen' has no members on {lacking}: nobody is scanned there; its first "
        f"membership begins on {DATES[2]}; its last one ends on {DATES[4]}"
    )
    assert set(run.table("scans")["outcome"].cast(pl.String())) == {"ok"}
