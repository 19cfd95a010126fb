"""Why a symbol could not be judged: the first thing missing, of all that its scanner reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Mask, Rows
from symscan.model.specs import IndicatorSpec
from symscan.session.columns import Column, parse_column
from symscan.session.readings import NEEDS_PREMARKET, NEEDS_PREVIOUS_CLOSE
from symscan.session.session_data import SessionData

Reasons = NDArray[np.int8]


class Reason(IntEnum):
    """Why a symbol is unknown; the smallest that applies is given."""

    NONE = 0
    NOT_IN_STORE = 1
    NO_BAR_TODAY = 2
    BASIS_MISMATCH = 3
    NO_PREVIOUS_CLOSE = 4
    WARMING = 5
    STALE = 6
    NO_PREMARKET_BAR = 7
    NO_VALUE = 8

    @property
    def text(self) -> str:
        """The reason as written to ``unknown.csv``."""
        return self.name.lower()


class Missing:
    """What is missing of a holder's candidates, as of now.

    Parameters
    ----------
    data
        The session.
    holder
        Whose candidates.
    asked
        Which rows the holder asked a spec for: others are not expected to have it.
    """

    def __init__(self, data: SessionData, holder: str, asked: Callable[[IndicatorSpec], Mask]) -> None:
        self._data = data
        self._rows: Rows = data.candidate_rows(holder)
        self._asked = asked

    def reasons(self, names: Sequence[str], max_age_minutes: float | None = None) -> Reasons:
        """The first thing missing per candidate, ``Reason.NONE`` where nothing is, shape ``(candidates,)``.

        Parameters
        ----------
        names
            What the scanner reads: readings and indicator keys.
        max_age_minutes
            Beyond this age of its last bar a symbol is stale.
        """
        found: Reasons = np.zeros(len(self._rows), np.int8)
        checks = [*self._checks([parse_column(name) for name in names]), *self._stale(max_age_minutes)]
        for reason, missing in sorted(checks, key=lambda check: check[0]):
            np.copyto(found, np.int8(reason), where=missing & (found == 0))
        return found

    def _stale(self, max_age_minutes: float | None) -> Iterator[tuple[Reason, Mask]]:
        if max_age_minutes is not None:
            age = self._data.readings.column("minutes_since_bar")[self._rows]
            yield Reason.STALE, age > max_age_minutes

    def _checks(self, columns: Sequence[Column]) -> Iterator[tuple[Reason, Mask]]:
        data, rows = self._data, self._rows
        yield Reason.NOT_IN_STORE, ~data.in_store[rows]
        if any(_reads_today(column) for column in columns):
            yield Reason.NO_BAR_TODAY, ~data.readings.phase_bars.grid.seen[rows]
        if any(column.name in NEEDS_PREMARKET for column in columns):
            yield Reason.NO_PREMARKET_BAR, ~data.premarket.grid.seen[rows]
        if any(_reads_daily(column) for column in columns):
            yield Reason.BASIS_MISMATCH, data.mismatched[rows]
        if any(column.name in NEEDS_PREVIOUS_CLOSE for column in columns):
            yield Reason.NO_PREVIOUS_CLOSE, np.isnan(data.readings.previous_close[rows])
        for column in columns:
            if column.spec is not None:
                unknown = np.isnan(data.indicator(column.spec, column.output)[rows])
                yield Reason.WARMING, unknown & self._asked(column.spec)[rows]


def _reads_today(column: Column) -> bool:
    if column.spec is not None:
        return column.spec.interval.is_intraday
    return column.name not in NEEDS_PREMARKET and column.name != "previous_close"


def _reads_daily(column: Column) -> bool:
    if column.spec is not None:
        return not column.spec.interval.is_intraday
    return column.name in NEEDS_PREVIOUS_CLOSE
