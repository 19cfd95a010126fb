"""Which session a broker's feed is for: today's until its close, then the next; and waiting for it."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

from symscan.clock.wall_clock import utc_now
from symscan.errors import CalendarError
from symscan.model.instant import MINUTE, SECOND, Instant, from_datetime, to_datetime

if TYPE_CHECKING:
    from symscan.clock.session_calendar import SessionCalendar
    from symscan.model.session import Session

_BEFORE_PRE_OPEN: Final = 10 * MINUTE
_LONGEST_SLEEP_SECONDS: Final = 30.0
"""A computer that was asleep looks at its clock again soon after it wakes."""


def session_at(calendar: SessionCalendar, now: Instant, *, resume: bool) -> Session:
    """The session to run: today's until its close, else the next; ``resume`` takes today's at any hour."""
    today = to_datetime(now).astimezone(calendar.zone).date()
    try:
        session = calendar.session(today)
    except CalendarError:
        return calendar.next(today)
    return session if resume or now < session.close else calendar.next(today)


def wait_for(session: Session) -> bool:
    """Wait until shortly before the session's pre-market begins, saying so; returns whether it had to."""
    begins = session.pre_open - _BEFORE_PRE_OPEN
    if clock_now() >= begins:
        return False
    start = f"{session.local(begins):%A, %Y-%m-%d %H:%M}"
    print(f"waiting for the session of {session.date} until {start} exchange time", file=sys.stderr)
    while (seconds := (begins - clock_now()) / SECOND) > 0:
        time.sleep(min(seconds, _LONGEST_SLEEP_SECONDS))
    return True


def clock_now() -> Instant:
    """This computer's clock; the feed's own is asked once there is a feed."""
    return from_datetime(datetime.fromisoformat(utc_now()))
