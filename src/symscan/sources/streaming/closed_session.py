"""A feed for a session whose close has passed: its bars are fetched, none are streamed."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event
from typing import Final

from symscan.model.instant import SECOND, Instant
from symscan.model.session import Session
from symscan.sources.ports import BarBatch, Broker, Connected, Delivery, EndOfStream, Feed

_POLL_SECONDS: Final = 0.05
"""The broker's clock is waited for in portions so long: it knows of no waking."""


class ClosedSessionFeed:
    """Serves the bars of a closed session to fetches alone; see :class:`Feed`.

    It opens no connection to the stream, which another session may need.

    Parameters
    ----------
    feed
        Fetches the bars; never opened.
    session
        The session that is over.
    broker
        Provides the time: a feed that is not open may not know it.
    """

    waits_for_session = True

    def __init__(self, feed: Feed, session: Session, broker: Broker) -> None:
        self.name = feed.name
        self.base = feed.base
        self._feed = feed
        self._session = session
        self._broker = broker
        self._deliveries: list[Delivery] = [Connected(), EndOfStream()]
        self._woken = Event()

    def open(self) -> None:
        """Nothing to do: nothing is streamed."""

    def close(self) -> None:
        """Let a waiting ``receive`` return."""
        self.wake()

    def now(self) -> Instant:
        """The market's clock."""
        return self._broker.now()

    def clock_offset_ms(self) -> float | None:
        """This computer's clock minus the market's."""
        return self._broker.clock_offset_ms()

    def subscribe(self, symbols: Sequence[str]) -> None:
        """Nothing to do: their bars are fetched."""

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Nothing to do."""

    def receive(self, until: Instant) -> Delivery | None:
        """That it is connected, then that it ended; None once the clock has passed ``until``."""
        if self._deliveries:
            return self._deliveries.pop(0)
        while not self._woken.is_set() and (seconds := (until - self.now()) / SECOND) > 0:
            self._broker.wait(min(seconds, _POLL_SECONDS))
        self._woken.clear()
        return None

    def wake(self) -> None:
        """Let a waiting ``receive`` return, or the next one."""
        self._woken.set()

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        """Fetch the session's bars with ``after < end <= until``; waits for the answer.

        Raises
        ------
        FeedError
            If the feed cannot be asked.
        """
        return self._feed.bars(symbols, after, min(until, self._session.close))
