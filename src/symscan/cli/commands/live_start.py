"""Find the session of a broker's feed by the broker's clock, and wait for it."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from symscan.clock.wall_clock import utc_now
from symscan.errors import CalendarError, FeedError, KeysRefused
from symscan.model.instant import MINUTE, SECOND, Instant, from_datetime, to_datetime

if TYPE_CHECKING:
    from symscan.clock.session_calendar import SessionCalendar
    from symscan.model.session import Session

_BEFORE_PRE_OPEN: Final = 10 * MINUTE
_CLOCK_READ_SECONDS: Final = 5.0
_CLOCK_RETRIES: Final = 4

_LONGEST_SLEEP_SECONDS: Final = 30.0
"""So that a computer that was suspended reads its clock soon after it resumes."""


@dataclass(frozen=True, slots=True)
class MarketTime:
    """The market's clock.

    Attributes
    ----------
    offset
        This computer's clock minus the market's, microseconds.
    """

    offset: Instant = 0

    def now(self) -> Instant:
        """Return the instant, UTC microseconds."""
        return from_datetime(datetime.fromisoformat(utc_now())) - self.offset

    @staticmethod
    def of_broker(feed: str) -> MarketTime:
        """Read Alpaca's clock; falls back on this computer's, with a message.

        Raises
        ------
        InputError
            If there are no keys in the environment, or the client is not installed.
        KeysRefused
            If the keys are not accepted: reported at once, not when the session begins.
        """
        from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
        from symscan.sources.alpaca.rest import AlpacaRest, require_client

        keys, hosts = AlpacaKeys.from_environment(), AlpacaHosts.from_environment()
        require_client()
        from symscan.sources.alpaca.http_client import HttpTimeouts

        timeouts = HttpTimeouts(read_seconds=_CLOCK_READ_SECONDS, retries=_CLOCK_RETRIES)
        try:
            market, ours = AlpacaRest(keys, hosts, feed, timeouts).clock()
        except KeysRefused:
            raise
        except FeedError as error:
            print(f"the market's clock is not known, this computer's is used: {error}", file=sys.stderr)
            return MarketTime()
        return MarketTime(ours - market)


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


def wait_until_start(session: Session, clock: MarketTime) -> bool:
    """Wait until shortly before the pre-market, with a message; return whether it had to."""
    begins = session.pre_open - _BEFORE_PRE_OPEN
    if clock.now() >= begins:
        return False
    start = f"{session.local(begins):%A, %Y-%m-%d %H:%M}"
    print(f"waiting for the session of {session.date} until {start} exchange time", file=sys.stderr)
    while (seconds := (begins - clock.now()) / SECOND) > 0:
        time.sleep(min(seconds, _LONGEST_SLEEP_SECONDS))
    return True
