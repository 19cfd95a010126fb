from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, make_session
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import DataError
from symscan.model.interval import ONE_MINUTE
from symscan.recording.bar_codec import BarGroup, Origin, pack
from symscan.recording.session_log import SessionRecord, Step
from symscan.runtime.live.compaction import ArchiveReport, compact
from symscan.sources.checking.store_check import check_store
from symscan.sources.store.bar_store import BarStore, bar_schema

SESSION = make_session()
DAY = SESSION.date


@pytest.fixture
def record(tmp_path: Path) -> Iterator[SessionRecord]:
    """B and A in the first minute, B corrected, A in the second."""
    record = SessionRecord.create(tmp_path / "session.sqlite", {"base": "1m"})
    for minute, origin, prices in (
        (1, Origin.SLICE, {"B": 20.0, "A": 10.0}),
        (1, Origin.CORRECTED, {"B": 21.0}),
        (2, Origin.SLICE, {"A": 11.0}),
    ):
        end = SESSION.open + minute * MINUTE
        fields = np.array([[price] * 5 for price in prices.values()]).T
        group = BarGroup(origin, record.numbers(tuple(prices)), np.array([end]), fields)
        record.commit(Step("slice", end, bars=pack([group])), SESSION, [])
    yield record
    record.close()


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore.create(tmp_path / "store")


def _closes(store: BarStore) -> list[tuple[str, int, float]]:
    bars = store.load(ONE_MINUTE, [DAY])
    assert bars.schema == bar_schema(ONE_MINUTE)
    return [(row[0], row[1].minute, row[2]) for row in bars.select("symbol", "start", "close").iter_rows()]


def _put(store: BarStore, closes: Mapping[str, float], origin: str | None = None) -> None:
    """Bars of the first minute."""
    start = pl.Series([SESSION.open] * len(closes)).cast(pl.Datetime("us", "UTC"))
    fields = {name: list(closes.values()) for name in ("open", "high", "low", "close", "volume")}
    columns = {"session": [DAY] * len(closes), "symbol": list(closes), "start": start, **fields}
    with store.updating() as update:
        update.set_origin(origin)
        update.put(ONE_MINUTE, DAY, pl.DataFrame(columns))


def test_an_empty_store_takes_all(record: SessionRecord, store: BarStore) -> None:
    assert compact(record, store, DAY, "alpaca:iex") == ArchiveReport(bars=3, added=3, conflicts=0)
    assert _closes(store) == [("A", 30, 10.0), ("A", 31, 11.0), ("B", 30, 21.0)]
    assert store.origin == "alpaca:iex"


def test_a_second_time_changes_nothing(record: SessionRecord, store: BarStore) -> None:
    compact(record, store, DAY, None)
    generation = store.generation
    assert compact(record, store, DAY, None) == ArchiveReport(bars=3, added=0, conflicts=0)
    assert store.generation == generation


def test_the_store_keeps_what_it_has(record: SessionRecord, store: BarStore) -> None:
    _put(store, {"A": 10.0, "B": 20.0, "C": 30.0})
    assert compact(record, store, DAY, None) == ArchiveReport(bars=3, added=1, conflicts=1)
    assert _closes(store) == [("A", 30, 10.0), ("A", 31, 11.0), ("B", 30, 20.0), ("C", 30, 30.0)]


def test_bars_of_two_origins_are_not_mixed(record: SessionRecord, store: BarStore) -> None:
    _put(store, {"A": 10.0}, origin="alpaca:sip")
    with pytest.raises(DataError, match="alpaca:sip"):
        compact(record, store, DAY, "alpaca:iex")
    assert _closes(store) == [("A", 30, 10.0)]


def test_a_session_without_bars(tmp_path: Path, store: BarStore) -> None:
    record = SessionRecord.create(tmp_path / "other.sqlite", {"base": "1m"})
    assert compact(record, store, DAY, None) == ArchiveReport(0, 0, 0)
    assert store.generation == 0
    record.close()


def test_the_store_gets_no_bar_that_a_check_would_report(tmp_path: Path, store: BarStore) -> None:
    valid = (10.0, 11.0, 9.0, 10.0, 0.5)
    bad = [
        (10.0, 11.0, 9.0, 12.0, 1.0),
        (10.0, 11.0, 10.5, 10.5, 1.0),
        (10.0, 11.0, 9.0, 10.0, 0.0),
        (10.0, 11.0, 0.0, 10.0, 1.0),
        (10.0, float("inf"), 9.0, 10.0, 1.0),
    ]
    record = SessionRecord.create(tmp_path / "other.sqlite", {"base": "1m"})
    end = np.array([SESSION.open + MINUTE])
    group = BarGroup(Origin.SLICE, record.numbers(tuple("ABCDEF")), end, np.array([valid, *bad]).T)
    record.commit(Step("slice", int(end[0]), bars=pack([group])), SESSION, [])
    compacted = compact(record, store, DAY, None)
    assert compacted == ArchiveReport(bars=6, added=1, conflicts=0, invalid=5)
    assert compact(record, store, DAY, None) == ArchiveReport(bars=6, added=0, conflicts=0, invalid=5)
    report = check_store(store, SessionCalendar())
    assert store.symbols() == {"A"}
    assert not report.has_faults
    record.close()
