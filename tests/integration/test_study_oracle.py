"""A study equals one that loops over hits in plain Python over raw bars and the files of the run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import symscan
from support.generated_market import SPLITS, UNIVERSE, make_market
from support.projects import screen
from support.runs import make_store
from support.study_oracle import MINUTE, PlainSession, PlainStudy, acts_from
from symscan.clock.session_calendar import SessionCalendar

DATA = Path(os.environ.get("SYMSCAN_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
HORIZONS = ["5m", "30m", "60m", "close", "next_open", "1d", "3d"]
NEAR = 1e-9

pytestmark = pytest.mark.slow

SCREENS = [
    screen("rising", "change_pct > 0.5", "15m", rank="change_pct", take=8),
    screen("above", "close > vwap AND volume > 100000", "30m", rank="volume", take=12),
    {"name": "gapped", "where": "gap_pct > 0.2", "pre_session": True, "take": 6},
    {"name": "dear", "where": "previous_close > 60", "pre_session": True, "take": 9},
    screen("dips", "close < vwap * 0.998", "45m", rank="volume", take=5),
]


def _sessions(days: Sequence[date]) -> list[PlainSession]:
    calendar = SessionCalendar()
    return [PlainSession(one.date, one.open, one.close) for one in calendar.sessions(days[0], days[-1])]


def _expected(plain: PlainStudy, run: symscan.Run, universe: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every entered hit with what came of each horizon, a loop over scans and hits."""
    hits, unknown = run.hits, run.unknown
    listed: dict[tuple[date | None, str], set[str]] = {}
    strata: dict[date, dict[str, int]] = {}
    for scan in run.scans.filter(pl.col("outcome") == "ok").sort("scan_at").rows(named=True):
        day, name, at = scan["session"], scan["scanner"], scan["scan_at"]
        own = hits.filter(pl.col("scan_at") == at, pl.col("scanner") == name).sort("rank")["symbol"].to_list()
        not_judged = unknown.filter(
            pl.col("scanner") == name, pl.col("from") <= at, pl.col("to") >= at, pl.col("session") == day
        )["symbol"].to_list()
        once = scan["phase"] == "pre_session"  # its list is that of the session before
        before = listed.get((None if once else day, name), set(own) if once else set())
        listed[None if once else day, name] = set(own)
        pool = [one for one in universe if one not in own and one not in not_judged]
        strata.setdefault(day, plain.strata(day, universe))
        instant = acts_from(*(round(scan[key].timestamp() * 1e6) for key in ("scan_at", "decided_at")))
        if name == "gapped":  # decided at the open: the auction is over; "dear" rests on daily bars alone
            instant += MINUTE
        for symbol in own:
            if symbol not in before:
                row = {"session": day, "scan_at": at, "scanner": name, "symbol": symbol}
                yield row | _measured(plain, symbol, day, instant, pool, strata[day])


def _measured(
    plain: PlainStudy, symbol: str, day: date, at: int, pool: Sequence[str], strata: dict[str, int]
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for horizon in HORIZONS:
        found = plain.outcome(symbol, day, at, horizon)
        excess, excess_all, controls = plain.excess(symbol, day, at, horizon, pool, strata)
        is_known = not isinstance(found, str)
        values = {key: found[key] if is_known else None for key in ("ret", "mfe", "mae")}  # type: ignore[index]
        why = ("unmatched" if excess is None else None) if is_known else found
        values |= {"excess": excess, "excess_all": excess_all, "why": why}
        values["controls"] = controls if is_known else None
        row |= {f"{key}_{horizon}": value for key, value in values.items()}
    return row


def _compare(found: pl.DataFrame, expected: list[dict[str, Any]]) -> None:
    keys = ["session", "scan_at", "scanner", "symbol"]
    wanted = pl.DataFrame(expected, infer_schema_length=None).sort(keys)
    found = found.sort(keys)
    assert found.select(keys).equals(wanted.select(keys))
    for name in (one for one in wanted.columns if one not in keys):
        mine, theirs = found[name], wanted[name]
        if mine.dtype == pl.Float64:
            assert mine.is_null().equals(theirs.is_null()), name
            assert (mine - theirs).abs().max() is None or (mine - theirs).abs().max() < NEAR, name
        else:
            assert mine.cast(theirs.dtype).equals(theirs, null_equal=True), name


def _study(
    folder: Path, store: Path, universe: Sequence[str], first: date, last: date
) -> tuple[symscan.Run, symscan.Study]:
    named = folder / "universe.txt"
    named.write_text("\n".join(universe))
    scanners = [{**one, "universe": str(named)} for one in SCREENS]
    config = {"name": "mine", "session_data_config": {"scanners": scanners}}
    run = symscan.run(config, store=store, start=first, end=last, out=folder / "run", progress=False)
    study = run.study(out=folder / "study", horizons=HORIZONS, headline="30m", progress=False)
    return run, study


def test_a_market_of_every_difficulty(tmp_path: Path) -> None:
    days = [one.date for one in SessionCalendar().sessions(date(2018, 10, 15), date(2018, 11, 27))]
    market = make_market(days, UNIVERSE)
    store = make_store(tmp_path / "market", {"1m": market.minutes, "1d": market.days}, SPLITS)
    run, study = _study(tmp_path, store, UNIVERSE, date(2018, 11, 20), date(2018, 11, 26))
    plain = PlainStudy(_sessions(days), market.minutes, market.days, SPLITS)

    _compare(study.hits, list(_expected(plain, run, UNIVERSE)))
    assert {"session_end", "not_yet", "ended"} <= set(study.unknown["reason"])


@pytest.mark.skipif(not DATA.is_dir(), reason=f"there are no real bars in {DATA}")
def test_real_bars(tmp_path: Path) -> None:
    minutes = pl.read_parquet(DATA / "us284_1m_2018-02-20_2018-03-02.parquet")
    daily = pl.read_parquet(DATA / "us284_1d_2017-01-03_2018-03-02.parquet")
    days = daily.with_columns(date=pl.col("ts").dt.date()).drop("ts", "adj_close")
    prices = pl.col("open", "high", "low", "close", "volume").cast(float)
    store = make_store(tmp_path / "market", {"1m": minutes.with_columns(prices), "1d": days})
    universe = sorted(set(minutes["symbol"]))
    run, study = _study(tmp_path, store, universe, date(2018, 2, 26), date(2018, 2, 27))
    plain = PlainStudy(_sessions([date(2018, 1, 2), date(2018, 3, 2)]), minutes, days)

    _compare(study.hits, list(_expected(plain, run, universe)))

    same = ["n", "sessions", "n_unmatched", "mean_excess"]
    options = {"out": tmp_path / "other", "horizons": HORIZONS, "headline": "30m", "progress": False}
    other = run.study(match=["change", "volatility"], **options).summary.filter(pl.col("horizon") == "30m")
    assert study.matched_on_change.select(same).equals(other.select(same))
    assert study.summary.filter(pl.col("horizon") == "30m")["mean_excess"].eq(other["mean_excess"]).sum() == 0
