"""Momentum: how fast and how steadily the close moves."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from symscan.indicators import warm_up
from symscan.indicators.base import Indicator
from symscan.indicators.definition import Definition, bar_count
from symscan.indicators.state import Counts, scalar
from symscan.model.bar import Block, Floats, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType

_ZERO = scalar(0.0)


class Rsi(Indicator):
    """Wilder's relative strength index: rises as percent of all movement, 0 without movement.

    The averages are kept as ``period`` times themselves: the index is their ratio, and each update
    is one multiplication and one addition.
    """

    vectors: ClassVar[int] = 5
    seeds: ClassVar[int] = 2

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._period = int(spec.params[0])
        self._kept = scalar(1 - 1 / self._period)
        super().__init__(spec, rows, seed_bars=self._period + 1)

    def _bind(self, vectors: Floats) -> None:
        self._previous, self._rise, self._fall, self._rise_sum, self._fall_sum = vectors
        self._change, self._up, self._down, self._value = np.empty((4, vectors.shape[1]))
        self._is_still = np.empty(vectors.shape[1], np.bool_)

    def _advance(self, bars: Block) -> None:
        close = bars.close
        np.subtract(close, self._previous, out=self._change)
        np.maximum(self._change, _ZERO, out=self._up)
        np.subtract(self._up, self._change, out=self._down)
        np.copyto(self._previous, close)
        self._rise *= self._kept
        self._rise += self._up
        self._fall *= self._kept
        self._fall += self._down

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - _advance took the moves
        first = counts == 1
        self._rise_sum[rows] = np.where(first, 0.0, self._rise_sum[rows] + self._up[rows])
        self._fall_sum[rows] = np.where(first, 0.0, self._fall_sum[rows] + self._down[rows])
        complete = rows[counts == self._period + 1]
        self._rise[complete] = self._rise_sum[complete]
        self._fall[complete] = self._fall_sum[complete]

    def _read(self) -> tuple[Floats, ...]:
        moved = np.add(self._rise, self._fall, out=self._value)
        still = np.equal(moved, _ZERO, out=self._is_still).nonzero()[0]
        moved[still] = np.inf
        np.divide(self._rise, moved, out=self._value)
        self._value *= 100.0
        return (self._value,)


class Roc(Indicator):
    """The change of the close over ``period`` bars, in percent; unknown where it was 0 then."""

    vectors: ClassVar[int] = 3

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._period = int(spec.params[0])
        super().__init__(spec, rows, seed_bars=self._period + 1, window=self._period)

    def _bind(self, vectors: Floats) -> None:
        # A factor of 1 once a row is warm, NaN before: what keeps blank rows blank.
        self._is_warm, self._last, self._earlier = vectors
        self._value = np.empty_like(self._last)

    def _advance(self, bars: Block) -> None:
        self._window.push(bars.close)
        np.copyto(self._earlier, self._window.replaced)
        np.multiply(bars.close, self._is_warm, out=self._last)

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        complete = rows[counts == self._period + 1]
        self._is_warm[complete] = 1.0
        self._last[complete] = bars.close[complete]

    def _read(self) -> tuple[Floats, ...]:
        with np.errstate(divide="ignore", invalid="ignore"):
            np.divide(self._last, self._earlier, out=self._value)
        self._value -= 1.0
        self._value *= 100.0
        self._value[self._earlier == 0] = np.nan
        return (self._value,)


DEFINITIONS = (
    Definition(
        "rsi",
        IndicatorType.MOMENTUM,
        (bar_count(14, 2),),
        Rsi,
        warm_up.wilder,
        "Wilder's relative strength index, 0 to 100",
        "TA-Lib RSI",
    ),
    Definition(
        "roc",
        IndicatorType.MOMENTUM,
        (bar_count(10),),
        Roc,
        warm_up.window_and_one,
        "change of the close over n bars, in percent",
        "TA-Lib ROC",
    ),
)
