"""Calendars of exchanges, each computed once a process."""

from __future__ import annotations

from functools import cache

from symscan.clock.session_calendar import SessionCalendar


@cache
def calendar_of(exchange: str = "NYSE") -> SessionCalendar:
    """The calendar of an exchange; it keeps the years it has computed."""
    return SessionCalendar(exchange)
