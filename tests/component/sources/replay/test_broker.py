"""A stored day as a broker: where it begins, and what it has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import ONE_MINUTE
from symscan.sources.ports import LiveDay
from symscan.sources.replay.broker import ReplayBroker
from symscan.sources.store.bar_store import BarStore, bar_schema

CALENDAR = SessionCalendar("NYSE")
SESSION = CALENDAR.session(date(2018, 11, 26))
OPEN = SESSION.open


def stored_day(root: Path, *minutes: int) -> LiveDay:
    """A stored day of one symbol with bars that begin at these minutes after the open."""
    rows = [(SESSION.date, "A", OPEN + minute * MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0) for minute in minutes]
    schema = bar_schema(ONE_MINUTE)
    frame = pl.DataFrame(rows, {**schema, "start": pl.Int64}, orient="row").cast(dict(schema))
    store = BarStore.create(root / "store")
    with store.updating() as update:
        update.put(ONE_MINUTE, SESSION.date, frame)
    return LiveDay(SESSION, CALENDAR, root / "store", speed=None)


def begins(day: LiveDay, first_due: int = 0, processed: Instant | None = None) -> float:
    """Where it begins, in minutes after the open, given when the first scan is due."""
    broker = ReplayBroker()
    begin = broker.start_of(day, OPEN + first_due * MINUTE) if processed is None else processed
    feed = broker.live_feed(replace(day, processed=begin))
    assert processed is not None or feed.now() == begin
    return (feed.now() - OPEN) / MINUTE


def test_a_replay_begins_with_the_first_bar(tmp_path: Path) -> None:
    """Not at four in the morning, into a silence of hours."""
    assert begins(stored_day(tmp_path, -90, 0)) == -90
    assert begins(stored_day(tmp_path / "shortly", -5, 0)) == -11
    assert begins(stored_day(tmp_path / "later", 0, 1)) == -11  # in time to say that it is ready


def test_a_replay_begins_before_the_first_scan(tmp_path: Path) -> None:
    without = stored_day(tmp_path, 0)
    assert begins(without, -60) == -61
    assert begins(without, -5) == -11
    first = (SESSION.pre_open - OPEN) // MINUTE
    assert begins(without, first) == first  # there is nothing before


def test_a_resumed_replay_goes_on_where_it_was(tmp_path: Path) -> None:
    assert begins(stored_day(tmp_path, -90, 0), -60, OPEN + 7 * MINUTE) == 7


def test_a_replay_can_begin_later_than_the_session(tmp_path: Path) -> None:
    late = replace(stored_day(tmp_path, 0), start=OPEN + 90 * MINUTE)
    broker = ReplayBroker()
    assert broker.live_feed(late).now() == OPEN + 90 * MINUTE
    assert broker.start_of(late, OPEN) == OPEN - 11 * MINUTE
    assert broker.live_feed(replace(late, processed=OPEN + 20 * MINUTE)).now() == OPEN + 90 * MINUTE
    resumed = replace(late, processed=OPEN + 95 * MINUTE)
    assert broker.live_feed(resumed).now() == OPEN + 95 * MINUTE


def test_a_replay_plays_what_the_store_has(tmp_path: Path) -> None:
    broker, day = ReplayBroker(), stored_day(tmp_path, 0)
    assert (broker.name, broker.origin) == ("replay", None)
    broker.prepare(day, ["A", "B"])
    assert broker.history(day).symbols() == {"A"}
    found = broker.live_feed(day).bars(["A"], OPEN, SESSION.close)
    assert list(found.symbols) == []  # it has not begun


def test_faults_that_are_none_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    day = LiveDay(SESSION, CALENDAR, tmp_path / "store", faults="late=3")
    with pytest.raises(InputError, match="faults: late=3: expected a share and a delay"):
        ReplayBroker().check(day)
    assert not (tmp_path / "store").exists()
