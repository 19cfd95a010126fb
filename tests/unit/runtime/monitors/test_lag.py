"""Falling behind: when scans pause, and what is said of it."""

from __future__ import annotations

from support.builders import make_session
from symscan.model.bar import BarSlice
from symscan.model.events.feed import LagBegan, LagEnded
from symscan.model.events.session import Hits, Outcome, ScanFinished, ScanPhase
from symscan.model.instant import MINUTE, SECOND
from symscan.runtime.monitors.lag import LagMonitor

OPEN = make_session().open


def _slice(minute: int, lag_seconds: float = 0.0, is_recovered: bool = False) -> BarSlice:
    return BarSlice(OPEN + minute * MINUTE, None, round(lag_seconds * SECOND), is_recovered)


def _scan(outcome: Outcome, error: str | None) -> ScanFinished:
    return ScanFinished(OPEN, "mine", ScanPhase.REGULAR, outcome, 0, 0, 0, Hits(), 0.0, error)


def test_it_pauses_beyond_the_limit_and_not_at_it() -> None:
    monitor = LagMonitor(30.0)
    assert monitor.update(_slice(1, 30.0)) == []
    assert monitor.paused is None
    assert monitor.update(_slice(2, 41.4)) == [LagBegan(OPEN + 2 * MINUTE, 41.4)]
    assert monitor.paused == "behind the feed by 41 s"


def test_it_is_said_once_when_it_begins_and_once_when_it_ends() -> None:
    monitor = LagMonitor(30.0)
    events = [monitor.update(_slice(minute, lag)) for minute, lag in enumerate((0, 50, 60, 70, 5, 0))]
    assert [len(events) for events in events] == [0, 1, 0, 0, 1, 0]
    assert events[4] == [LagEnded(OPEN + 4 * MINUTE, 0)]
    assert monitor.paused is None


def test_only_scans_that_were_skipped_for_it_are_counted() -> None:
    monitor = LagMonitor(30.0)
    busy = _scan(Outcome.SKIPPED, "its scan of 09:31 (exchange time) is still running")
    monitor.count_skipped([busy])
    for minute, lag in ((1, 50.0), (2, 60.0)):
        monitor.update(_slice(minute, lag))
        skipped = _scan(Outcome.SKIPPED, monitor.paused)
        monitor.count_skipped([skipped, busy, _scan(Outcome.OK, None), _scan(Outcome.FAILED, "it raised")])
    assert monitor.update(_slice(3)) == [LagEnded(OPEN + 3 * MINUTE, 2)]
    monitor.update(_slice(4, 50.0))
    assert monitor.update(_slice(5)) == [LagEnded(OPEN + 5 * MINUTE, 0)]


def test_minutes_that_are_made_up_for_are_no_sign_of_falling_behind() -> None:
    monitor = LagMonitor(30.0)
    assert monitor.update(_slice(1, 3600.0, is_recovered=True)) == []
    assert monitor.paused is None
    monitor.update(_slice(2, 50.0))
    assert monitor.update(_slice(3, 3600.0, is_recovered=True)) == [LagEnded(OPEN + 3 * MINUTE, 0)]
