"""The one line before the open: is everything there?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from support.builders import make_session
from symscan.model.events.feed import Readiness
from symscan.model.instant import MINUTE
from symscan.runtime.monitors.readiness import ReadinessMonitor
from symscan.session.session_data import SessionData

SESSION = make_session(premarket=30)
OPEN = SESSION.open


@dataclass
class Line:
    is_connected: bool = True
    offset: float | None = 1.5

    def clock_offset_ms(self) -> float | None:
        return self.offset


@pytest.fixture
def data() -> SessionData:
    """Three symbols, one of them without a previous close; one has left."""
    data = SessionData(SESSION)
    data.add_rows(["A", "B", "C", "D"])
    data.readings.previous_close[data.symbols.rows(["A", "B", "D"])] = 10.0
    data.free_rows(["D"])
    assert np.isnan(data.readings.previous_close[2])
    return data


def test_it_is_said_once_ten_minutes_before_the_open(data: SessionData) -> None:
    monitor = ReadinessMonitor(data, Line())
    events = [event for minute in range(-30, 3) for event in monitor.check(OPEN + minute * MINUTE)]
    assert events == [Readiness(OPEN - 10 * MINUTE, True, 3, 2, 1.5)]


def test_who_comes_later_is_told_at_once(data: SessionData) -> None:
    monitor = ReadinessMonitor(data, Line(offset=None))
    events = [event for minute in range(-4, 3) for event in monitor.check(OPEN + minute * MINUTE)]
    assert events == [Readiness(OPEN - 4 * MINUTE, True, 3, 2, None)]


def test_it_says_that_there_is_no_connection(data: SessionData) -> None:
    line = Line(is_connected=False)
    (events,) = ReadinessMonitor(data, line).check(OPEN - 10 * MINUTE)
    assert isinstance(events, Readiness)
    assert not events.connected


def test_without_a_line_it_is_said_although_no_slice_is_given(data: SessionData) -> None:
    line = Line()
    monitor = ReadinessMonitor(data, line)
    assert monitor.check_disconnected(OPEN - 10 * MINUTE) == []  # the slice is to come
    line.is_connected = False
    assert monitor.check_disconnected(OPEN - 10 * MINUTE - 1) == []
    assert monitor.check_disconnected(OPEN - 9 * MINUTE) == [Readiness(OPEN - 9 * MINUTE, False, 3, 2, 1.5)]
    assert monitor.check_disconnected(OPEN - 8 * MINUTE) == monitor.check(OPEN) == []
