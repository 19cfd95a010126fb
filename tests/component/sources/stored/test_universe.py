"""The universe of a store, by session: nobody who is listed later."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from symscan.errors import DataError, UniverseError
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, Interval
from symscan.sources.store.bar_store import BarStore, bar_schema
from symscan.sources.stored.universe import symbols_before

DAYS = [date(2018, 2, 20 + number) for number in range(4)]


def _put(root: Path, interval: Interval, day: date, *symbols: str) -> None:
    schema = bar_schema(interval)
    rows = pl.DataFrame({"session": [day] * len(symbols), "symbol": sorted(symbols)}).with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in schema.items() if name not in ("session", "symbol")
    )
    with BarStore(root).updating() as update:
        update.put(interval, day, rows.select(list(schema)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = BarStore.create(tmp_path / "store").root
    _put(root, ONE_MINUTE, DAYS[0], "C", "A")
    _put(root, ONE_MINUTE, DAYS[1], "A", "B")
    _put(root, ONE_MINUTE, DAYS[2], "D")
    _put(root, ONE_DAY, DAYS[0], "DAILY")
    return root


def test_they_are_those_of_the_sessions_before(root: Path) -> None:
    assert symbols_before(root, DAYS[1]) == ("A", "C")
    assert symbols_before(root, DAYS[2]) == ("A", "B", "C")
    assert symbols_before(root, DAYS[3]) == ("A", "B", "C", "D")


def test_in_the_first_session_they_are_its_own(root: Path) -> None:
    assert symbols_before(root, DAYS[0]) == ("A", "C")


def test_only_bars_of_the_sessions_interval_count(root: Path) -> None:
    _put(root, FIVE_MINUTES, DAYS[0], "F")
    _put(root, FIVE_MINUTES, DAYS[3], "G")
    assert symbols_before(root, DAYS[3]) == ("F",)
    assert symbols_before(root, DAYS[2]) == ("A", "B", "C")


def test_a_store_that_grows_is_looked_at_again(root: Path) -> None:
    assert symbols_before(root, DAYS[1]) == ("A", "C")
    _put(root, ONE_MINUTE, DAYS[0], "A", "C", "E")
    assert symbols_before(root, DAYS[1]) == ("A", "C", "E")


def test_where_there_is_nothing_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no bar store here"):
        symbols_before(tmp_path / "none", DAYS[0])
    root = BarStore.create(tmp_path / "store").root
    with pytest.raises(UniverseError, match=r"universe 'store': .* has no bars"):
        symbols_before(root, DAYS[0])
