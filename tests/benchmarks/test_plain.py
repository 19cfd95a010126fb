"""The benchmark's market, and its plain NumPy version against symbol-by-symbol Python and TA-Lib."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas_market_calendars
import polars as pl
import pytest

_BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def _load(name: str) -> ModuleType:
    """A module of the benchmarks, which are scripts beside each other and no package."""
    known_as = f"benchmarks_{name}"
    spec = spec_from_file_location(known_as, _BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[known_as] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


market, plain, reference = _load("market"), _load("plain"), _load("reference")


@pytest.fixture(scope="module")
def small():
    return market.make_market(40, 2, seed=1)


def test_plain_equals_the_reference(small) -> None:
    hits, loop_seconds, values = plain.run(small)
    expected_hits, expected_values = reference.reference(small)
    assert len(expected_hits) > 100
    assert np.array_equal(hits, expected_hits)
    assert plain.digest(hits) == plain.digest(expected_hits)
    assert loop_seconds > 0
    for name, expected in expected_values.items():
        np.testing.assert_allclose(values[name], expected, rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("first_bars", [0, 1, 8, 9, 14, 15, 19, 20])
def test_seeds_that_are_complete_late_or_never(first_bars: int) -> None:
    """Symbols that trade in a few windows only, next to one that always trades."""
    sparse = market.make_market(12, 2, seed=2)
    sparse.present[:, :, 1:] &= np.random.default_rng(first_bars).random((2, 390, 11)) < 0.02
    sparse.present[0, first_bars * 5 :, 1:4] = False
    sparse.present[1, :, 1:4] = False
    sparse.fields[:, :, :4][np.broadcast_to(~sparse.present[:, :, None], sparse.fields[:, :, :4].shape)] = (
        np.nan
    )
    sparse.fields[:, :, 4][~sparse.present] = 0.0
    hits, _, values = plain.run(sparse)
    expected_hits, expected_values = reference.reference(sparse)
    assert np.array_equal(hits, expected_hits)
    for name, expected in expected_values.items():
        np.testing.assert_allclose(values[name], expected, rtol=1e-9, err_msg=name)


def test_running_changes_nothing_in_the_market(small) -> None:
    before = [small.fields.copy(), small.present.copy(), small.daily.copy()]
    first, second = plain.run(small)[0], plain.run(small)[0]
    assert np.array_equal(first, second)
    for now, then in zip((small.fields, small.present, small.daily), before, strict=True):
        assert np.array_equal(now, then, equal_nan=True)


def test_market_is_the_same_twice() -> None:
    one, two = market.make_market(30, 2, seed=5), market.make_market(30, 2, seed=5)
    assert one.fields.tobytes() == two.fields.tobytes()
    assert one.present.tobytes() == two.present.tobytes()
    assert one.daily.tobytes() == two.daily.tobytes()


def test_market_is_whole_cents_and_consistent() -> None:
    made = market.make_market(500, 1, seed=3)
    for bars in (
        made.fields.transpose(0, 1, 3, 2)[made.present],
        made.daily.transpose(0, 2, 1).reshape(-1, 5),
    ):
        opened, high, low, close, volume = bars.T
        assert (high >= np.maximum(opened, close)).all()
        assert (low <= np.minimum(opened, close)).all()
        assert (low > 0).all()
        assert (volume >= 1).all() and (volume == np.floor(volume)).all()
        cents = bars[:, :4] * 100
        assert np.array_equal(np.rint(cents) / 100, bars[:, :4])
    missing = 1 - made.present.mean(axis=(0, 1))
    assert missing.mean() == pytest.approx(0.05, abs=0.01)
    assert 0.02 < np.median(missing) < 0.04
    assert missing.max() == pytest.approx(0.45, abs=0.08)


@pytest.mark.filterwarnings("ignore:Series.dt.weekday is deprecated")  # the calendar library's own
def test_market_lies_on_sessions_of_the_exchange() -> None:
    made = market.make_market(2, 5, seed=3)
    days = [*made.daily_dates, *made.dates]
    schedule = pandas_market_calendars.get_calendar("NYSE").schedule(days[0], days[-1])
    assert days == [moment.date() for moment in schedule.index]
    opens = [int(moment.timestamp()) * 1_000_000 for moment in schedule["market_open"]]
    assert opens[-5:] == list(made.opens)


def test_store_files_hold_the_market(small, tmp_path: Path) -> None:
    files = small.write_store_files(tmp_path)
    assert [path.name for path in files["1m"]] == ["1m_2024-03-04.parquet", "1m_2024-03-05.parquet"]
    bars = pl.read_parquet(files["1m"])
    assert bars.columns == ["symbol", "ts", "open", "high", "low", "close", "volume"]
    assert bars.height == small.bars
    assert bars.equals(bars.sort("ts", "symbol"))
    session, minute, row = 1, 200, int(np.flatnonzero(small.present[1, 200])[0])
    start = small.opens[session] + minute * 60_000_000
    one = bars.filter(pl.col("ts").dt.epoch("us") == start, pl.col("symbol") == small.symbols[row])
    assert one.row(0)[2:] == tuple(small.fields[session, minute, :, row])
    daily = pl.read_parquet(files["1d"])
    assert daily.height == 60 * 40
    last = daily.filter(pl.col("date") == small.daily_dates[-1], pl.col("symbol") == small.symbols[0])
    assert last.row(0)[2:] == tuple(small.daily[-1, :, 0])
