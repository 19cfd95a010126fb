"""Connection state of a feed - connected, lost, silent, ended - and the queue of its events."""

from __future__ import annotations

from collections import deque

from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.session import Session


class EventQueue:
    """Queue of a source's events; ``add`` is thread-safe."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._has_new = False

    def add(self, event: Event) -> None:
        """Add an event."""
        self._events.append(event)
        self._has_new = True

    def drain(self) -> list[Event]:
        """Remove and return all events."""
        return [self._events.popleft() for _ in range(len(self._events))]

    @property
    def has_new(self) -> bool:
        """Whether an event was added since :meth:`mark_seen`."""
        return self._has_new

    def mark_seen(self) -> None:
        """Mark all events as seen: an update that leads to draining them is on its way."""
        self._has_new = False


class ConnectionMonitor:
    """Tracks the connection of a feed.

    Parameters
    ----------
    session
        The day; before its open a feed never counts as silent.
    silence_limit
        Time without a bar after which the feed counts as silent, microseconds.
    loss_limit
        Time without a bar after which some may have been lost, microseconds: bars of minutes with trades
        follow each other faster.
    """

    def __init__(self, session: Session, silence_limit: int, loss_limit: int) -> None:
        self.is_connected = False
        self.has_ended = False
        self.was_lost = False
        self._session = session
        self._silence_limit = silence_limit
        self._loss_limit = loss_limit
        self._is_silent = False
        self.last_progress: Instant = session.pre_open
        """When the last bar newer than all before arrived, or the connection was made."""
        self.newest_end: Instant = session.pre_open
        """The end of the newest bar, or when the connection was made."""

    def connect(self, now: Instant) -> None:
        """Record that the feed is connected."""
        self.is_connected, self.last_progress, self.newest_end, self._is_silent = True, now, now, False

    def disconnect(self) -> None:
        """Record that the connection was lost."""
        self.is_connected, self.was_lost, self._is_silent = False, True, False

    def record_bars(self, now: Instant, end: Instant) -> Instant | None:
        """Record arrived bars; return the end of the last one before them if bars in between may be lost.

        Only a bar that ends later than those before counts as progress: a feed may repeat itself.

        Parameters
        ----------
        now
            When they were processed. A slow session processes them late: that alone loses no bars.
        end
            The end of the newest of them; one that is ahead of the clock counts as ending now.
        """
        since, end = self.newest_end, min(end, now)
        if end > since:
            self.last_progress, self.newest_end, self._is_silent = now, end, False
        return since if end - since > self._loss_limit else None

    @property
    def silent_since(self) -> Instant:
        """When the last bar arrived, or the open if that is later."""
        return max(self.last_progress, self._session.open)

    def silent_at(self) -> Instant | None:
        """Return when the feed will count as silent; None if it does already, or cannot."""
        at = self.silent_since + self._silence_limit
        return at if self.is_connected and not self._is_silent and at <= self._session.close else None

    def mark_silent(self) -> None:
        """Record that the silence was reported."""
        self._is_silent = True
