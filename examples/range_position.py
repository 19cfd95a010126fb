"""An indicator of one's own: where the close stands between the extremes of the last closes.

A configuration names this module under ``indicator_modules``; from then on ``range_position_20_5m`` is an
indicator as any other, in screens, scanners and strategies.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from symscan.indicators import (
    Block,
    Counts,
    Definition,
    Floats,
    Indicator,
    IndicatorSpec,
    IndicatorType,
    Rows,
    bar_count,
    warm_up,
)


class RangePosition(Indicator):
    """100 at the highest close of the last n bars, 0 at the lowest; unknown where they are equal.

    One object has every symbol, a row each: all arithmetic is over vectors.
    """

    vectors: ClassVar[int] = 2
    seeds: ClassVar[int] = 1  # the last one changes in _seed alone

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._period = int(spec.params[0])
        # The window keeps the last values of each row.
        super().__init__(spec, rows, seed_bars=self._period, window=self._period)

    def _bind(self, vectors: Floats) -> None:
        self._close, self._warm = vectors
        self._value = np.empty_like(self._close)

    def _advance(self, bars: Block) -> None:
        self._window.push(bars.close)
        np.copyto(self._close, bars.close)

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the window has them
        """Mark the rows whose window is full: the others have bars in it that they were not given."""
        self._warm[rows[counts == self._period]] = 1.0

    def _read(self) -> tuple[Floats, ...]:
        lowest, highest = self._window.slots.min(axis=0), self._window.slots.max(axis=0)
        span = highest - lowest
        span[span == 0] = np.nan
        np.divide(self._close - lowest, span, out=self._value)
        self._value *= 100.0 * self._warm
        return (self._value,)


DEFINITIONS = (
    Definition(
        "range_position",
        IndicatorType.LEVEL,
        (bar_count(20, lowest=2),),
        RangePosition,
        warm_up.window,
        "where the close stands between the extremes of the last n closes, 0 to 100",
        "100 * (close - min(close, n)) / (max(close, n) - min(close, n))",
    ),
)
