"""Why a symbol could not be judged: the first missing value of those its scanner reads."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Mask, Rows
from symscan.model.interval import ONE_DAY, ONE_MONTH, ONE_WEEK, Interval
from symscan.session.candidates import Candidates, Column, parse_column
from symscan.session.readings import NEEDS_PREMARKET, NEEDS_PREVIOUS_CLOSE
from symscan.session.session_data import SessionData

Reasons = NDArray[np.int8]

_CLOSE: Final = Column("close")

_NOTHING: Final = np.int8(127)
"""Above every reason, so that the smaller of two is the more specific."""


class Reason(IntEnum):
    """Why a symbol is unknown; the smallest that applies is given."""

    NONE = 0
    NOT_IN_STORE = 1
    NO_BAR_TODAY = 2
    NOT_REQUESTED = 3
    BASIS_MISMATCH = 4
    NO_PREVIOUS_CLOSE = 5
    WARMING = 6
    STALE = 7
    NO_PREMARKET_BAR = 8
    NO_ROW_YET = 9
    NO_VALUE = 10

    @property
    def text(self) -> str:
        """The reason as written to ``unknown.csv``."""
        return self.name.lower()


class Missing:
    """Finds the values a holder reads that its candidates are missing.

    Parameters
    ----------
    data
        The session.
    holder
        The holder of the candidates.
    """

    def __init__(self, data: SessionData, holder: str) -> None:
        self._data = data
        self._holder = holder
        self._plan: _Plan | None = None

    def reasons(self, reads: Sequence[str] | None, max_age_minutes: float | None = None) -> Reasons:
        """Return the first missing value per candidate, ``Reason.NONE`` without one, shape ``(candidates,)``.

        Parameters
        ----------
        reads
            The readings and indicators a decision needs; None means the last price and all that the
            holder requested, bars of earlier days included.
        max_age_minutes
            Beyond this age of its last bar a symbol is stale.
        """
        plan = self._current_plan(reads)
        if max_age_minutes is None and plan.is_settled():
            return plan.settled.copy()
        found = plan.fixed.copy()
        if plan.reads_today:
            grid = self._data.readings.phase_bars.grid
            _mark(found, Reason.NO_BAR_TODAY, grid.last[plan.rows] < 0)
        for column in plan.intraday:
            missing = np.isnan(plan.candidates.column(column))
            if _reads_premarket(column):  # who has no bar there lacks more than history
                missing &= self._data.premarket.grid.last[plan.rows] >= 0
            _mark(found, Reason.WARMING, missing)
        if plan.reads_premarket:
            _mark(found, Reason.NO_PREMARKET_BAR, self._data.premarket.grid.last[plan.rows] < 0)
        if max_age_minutes is not None:
            age = self._data.readings.column("minutes_since_bar", plan.rows)
            _mark(found, Reason.STALE, age > max_age_minutes)
        found[found == _NOTHING] = Reason.NONE
        return found

    def _current_plan(self, reads: Sequence[str] | None) -> _Plan:
        """Return the plan, rebuilt when the candidates or their requests changed."""
        candidates = self._data.candidates(self._holder)
        if self._plan is None or self._plan.candidates is not candidates:
            names = ("close", *(spec.key for spec in candidates.specs())) if reads is None else reads
            daily = (ONE_DAY, ONE_WEEK, ONE_MONTH)
            has_daily_bars = any(self._data.requested.has(one, self._holder) for one in daily)
            columns = [parse_column(name) for name in names]
            self._plan = _Plan(self._data, candidates, columns, reads is None and has_daily_bars)
        return self._plan


class _Plan:
    """The checks of some columns, and the results that cannot change until the next request."""

    def __init__(
        self, data: SessionData, candidates: Candidates, columns: Sequence[Column], reads_daily_bars: bool
    ) -> None:
        self.candidates = candidates
        self.rows = candidates.chosen
        self.reads_today = any(_reads_today(column) for column in columns)
        self.reads_premarket = any(_reads_premarket(column) for column in columns)
        self.intraday = [one for one in columns if one.spec is not None and one.spec.interval.is_intraday]
        self.fixed: Reasons = np.full(len(candidates.symbols), _NOTHING, np.int8)
        _mark(self.fixed, Reason.NOT_IN_STORE, ~data.in_store[self.rows])
        if any(candidates.is_missing(column.spec) for column in columns):
            _mark(self.fixed, Reason.NOT_REQUESTED, np.ones(len(self.fixed), np.bool_))
        if reads_daily_bars or any(_reads_daily(column) for column in columns):
            _mark(self.fixed, Reason.BASIS_MISMATCH, data.mismatched[self.rows])
        if any(column.reading in NEEDS_PREVIOUS_CLOSE for column in columns):
            _mark(self.fixed, Reason.NO_PREVIOUS_CLOSE, np.isnan(data.readings.previous_close[self.rows]))
        for column in columns:
            if column.spec is not None and not column.spec.interval.is_intraday:
                self._mark_daily(data, column, column.spec.interval)
        self.settled: Reasons = np.where(self.fixed == _NOTHING, np.int8(Reason.NONE), self.fixed)
        # A missing bar today is the more specific reason, whatever else is settled.
        others = np.flatnonzero(self.fixed != Reason.NOT_IN_STORE)
        self._others: Rows | slice = others if len(others) < len(self.fixed) else slice(None)

    def _mark_daily(self, data: SessionData, column: Column, interval: Interval) -> None:
        """Mark who has no value of days: once the day is complete, also who did not trade today."""
        missing = np.isnan(self.candidates.column(column))
        _mark(self.fixed, Reason.WARMING, missing)
        if data.regular_grid(interval) is not None:
            barless = data.readings.phase_bars.grid.last[self.rows] < 0
            _mark(self.fixed, Reason.NO_BAR_TODAY, missing & barless)

    def is_settled(self) -> bool:
        """Whether nothing is missing but what is settled, as most of the day."""
        if self.reads_premarket:
            return False
        # One sum is unknown where any of its terms is: cheaper than testing each.
        total = self.candidates.column(_CLOSE) if self.reads_today else np.zeros(len(self.fixed))
        for column in self.intraday:
            total = total + self.candidates.column(column)
        return not np.isnan(total[self._others]).any()


def _mark(found: Reasons, reason: Reason, missing: Mask) -> None:
    """Set a reason where it applies and no more specific one is set."""
    np.minimum(found, np.int8(reason), out=found, where=missing)


def _reads_premarket(column: Column) -> bool:
    if column.spec is not None:
        return column.spec.interval.is_premarket
    return column.name in NEEDS_PREMARKET


def _reads_today(column: Column) -> bool:
    if column.spec is not None:
        return column.spec.interval.is_intraday and not column.spec.interval.is_premarket
    return column.name not in NEEDS_PREMARKET and column.name != "previous_close"


def _reads_daily(column: Column) -> bool:
    if column.spec is not None:
        return not column.spec.interval.is_intraday
    return column.reading in NEEDS_PREVIOUS_CLOSE
