"""How it stands with a feed: connected, lost, silent, over."""

from __future__ import annotations

from collections import deque

from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.session import Session


class EventQueue:
    """What happened to a source, until somebody takes it; may be added to from any thread."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._is_fresh = False

    def add(self, event: Event) -> None:
        """One more."""
        self._events.append(event)
        self._is_fresh = True

    def take(self) -> list[Event]:
        """Take out all there is."""
        return [self._events.popleft() for _ in range(len(self._events))]

    @property
    def is_fresh(self) -> bool:
        """Whether something happened since somebody was last told to look."""
        return self._is_fresh

    def told(self) -> None:
        """Somebody is told to look now."""
        self._is_fresh = False


class ConnectionMonitor:
    """Keeps account of a feed's connection.

    Parameters
    ----------
    session
        The day; before its open a feed may be as silent as it likes.
    patience
        After how long without a bar the feed counts as silent, microseconds.
    lull
        After how long without a bar some may have been lost, microseconds: bars of a minute in which
        somebody traded follow each other faster.
    """

    def __init__(self, session: Session, patience: int, lull: int) -> None:
        self.is_connected = False
        self.is_over = False
        self.was_lost = False
        self._session = session
        self._patience = patience
        self._lull = lull
        self._is_silent = False
        self.heard: Instant = session.pre_open
        """When the last bar came that was newer than those before, or the connection."""
        self.newest: Instant = session.pre_open
        """The end of the newest bar that came, or when the connection did."""

    def connect(self, now: Instant) -> None:
        """The feed delivers."""
        self.is_connected, self.heard, self.newest, self._is_silent = True, now, now, False

    def lose(self) -> None:
        """The feed delivers no more."""
        self.is_connected, self.was_lost, self._is_silent = False, True, False

    def hear(self, now: Instant, end: Instant) -> Instant | None:
        """Bars came; returns since when there are none, if that is so long that some may have been lost.

        Only a bar that ends later than those before is a sign of life: a feed may repeat itself.

        Parameters
        ----------
        now
            When they were taken in. A session that is slow takes them in late: that is no gap.
        end
            The end of the newest of them; one that is ahead of the clock counts as ending now.
        """
        since, end = self.newest, min(end, now)
        if end > since:
            self.heard, self.newest, self._is_silent = now, end, False
        return since if end - since > self._lull else None

    @property
    def silent_since(self) -> Instant:
        """Since when, in regular hours, no bar has come."""
        return max(self.heard, self._session.open)

    def silent_at(self) -> Instant | None:
        """When the feed will count as silent; None if it does already, or cannot."""
        at = self.silent_since + self._patience
        return at if self.is_connected and not self._is_silent and at <= self._session.close else None

    def fall_silent(self) -> None:
        """Take note of the silence."""
        self._is_silent = True
