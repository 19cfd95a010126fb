"""A feed for a session whose close has passed: its bars are fetched, none are streamed."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Condition
from typing import Final

from symscan.model.instant import SECOND, Instant
from symscan.model.session import Session
from symscan.sources.ports import BarBatch, Broker, Connected, Delivery, EndOfStream, Feed

_LONGEST_WAIT_SECONDS: Final = 60.0


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
        self._changed = Condition()
        self._is_woken = False

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
        with self._changed:
            if self._deliveries:
                return self._deliveries.pop(0)
            if not self._is_woken and (seconds := (until - self.now()) / SECOND) > 0:
                self._changed.wait(min(seconds, _LONGEST_WAIT_SECONDS))
            self._is_woken = False
        return None

    def wake(self) -> None:
        """Let a waiting ``receive`` return, or the next one."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        """Fetch the session's bars with ``after < end <= until``; waits for the answer.

        Raises
        ------
        FeedError
            If the feed cannot be asked.
        """
        return self._feed.bars(symbols, after, min(until, self._session.close))
