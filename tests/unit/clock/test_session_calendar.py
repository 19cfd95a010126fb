from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import CalendarError
from symscan.model.instant import from_datetime


@pytest.fixture(scope="module", autouse=True)
def _no_cache() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMSCAN_CACHE_DIR", "")
        yield


@pytest.fixture(scope="module")
def nyse(_no_cache: None) -> SessionCalendar:
    return SessionCalendar("NYSE")


def utc(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def test_an_ordinary_winter_session(nyse: SessionCalendar) -> None:
    session = nyse.session(date(2018, 2, 20))

    assert session.pre_open == utc("2018-02-20T09:00")
    assert session.open == utc("2018-02-20T14:30")
    assert session.close == utc("2018-02-20T21:00")
    assert session.post_close == utc("2018-02-21T01:00")
    assert session.minutes == 390
    assert not session.is_early_close
    assert session.zone.key == "America/New_York"


# The exchange's own announcements; open and close in UTC.
@pytest.mark.parametrize(
    ("day", "open_", "close"),
    [
        (date(2018, 7, 3), "13:30", "17:00"),
        (date(2018, 11, 23), "14:30", "18:00"),
        (date(2018, 12, 24), "14:30", "18:00"),
        (date(2024, 11, 29), "14:30", "18:00"),
    ],
)
def test_half_days_close_at_one(nyse: SessionCalendar, day: date, open_: str, close: str) -> None:
    session = nyse.session(day)

    assert session.is_early_close
    assert (session.open, session.close) == (utc(f"{day}T{open_}"), utc(f"{day}T{close}"))
    assert session.local(session.close).hour == 13
    assert session.local(session.post_close).hour == 17
    assert session.minutes == 210


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2018, 3, 9), "14:30"),
        (date(2018, 3, 12), "13:30"),
        (date(2018, 11, 2), "13:30"),
        (date(2018, 11, 5), "14:30"),
        (date(2025, 3, 7), "14:30"),
        (date(2025, 3, 10), "13:30"),
    ],
)
def test_daylight_saving_moves_the_open_in_utc_only(nyse: SessionCalendar, day: date, open_: str) -> None:
    session = nyse.session(day)

    assert session.open == utc(f"{day}T{open_}")
    assert session.local(session.pre_open).hour == 4
    assert session.local(session.open).strftime("%H:%M") == "09:30"
    assert session.local(session.post_close).hour == 20


@pytest.mark.parametrize(
    ("day", "why", "following"),
    [
        (date(2024, 7, 4), "holiday of NYSE", "2024-07-05"),
        (date(2018, 12, 5), "holiday of NYSE", "2018-12-06"),
        (date(2025, 1, 9), "holiday of NYSE", "2025-01-10"),
        (date(2001, 9, 11), "holiday of NYSE", "2001-09-17"),
        (date(2018, 2, 17), "Saturday", "2018-02-20"),
        (date(2018, 12, 30), "Sunday", "2018-12-31"),
        (date(2017, 12, 31), "Sunday", "2018-01-02"),
    ],
)
def test_a_closed_day_says_why_and_what_follows(
    nyse: SessionCalendar, day: date, why: str, following: str
) -> None:
    with pytest.raises(CalendarError) as caught:
        nyse.session(day)

    assert str(day) in str(caught.value)
    assert why in str(caught.value)
    assert following in str(caught.value)


def test_sessions_include_both_ends(nyse: SessionCalendar) -> None:
    found = nyse.sessions(date(2017, 12, 29), date(2018, 1, 3))

    assert [session.date for session in found] == [date(2017, 12, 29), date(2018, 1, 2), date(2018, 1, 3)]
    assert [session.date for session in nyse.sessions(date(2018, 7, 3), date(2018, 7, 3))] == [
        date(2018, 7, 3)
    ]
    assert nyse.sessions(date(2018, 2, 17), date(2018, 2, 19)) == []


@pytest.mark.parametrize(("year", "count"), [(1990, 253), (2001, 248), (2018, 251), (2024, 252)])
def test_how_many_sessions_a_year_had(nyse: SessionCalendar, year: int, count: int) -> None:
    assert len(nyse.sessions(date(year, 1, 1), date(year, 12, 31))) == count


def test_a_range_that_ends_before_it_starts_is_refused(nyse: SessionCalendar) -> None:
    with pytest.raises(CalendarError, match="ends on 2018-02-19, before it starts on 2018-02-20"):
        nyse.sessions(date(2018, 2, 20), date(2018, 2, 19))


def test_the_sessions_before_a_day_cross_the_year(nyse: SessionCalendar) -> None:
    found = nyse.previous(date(2018, 1, 3), 3)

    assert [session.date for session in found] == [date(2017, 12, 28), date(2017, 12, 29), date(2018, 1, 2)]
    assert [session.date for session in nyse.previous(date(2018, 2, 18), 1)] == [date(2018, 2, 16)]
    assert nyse.previous(date(2018, 1, 3), 0) == []
    assert len(nyse.previous(date(2018, 1, 3), 600)) == 600
    with pytest.raises(ValueError, match="-1 sessions"):
        nyse.previous(date(2018, 1, 3), -1)


def test_the_session_after_a_day(nyse: SessionCalendar) -> None:
    assert nyse.next(date(2018, 2, 16)).date == date(2018, 2, 20)
    assert nyse.next(date(2017, 12, 29)).date == date(2018, 1, 2)
    assert nyse.next(date(2018, 2, 18)).date == date(2018, 2, 20)


def test_the_calendar_reaches_into_the_future_but_not_beyond_it(nyse: SessionCalendar) -> None:
    assert nyse.session(date(2100, 1, 4)).minutes == 390
    with pytest.raises(CalendarError, match="1900 to 2199, not 2200"):
        nyse.session(date(2200, 1, 2))
    with pytest.raises(CalendarError, match="not 1899"):
        nyse.previous(date(1900, 1, 1), 1)


def test_an_unknown_exchange_names_near_ones() -> None:
    with pytest.raises(CalendarError, match="no exchange 'nyse'; did you mean NYSE"):
        SessionCalendar("nyse")
    with pytest.raises(CalendarError, match="no exchange 'Ruritania'"):
        SessionCalendar("Ruritania")


def test_an_exchange_without_extended_hours(nyse: SessionCalendar) -> None:
    session = SessionCalendar("LSE").session(date(2024, 1, 2))

    assert session.pre_open == session.open == utc("2024-01-02T08:00")
    assert session.close == session.post_close == utc("2024-01-02T16:30")
    assert session.zone.key == "Europe/London" != nyse.zone.key
