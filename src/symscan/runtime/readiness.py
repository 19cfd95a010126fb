"""Ten minutes before the open: is everything there?"""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np

from symscan.model.events.feed import Readiness
from symscan.model.events.session import Event
from symscan.model.instant import MINUTE, Instant
from symscan.session.session_data import SessionData

_BEFORE_OPEN: Final = 10 * MINUTE


class Connection(Protocol):
    """What a live source says of its feed."""

    @property
    def is_connected(self) -> bool: ...

    def clock_offset_ms(self) -> float | None: ...


class ReadinessMonitor:
    """Says once, ten minutes before the open or as soon as the session runs, what it has.

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
        self._is_told = False

    def look(self, now: Instant) -> list[Event]:
        """The one event when its hour has come."""
        if self._is_told or now < self._due:
            return []
        return [self._tell(now)]

    def check_disconnected(self, now: Instant) -> list[Event]:
        """The same while no slice is given because there is no connection."""
        if self._is_told or now < self._due or self._connection.is_connected:
            return []
        return [self._tell(now)]

    def _tell(self, now: Instant) -> Readiness:
        self._is_told = True
        rows = self._data.symbols.in_use
        known = np.count_nonzero(~np.isnan(self._data.readings.previous_close[rows]))
        connection = self._connection
        offset = connection.clock_offset_ms()
        return Readiness(now, connection.is_connected, len(rows), int(known), offset)
