"""The session calendar: which days are sessions, and when each opens and closes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from symscan.clock import calendar_library as exchanges
from symscan.clock.calendar_cache import CalendarCache, default_folder
from symscan.errors import CalendarError
from symscan.model.session import Session

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199


class SessionCalendar:
    """The sessions of one exchange.

    Parameters
    ----------
    exchange
        A name pandas_market_calendars knows: ``NYSE``, ``LSE``, ``XETR``.

    Raises
    ------
    CalendarError
        If there is no such exchange.
    """

    def __init__(self, exchange: str = "NYSE") -> None:
        self.exchange: Final = exchange
        self._cache = CalendarCache(default_folder(), exchange, exchanges.library_version())
        self._years: dict[int, tuple[Session, ...]] = {}
        self.zone: Final[ZoneInfo] = self._cache.zone() or self._load_zone()

    def session(self, day: date) -> Session:
        """The session of a day.

        Raises
        ------
        CalendarError
            If the exchange is closed that day; the message says why and names the next session.
        """
        sessions = self._year(day.year)
        index = bisect_left(sessions, day, key=_date)
        if index < len(sessions) and sessions[index].date == day:
            return sessions[index]
        raise CalendarError(self._why_closed(day))

    def sessions(self, start: date, end: date) -> list[Session]:
        """The sessions from ``start`` to ``end``, both included, oldest first.

        Raises
        ------
        CalendarError
            If ``end`` is before ``start``.
        """
        if end < start:
            raise CalendarError(f"the range ends on {end}, before it starts on {start}; swap the dates")
        years = range(start.year, end.year + 1)
        return [session for year in years for session in self._year(year) if start <= session.date <= end]

    def previous(self, day: date, count: int) -> list[Session]:
        """The ``count`` sessions before a day, oldest first; the day itself is not among them.

        Raises
        ------
        ValueError
            If ``count`` is negative.
        CalendarError
            If the calendar does not reach back that far.
        """
        if count < 0:
            raise ValueError(f"cannot give {count} sessions")
        sessions = self._year(day.year)
        found = sessions[: bisect_left(sessions, day, key=_date)]
        year = day.year
        while len(found) < count:
            year -= 1
            found = self._year(year) + found
        return list(found[len(found) - count :])

    def next(self, day: date) -> Session:
        """The first session after a day.

        Raises
        ------
        CalendarError
            If the calendar does not reach that far.
        """
        sessions = self._year(day.year)
        year, index = day.year, bisect_right(sessions, day, key=_date)
        while index == len(sessions):
            year, index = year + 1, 0
            sessions = self._year(year)
        return sessions[index]

    def _year(self, year: int) -> tuple[Session, ...]:
        sessions = self._years.get(year)
        if sessions is None:
            if not FIRST_YEAR <= year <= LAST_YEAR:
                raise CalendarError(f"the calendar knows the years {FIRST_YEAR} to {LAST_YEAR}, not {year}")
            sessions = self._cache.year(year)
            if sessions is None:
                sessions = exchanges.load_year(self.exchange, year)
                self._cache.keep_year(year, self.zone, sessions)
            self._years[year] = sessions
        return sessions

    def _load_zone(self) -> ZoneInfo:
        zone = exchanges.load_zone(self.exchange)
        self._cache.keep_zone(zone)
        return zone

    def _why_closed(self, day: date) -> str:
        why = f"a {day:%A}" if day.weekday() >= 5 else f"a holiday of {self.exchange}"
        return f"{day} has no session, it is {why}; the next session is {self.next(day).date}"


def _date(session: Session) -> date:
    return session.date
