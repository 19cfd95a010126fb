"""Report readiness ten minutes before the open."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from symscan.model.events.feed import Readiness
from symscan.model.events.session import Event
from symscan.model.instant import MINUTE, Instant
from symscan.session.session_data import SessionData

_BEFORE_OPEN: Final = 10 * MINUTE


class Connection(Protocol):
    """The state of a live source's feed."""

    @property
    def is_connected(self) -> bool: ...

    def clock_offset_ms(self) -> float | None: ...


class ReadinessMonitor:
    """Reports once, ten minutes before the open or as soon as the session runs, what data it has.

    Parameters
    ----------
    data
        The session.
    connection
        Its feed.
    """

    def __init__(self, data: SessionData, connection: Connection) -> None:
        self._data = data
        self._connection = connection
        self._due = data.session.open - _BEFORE_OPEN
        self._is_reported = False

    def check(self, now: Instant) -> list[Event]:
        """Return the one event when it is due."""
        if self._is_reported or now < self._due:
            return []
        return [self._report(now)]

    def check_disconnected(self, now: Instant) -> list[Event]:
        """Report readiness while disconnected, when no slice arrives."""
        if self._is_reported or now < self._due or self._connection.is_connected:
            return []
        return [self._report(now)]

    def _report(self, now: Instant) -> Readiness:
        self._is_reported = True
        rows = self._data.symbols.in_use
        known = np.count_nonzero(~np.isnan(self._data.readings.previous_close[rows]))
        connection = self._connection
        offset = connection.clock_offset_ms()
        return Readiness(now, connection.is_connected, len(rows), int(known), offset)
