from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from symscan.clock.schedule import DAYS, Window, due_instants, pre_session_instants
from symscan.model.instant import from_datetime
from symscan.model.session import Session

NEW_YORK = ZoneInfo("America/New_York")


def session_of(day: date, close: time = time(16), zone: ZoneInfo = NEW_YORK) -> Session:
    def at(clock: time) -> int:
        return from_datetime(datetime.combine(day, clock, zone))

    return Session(day, at(time(4)), at(time(9, 30)), at(close), at(time(20)), zone, close != time(16))


TUESDAY = session_of(date(2018, 2, 20))
HALF_DAY = session_of(date(2018, 7, 3), time(13))


def local(session: Session, instants: tuple[int, ...]) -> list[str]:
    return [session.local(instant).strftime("%H:%M") for instant in instants]


def due(session: Session, *windows: Window) -> list[str]:
    return local(session, due_instants(windows, session))


def test_the_specifications_schedule() -> None:
    found = due(TUESDAY, Window(time(9, 35), time(15, 55), 5))

    assert (found[0], found[1], found[-1], len(found)) == ("09:35", "09:40", "15:55", 77)


def test_open_and_close_are_due() -> None:
    found = due(TUESDAY, Window(time(9, 30), time(16), 15))

    assert (found[0], found[-1], len(found)) == ("09:30", "16:00", 27)


def test_the_end_is_due_only_on_the_grid() -> None:
    assert due(TUESDAY, Window(time(10), time(10, 59), 30)) == ["10:00", "10:30"]
    assert due(TUESDAY, Window(time(10), time(10), 30)) == ["10:00"]


def test_the_grid_is_anchored_at_a_start_before_the_open() -> None:
    assert due(TUESDAY, Window(time(9), time(11), 45)) == ["09:45", "10:30"]


def test_an_early_close_clips() -> None:
    assert due(HALF_DAY, Window(time(12), time(16), 30)) == ["12:00", "12:30", "13:00"]
    assert due(HALF_DAY, Window(time(14), time(16), 30)) == []


def test_missing_bounds_are_those_of_the_session() -> None:
    assert due(TUESDAY, Window(None, None, 180)) == ["09:30", "12:30", "15:30"]
    assert due(HALF_DAY, Window(None, None, 210)) == ["09:30", "13:00"]
    assert due(TUESDAY, Window(None, time(10), 30)) == ["09:30", "10:00"]
    assert local(TUESDAY, pre_session_instants([Window(None, None, 330)], TUESDAY)) == ["04:00", "09:30"]


def test_windows_unite() -> None:
    found = due(TUESDAY, Window(time(15), time(16), 60), Window(time(9, 30), time(15), 150))

    assert found == ["09:30", "12:00", "14:30", "15:00", "16:00"]
    assert due(TUESDAY) == []


def test_days_of_the_week() -> None:
    monday_only = Window(time(10), time(10), 5, ("Mon",))

    assert due(TUESDAY, monday_only) == []
    assert due(session_of(date(2018, 2, 26)), monday_only) == ["10:00"]
    assert due(TUESDAY, Window(time(10), time(10), 5, ("Tue", "Fri"))) == ["10:00"]


def test_pre_session_windows_are_clipped_to_pre_market_and_open() -> None:
    window = Window(time(3, 30), time(10), 60)

    found = local(TUESDAY, pre_session_instants([window], TUESDAY))

    assert found == ["04:30", "05:30", "06:30", "07:30", "08:30", "09:30"]


@pytest.mark.parametrize(
    ("day", "utc"),
    [(date(2018, 3, 9), 15), (date(2018, 3, 12), 14), (date(2018, 11, 2), 14), (date(2018, 11, 5), 15)],
)
def test_exchange_time_follows_daylight_saving(day: date, utc: int) -> None:
    (instant,) = due_instants([Window(time(10), time(10), 5)], session_of(day))

    assert instant == from_datetime(datetime.combine(day, time(utc), UTC))


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((time(10), time(9), 5), "ends at 09:00, before it starts at 10:00"),
        ((time(10, 0, 1), time(11), 5), "not a whole minute"),
        ((time(10, tzinfo=UTC), time(11), 5), "not a whole minute"),
        ((time(10), time(11), 0), "every 0 minutes"),
        ((time(10), time(11), 5, ()), "not days of the week"),
        ((time(10), time(11), 5, ("Monday",)), "not days of the week"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(bounds: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Window(*bounds)


def test_the_week_starts_on_monday() -> None:
    assert DAYS[date(2018, 2, 19).weekday()] == "Mon"
