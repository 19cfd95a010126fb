"""Studies of hits of whole days: in at the next open, out at the close of a later session."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import symscan
from support.runs import make_store
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError

SYMBOLS = [f"S{number:02d}" for number in range(12)]
SURGE: dict[str, Any] = {
    "name": "surge",
    "universe": "store",
    "where": "change_pct > 1",
    "rank": "change_pct",
    "take": 4,
    "at_close": True,
}
FIRST, LAST = date(2018, 2, 1), date(2018, 2, 21)
NEAR = 1e-9


@pytest.fixture(scope="module")
def days() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    dates = [one.date for one in SessionCalendar().sessions(date(2018, 1, 8), date(2018, 2, 28))]
    frames = []
    for number, symbol in enumerate(SYMBOLS):
        close = (20.0 + 5 * number) * np.exp(np.cumsum(rng.normal(0, 0.015, len(dates))))
        opened = close * np.exp(rng.normal(0, 0.006, len(dates)))
        high, low = np.maximum(opened, close) * 1.004, np.minimum(opened, close) * 0.996
        fields = {"open": opened, "high": high, "low": low, "close": close}
        frames.append(pl.DataFrame({"symbol": symbol, "date": dates, **fields, "volume": 1e6}))
    whole = pl.concat(frames)
    return whole.filter(~((pl.col("symbol") == "S03") & (pl.col("date") > date(2018, 2, 12))))


@pytest.fixture(scope="module")
def store(days: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("days"), {"1d": days})


def _study(store: Path, *scanners: dict[str, Any], **options: Any) -> symscan.Study:
    config = {"name": "daily", "session_data_config": {"scanners": list(scanners) or [SURGE]}}
    return symscan.study(
        config, **{"store": store, "start": FIRST, "end": LAST, "page": False, "progress": False, **options}
    )


def test_it_equals_a_polars_program(store: Path, days: pl.DataFrame) -> None:
    study = _study(store, hits="all", match=[], horizons=["1d", "3d"], headline="3d")
    ordered = days.sort("symbol", "date").with_columns(entry=pl.col("open").shift(-1).over("symbol"))
    for ahead in (1, 3):
        later = ordered.with_columns(exit=pl.col("close").shift(-ahead).over("symbol"))
        ret = later.select("symbol", session="date", ret=1e4 * (pl.col("exit") / pl.col("entry") - 1.0))
        hits = study.hits.select("session", "symbol", f"ret_{ahead}d", f"excess_{ahead}d")
        others = ret.join(hits, on=["session", "symbol"], how="anti").drop_nulls()
        pool = others.group_by("session").agg(control=pl.col("ret").mean())
        both = hits.join(ret, on=["session", "symbol"], how="left").join(pool, on="session")
        assert both.height == hits.height > 20
        known = both.drop_nulls(f"ret_{ahead}d")
        assert (known[f"ret_{ahead}d"] - known["ret"]).abs().max() < NEAR  # type: ignore[operator]
        excess = known[f"excess_{ahead}d"] - (known["ret"] - known["control"])
        assert excess.abs().max() < NEAR  # type: ignore[operator]
    assert set(study.hits["phase"]) == {"at_close"}
    assert study.summary["marks"].str.contains("rough_spread").all()


def test_a_hit_enters_where_it_was_not_one_the_session_before(store: Path) -> None:
    everything, entered = _study(store, hits="all", horizons=["1d"]), _study(store, horizons=["1d"])
    listed = everything.hits.group_by("session").agg("symbol").sort("session")
    before: set[str] | None = None
    expected = []
    for day, symbols in listed.iter_rows():
        if before is not None:
            expected += [(day, one) for one in symbols if one not in before]
        before = set(symbols)
    assert set(entered.hits.select("session", "symbol").iter_rows()) == set(expected)


def test_a_delay_counts_sessions(store: Path, days: pl.DataFrame) -> None:
    late = _study(store, hits="all", horizons=["3d"], delay_minutes=1).hits.drop_nulls("entry_price")
    opens = days.sort("symbol", "date").select(
        "symbol", session="date", expected=pl.col("open").shift(-2).over("symbol")
    )
    both = late.join(opens, on=["session", "symbol"])
    assert (both["entry_price"] - both["expected"]).abs().max() < NEAR  # type: ignore[operator]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizons": ["5m", "5d"]}, "entered at the next open, and 5m cannot be measured from there"),
        ({"horizons": ["next_open"]}, "next_open cannot be measured from there"),
    ],
)
def test_horizons_of_the_session_are_refused(store: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _study(store, **options)
