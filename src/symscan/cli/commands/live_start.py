"""Find the session of a broker's feed by the broker's clock, and wait for it."""

from __future__ import annotations

import sys
from typing import Final

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import CalendarError
from symscan.model.instant import MINUTE, SECOND, Instant, to_datetime
from symscan.model.session import Session
from symscan.sources.ports import Broker

_BEFORE_PRE_OPEN: Final = 10 * MINUTE
_LONGEST_SLEEP_SECONDS: Final = 30.0
"""So that a computer that was suspended reads its clock soon after it resumes."""


def session_at(calendar: SessionCalendar, now: Instant, *, resume: bool) -> Session:
    """Return the session to run: today's until its close, else the next; ``resume`` takes today's always."""
    today = to_datetime(now).astimezone(calendar.zone).date()
    try:
        session = calendar.session(today)
    except CalendarError:
        return calendar.next(today)
    return session if resume or now < session.close else calendar.next(today)


def is_running(calendar: SessionCalendar, now: Instant) -> bool:
    """Whether a session runs, its pre-market and the minutes before it included."""
    session = session_at(calendar, now, resume=False)
    return session.pre_open - _BEFORE_PRE_OPEN <= now < session.close


def wait_until_start(session: Session, broker: Broker) -> bool:
    """Wait until shortly before the pre-market, with a message; return whether it had to."""
    begins = session.pre_open - _BEFORE_PRE_OPEN
    if broker.now() >= begins:
        return False
    start = f"{session.local(begins):%A, %Y-%m-%d %H:%M}"
    print(f"waiting for the session of {session.date} until {start} exchange time", file=sys.stderr)
    while (seconds := (begins - broker.now()) / SECOND) > 0:
        broker.wait(min(seconds, _LONGEST_SLEEP_SECONDS))
    return True
