"""The session's clock: it stands still until the engine moves it."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from enum import StrEnum

from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session


class Phase(StrEnum):
    """The part of the trading day an instant falls in."""

    CLOSED = "closed"
    PRE_MARKET = "pre_market"
    REGULAR = "regular"
    POST_MARKET = "post_market"


class TimeManager:
    """The clock of one session, the same in a backtest and live.

    It starts at the beginning of the pre-market and moves only forward.
    """

    __slots__ = ("_local", "_market_at", "_now", "_session")

    def __init__(self, session: Session) -> None:
        self._session = session
        self._now: Instant = session.pre_open
        self._market_at: Instant = session.pre_open
        self._local: tuple[Instant, datetime] | None = None

    @property
    def session(self) -> Session:
        """The session this clock belongs to."""
        return self._session

    @property
    def now(self) -> Instant:
        """The current instant, UTC microseconds."""
        return self._now

    @property
    def market_now(self) -> Instant:
        """The market's time at which the newest update was delivered; never behind the current instant.

        It is taken from the updates, not from a clock, so that a resumed session gets the same times
        again. In a backtest, and in a scanner's context, it is the current instant.
        """
        return self._now if self._now > self._market_at else self._market_at

    @property
    def phase(self) -> Phase:
        """The phase of the current instant.

        Open and close are both regular: the last regular bar is complete at the close.
        """
        session, now = self._session, self._now
        if now < session.pre_open or now > session.post_close:
            return Phase.CLOSED
        if now < session.open:
            return Phase.PRE_MARKET
        return Phase.REGULAR if now <= session.close else Phase.POST_MARKET

    def advance_to(self, instant: Instant) -> None:
        """Move the clock to an instant.

        Raises
        ------
        ValueError
            If the instant is in the past.
        """
        if instant < self._now:
            raise ValueError(f"time cannot go back from {to_iso(self._now)} to {to_iso(instant)}")
        self._now = instant

    def update_market(self, at: Instant | None) -> None:
        """Take the market's time at which an update was delivered; None where it does not say."""
        if at is not None:
            self._market_at = at

    def pinned(self) -> TimeManager:
        """A clock that stands still at this instant; of the market's time it knows no more."""
        pinned = copy(self)
        pinned.update_market(self._now)
        return pinned

    def get_current_time(self) -> datetime:
        """The current time on the exchange's clock, with its zone."""
        if self._local is None or self._local[0] != self._now:  # many scans read it at one instant
            self._local = (self._now, self._session.local(self._now))
        return self._local[1]

    def __repr__(self) -> str:
        return f"TimeManager({self.get_current_time().isoformat()}, {self.phase})"
