"""What a check of the store finds. The store is filled past the importer, which would refuse most of this."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval
from symscan.sources.checking.daily_checks import Tolerances
from symscan.sources.checking.findings import Finding
from symscan.sources.checking.store_check import CheckReport, check_store, coverage
from symscan.sources.store.bar_store import BarStore, bar_schema

MONDAY = date(2024, 3, 4)
OPEN = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)

Row = dict[str, Any]


def bar(symbol: str = "A", minute: int | None = 0, day: date = MONDAY, **values: float | None) -> Row:
    """A bar that starts some minutes after the open; a daily one if ``minute`` is None."""
    start = {} if minute is None else {"start": OPEN + timedelta(days=(day - MONDAY).days, minutes=minute)}
    fields: Row = {"open": 10.0, "high": 11.0, "low": 9.0, "close": 10.0, "volume": 100.0}
    return {"session": day, "symbol": symbol, **start, **fields, **values}


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore.create(tmp_path / "store")


def fill(store: BarStore, rows: list[Row], interval: Interval = ONE_MINUTE) -> None:
    with store.updating() as update:
        for (day,), bars in pl.DataFrame(rows, bar_schema(interval)).group_by("session", maintain_order=True):
            update.put(interval, day, bars)  # type: ignore[arg-type]


def check(store: BarStore, tolerances: Tolerances | None = None) -> CheckReport:
    return check_store(store, SessionCalendar(), tolerances)


def found(store: BarStore, kind: str) -> Finding | None:
    return next((finding for finding in check(store).findings if finding.kind == kind), None)


def full_day(symbol: str = "A", **values: float) -> list[Row]:
    return [bar(symbol, minute, **values) for minute in range(390)]


def test_a_sound_store_has_no_findings(store: BarStore) -> None:
    fill(store, full_day())
    fill(store, [bar(minute=None, volume=39_000)], ONE_DAY)
    report = check(store)
    assert report.findings == ()
    assert not report.has_faults


def test_an_empty_store_has_none_either(store: BarStore) -> None:
    assert check(store) == CheckReport((), ())


def test_coverage(store: BarStore) -> None:
    fill(store, [bar("A", 0), bar("B", 0), bar("B", 0, date(2024, 3, 6))])
    (cover,) = coverage(store)
    assert (cover.first, cover.last) == (MONDAY, date(2024, 3, 6))
    assert (cover.sessions, cover.symbols, cover.rows) == (2, 2, 3)


@pytest.mark.parametrize(
    ("kind", "rows", "example"),
    [
        ("contradiction", [bar(high=9.5)], "A 2024-03-04T14:30:00Z open high low close: 10.0 9.5 9.0 10.0"),
        ("contradiction", [bar(low=10.5)], "A 2024-03-04T14:30:00Z open high low close: 10.0 11.0 10.5 10.0"),
        ("not_positive", [bar(low=0.0)], "A 2024-03-04T14:30:00Z open high low close: 10.0 11.0 0.0 10.0"),
        ("no_volume", [bar(volume=0.0)], "A 2024-03-04T14:30:00Z volume 0.0"),
        ("missing_value", [bar(close=None)], "A 2024-03-04T14:30:00Z open high low close volume: 10.0 11.0"),
        ("missing_value", [bar(open=float("nan"))], "A 2024-03-04T14:30:00Z open high low close volume: NaN"),
        ("duplicate", [bar(), bar()], "A 2024-03-04T14:30:00Z is stored again"),
        ("disorder", [bar(minute=1), bar()], "A 2024-03-04T14:30:00Z comes too late in its file"),
        ("disorder", [bar("B"), bar("A")], "A 2024-03-04T14:30:00Z comes too late in its file"),
        ("off_grid", [bar(minute=0.5)], "A 2024-03-04T14:30:30Z is off the 1m grid"),  # type: ignore[arg-type]
        ("outside_hours", [bar(minute=-331)], "A 2024-03-04T08:59:00Z is outside the session"),
        ("no_session", [bar(day=date(2024, 3, 2))], "1m 2024-03-02 1 bars"),
        ("gap", [bar(minute=3), bar(minute=10)], "A 2024-03-04 lacks 388 of 390 bars, 379 in a row"),
    ],
)  # fmt: skip
def test_one_thing_wrong(store: BarStore, kind: str, rows: list[Row], example: str) -> None:
    fill(store, rows)
    finding = found(store, kind)
    assert finding is not None
    assert finding.count == (388 if kind == "gap" else 1)
    assert finding.examples[0].startswith(example)


def test_pre_market_bars_are_no_finding(store: BarStore) -> None:
    fill(store, [bar(minute=-330), *full_day(), bar(minute=629)])
    assert check(store).findings == ()


def test_the_worst_is_named_first(store: BarStore) -> None:
    fill(store, [bar("A", high=9.9), bar("B", high=9.1), bar("C", high=9.8)])
    finding = found(store, "contradiction")
    assert finding is not None
    assert finding.count == 3
    assert [example[0] for example in finding.examples] == ["B", "C", "A"]


def test_sessions_nobody_has_and_symbols_that_lack_some(store: BarStore) -> None:
    days = [MONDAY, date(2024, 3, 5), date(2024, 3, 8)]
    fill(store, [bar("A", 0, day) for day in days] + [bar("B", 0, days[0]), bar("B", 0, days[2])])
    missing, absent = found(store, "missing_session"), found(store, "absent")
    assert missing is not None
    assert (missing.count, missing.examples) == (2, ("1m 2024-03-06 to 2024-03-07: 2 sessions",))
    assert absent is not None
    assert (absent.count, absent.examples) == (1, ("B 1m lacks 1 sessions",))
    assert not missing.is_fault
    assert not absent.is_fault


class TestDailyAgainstIntraday:
    @pytest.mark.parametrize(
        ("kind", "values", "detail"),
        [
            ("daily_open", {"open": 10.1}, "daily open 10.1, intraday 10.0 (-0.99%)"),
            ("daily_high", {"high": 11.1}, "daily high 11.1, intraday 11.0 (-0.9%)"),
            ("daily_low", {"low": 8.9}, "daily low 8.9, intraday 9.0 (1.12%)"),
            ("daily_close", {"close": 10.1}, "daily close 10.1, intraday 10.0 (-0.99%)"),
            ("daily_volume", {"volume": 80_000}, "daily volume 80000.0, intraday 39000.0 (-51.25%)"),
            ("basis", {"close": 10.5}, "daily close 10.5, intraday 10.0 (-4.76%)"),
        ],
    )
    def test_each_field(self, store: BarStore, kind: str, values: dict[str, float], detail: str) -> None:
        fill(store, full_day())
        fill(store, [bar(minute=None, **{"volume": 39_000, **values})], ONE_DAY)
        (finding,) = check(store).findings
        assert (finding.kind, finding.examples) == (kind, (f"A 2024-03-04 {detail}",))
        assert finding.is_fault
        assert check(store, Tolerances(price=0.02, volume=0.6)).has_faults is (kind == "basis")

    def test_only_regular_hours_count(self, store: BarStore) -> None:
        fill(store, [bar(minute=-1, high=99.0), *full_day(), bar(minute=390, close=50.0, high=50.0)])
        fill(store, [bar(minute=None, volume=39_000)], ONE_DAY)
        assert check(store).findings == ()

    def test_symbols_only_one_side_has_are_notes(self, store: BarStore) -> None:
        fill(store, [*full_day("A"), *full_day("B")])
        fill(store, [bar("A", None, volume=39_000), bar("C", None)], ONE_DAY)
        kinds = {finding.kind: finding.examples for finding in check(store).findings}
        assert kinds == {"only_daily": ("C 2024-03-04",), "only_intraday": ("B 2024-03-04",)}
        assert not check(store).has_faults
