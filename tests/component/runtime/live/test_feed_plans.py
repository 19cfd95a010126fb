"""Where a live session's bars come from, and where it begins."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from support.builders import FunctionScanner
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import ONE_MINUTE
from symscan.runtime.live.feed_plans import AlpacaPlan, ReplayPlan
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.sources.replay.faults import Faults
from symscan.sources.store.bar_store import BarStore, bar_schema

CALENDAR = SessionCalendar("NYSE")
SESSION = CALENDAR.session(date(2018, 11, 26))
OPEN = SESSION.open


def plan(root: Path, *minutes: int) -> ReplayPlan:
    """A stored day of one symbol with bars that begin at these minutes after the open."""
    rows = [(SESSION.date, "A", OPEN + minute * MINUTE, 1.0, 1.0, 1.0, 1.0, 1.0) for minute in minutes]
    schema = bar_schema(ONE_MINUTE)
    frame = pl.DataFrame(rows, {**schema, "start": pl.Int64}, orient="row").cast(dict(schema))
    store = BarStore.create(root / "store")
    with store.updating() as update:
        update.put(ONE_MINUTE, SESSION.date, frame)
    return ReplayPlan(store, CALENDAR, SESSION, None, Faults())


def due(*minutes: int) -> ManagedScanner:
    """A scanner due before the session at these minutes after the open."""
    times = DueTimes(tuple(OPEN + minute * MINUTE for minute in minutes), (OPEN,))
    return ManagedScanner("early", FunctionScanner(["A"]), times)


def begins(plan: ReplayPlan, since: Instant | None = None, *scanners: ManagedScanner) -> float:
    """Where it begins, in minutes after the open."""
    feed = plan.feed(since, scanners)
    assert since is not None or plan.start_of(scanners) == feed.now()
    return (feed.now() - OPEN) / MINUTE


def test_a_replay_begins_with_the_first_bar(tmp_path: Path) -> None:
    """Not at four in the morning, into a silence of hours."""
    assert begins(plan(tmp_path, -90, 0)) == -90
    assert begins(plan(tmp_path / "shortly", -5, 0)) == -11
    assert begins(plan(tmp_path / "later", 0, 1)) == -11  # in time to say that it is ready


def test_a_replay_begins_before_the_first_scan(tmp_path: Path) -> None:
    without = plan(tmp_path, 0)
    assert begins(without, None, due(-30), due(-60, -5)) == -61
    assert begins(without, None, due(-5)) == -11
    first = (SESSION.pre_open - OPEN) // MINUTE
    assert begins(without, None, due(first)) == first  # there is nothing before


def test_a_resumed_replay_goes_on_where_it_was(tmp_path: Path) -> None:
    assert begins(plan(tmp_path, -90, 0), OPEN + 7 * MINUTE, due(-60)) == 7


def test_a_replay_can_begin_later_than_the_session(tmp_path: Path) -> None:
    late = replace(plan(tmp_path, 0), start=OPEN + 90 * MINUTE)
    assert late.feed(None, ()).now() == OPEN + 90 * MINUTE
    assert late.start_of(()) == OPEN - 11 * MINUTE
    assert late.feed(OPEN + 20 * MINUTE, ()).now() == OPEN + 90 * MINUTE
    assert late.feed(OPEN + 95 * MINUTE, ()).now() == OPEN + 95 * MINUTE  # resumed after that


def test_a_replay_plays_what_the_store_has(tmp_path: Path) -> None:
    replayed = plan(tmp_path, 0)
    assert (replayed.name, replayed.origin) == ("replay", None)
    assert replayed.history is replayed.history
    assert replayed.history.symbols() == {"A"}
    replayed.prepare(["A", "B"], SESSION)
    assert replayed.history.symbols() == {"A"}
    found = replayed.feed(None, ()).bars(["A"], OPEN, SESSION.close)
    assert list(found.symbols) == []  # it has not begun


def test_a_broker_wants_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("alpaca", reason="the broker's client is an extra")
    monkeypatch.delenv("APCA_API_KEY_ID", raising=False)
    monkeypatch.setenv("APCA_API_SECRET_KEY", "s")
    with pytest.raises(InputError, match="APCA_API_KEY_ID is not set"):
        AlpacaPlan(tmp_path / "store", CALENDAR, "iex", 0)
    assert not (tmp_path / "store").exists()  # nothing is made before everything is right


def test_a_broker_begins_nowhere_else_than_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("alpaca", reason="the broker's client is an extra")
    for name in ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.setenv(name, "PKX")
    made = AlpacaPlan(tmp_path / "store", CALENDAR, "iex", 0)
    feed = made.feed(OPEN, [due(-60)])
    assert made.feed(None, ()) is feed
    assert made.start_of([due(-60)]) is None
    assert (made.name, made.origin, feed.name) == ("alpaca:iex",) * 3
    assert BarStore(tmp_path / "store").intervals() == ()
