"""Find the session of a bar by its start or date."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.session import Session

Instants = NDArray[np.int64]
Numbers = NDArray[np.intp]
"""Numbers of sessions, in their order; -1 for none."""


class SessionTable:
    """Sessions as columns, for assigning bars to them.

    Attributes
    ----------
    opens, closes
        When each session opens and closes, UTC microseconds; one more, 0, stands for no session.
    dates
        Its date; one more, NaT, stands for no session.

    Parameters
    ----------
    sessions
        Oldest first.
    zone
        In which an instant has a date.
    """

    def __init__(self, sessions: Sequence[Session], zone: ZoneInfo) -> None:
        hours = [(one.pre_open, one.open, one.close, one.post_close) for one in sessions]
        columns = np.array([*hours, (0, 0, 0, 0)], np.int64).T
        self._pre_opens, self.opens, self.closes, self._post_closes = columns
        self.dates = np.array([*(one.date for one in sessions), None], "datetime64[D]")
        self._zone = zone

    def by_hours(self, starts: Instants) -> Numbers:
        """Return the session whose hours, pre-market and post-market included, contain each start."""
        numbers = np.searchsorted(self._pre_opens[:-1], starts, "right") - 1
        return np.where((numbers >= 0) & (starts < self._post_closes[numbers]), numbers, -1)

    def by_local_date(self, starts: Instants) -> Numbers:
        """Return the session of each start's date in the table's zone."""
        moments = pl.Series(starts).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(self._zone.key)
        return self.by_date(moments.dt.date())

    def by_date(self, dates: pl.Series) -> Numbers:
        """Return the session of each date."""
        days = dates.to_numpy().astype("datetime64[D]")
        numbers = np.searchsorted(self.dates[:-1], days)
        return np.where(self.dates[numbers] == days, numbers, -1)

    def dates_of(self, numbers: Numbers) -> pl.Series:
        """Return the dates of sessions; null for none."""
        return pl.Series("session", self.dates[numbers]).cast(pl.Date)
