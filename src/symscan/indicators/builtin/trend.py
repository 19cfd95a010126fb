"""Trend: moving averages of the close, and the distance between two of them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import numpy as np

from symscan.indicators import warm_up
from symscan.indicators.base import Indicator
from symscan.indicators.builtin.rolling import RollingTotal
from symscan.indicators.definition import Definition, bar_count
from symscan.indicators.state import Counts, scalar
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType


class Sma(RollingTotal):
    """The mean of the last closes."""


class Ema(Indicator):
    """The exponential average of the close, seeded with the mean of the first closes."""

    vectors: ClassVar[int] = 2
    seeds: ClassVar[int] = 1

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._period = int(spec.params[0])
        self._weight = scalar(2 / (self._period + 1))
        super().__init__(spec, rows, seed_bars=self._period)

    def _bind(self, vectors: Floats) -> None:
        self._average, self._sum = vectors
        self._step = np.empty_like(self._average)

    def _advance(self, bars: Block) -> None:
        _approach(self._average, bars.close, self._weight, self._step)

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        _gather(self._sum, rows, counts == 1, bars.close)
        complete = rows[counts == self._period]
        self._average[complete] = self._sum[complete] / self._period

    def _read(self) -> tuple[Floats, ...]:
        return (self._average,)


class Macd(Indicator):
    """The fast average less the slow one, and the exponential average of that.

    Both averages begin with the slow one's first bar, and all outputs with the signal, as TA-Lib's do.
    """

    outputs: ClassVar[tuple[str, ...]] = ("macd", "signal", "hist")
    vectors: ClassVar[int] = 6
    seeds: ClassVar[int] = 3

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._fast_period, self._slow_period, self._signal_period = map(int, spec.params)
        self._weights = [scalar(2 / (int(param) + 1)) for param in spec.params]
        super().__init__(spec, rows, seed_bars=self._slow_period + self._signal_period - 1)

    def _bind(self, vectors: Floats) -> None:
        self._fast, self._slow, self._signal, self._fast_sum, self._slow_sum, self._signal_sum = vectors
        self._line, self._hist, self._step = np.empty((3, vectors.shape[1]))

    def _advance(self, bars: Block) -> None:
        fast, slow, signal = self._weights
        _approach(self._fast, bars.close, fast, self._step)
        _approach(self._slow, bars.close, slow, self._step)
        np.subtract(self._fast, self._slow, out=self._line)
        _approach(self._signal, self._line, signal, self._step)

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        self._seed_averages(rows, counts, bars)
        after = counts >= self._slow_period
        self._seed_signal(rows[after], counts[after])

    def _seed_averages(self, rows: Rows, counts: Counts, bars: Block) -> None:
        lead = self._slow_period - self._fast_period
        late = counts > lead
        _gather(self._slow_sum, rows, counts == 1, bars.close)
        _gather(self._fast_sum, rows[late], counts[late] == lead + 1, bars.close)
        complete = rows[counts == self._slow_period]
        self._slow[complete] = self._slow_sum[complete] / self._slow_period
        self._fast[complete] = self._fast_sum[complete] / self._fast_period

    def _seed_signal(self, rows: Rows, counts: Counts) -> None:
        self._line[rows] = self._fast[rows] - self._slow[rows]
        _gather(self._signal_sum, rows, counts == self._slow_period, self._line)
        complete = rows[counts == self._slow_period + self._signal_period - 1]
        self._signal[complete] = self._signal_sum[complete] / self._signal_period

    def _read(self) -> tuple[Floats, ...]:
        np.subtract(self._fast, self._slow, out=self._line)
        np.subtract(self._line, self._signal, out=self._hist)
        self._line[np.isnan(self._signal)] = np.nan
        return self._line, self._signal, self._hist


def _approach(average: Floats, values: Floats, weight: Floats, step: Floats) -> None:
    np.subtract(values, average, out=step)
    np.multiply(step, weight, out=step)
    np.add(average, step, out=average)


def _gather(total: Floats, rows: Rows, is_first: Mask, values: Floats) -> None:
    gathered = total[rows] + values[rows]
    total[rows] = np.where(is_first, values[rows], gathered)


def _macd_fault(fast: Decimal, slow: Decimal, signal: Decimal) -> str | None:  # noqa: ARG001
    return None if fast < slow else f"fast is {fast} and slow is {slow}; fast must be the smaller"


DEFINITIONS = (
    Definition(
        "sma",
        IndicatorType.TREND,
        (bar_count(20),),
        Sma,
        warm_up.window,
        "mean of the last n closes",
        "TA-Lib SMA",
    ),
    Definition(
        "ema",
        IndicatorType.TREND,
        (bar_count(20),),
        Ema,
        warm_up.exponential,
        "exponential average of the close",
        "TA-Lib EMA",
    ),
    Definition(
        "macd",
        IndicatorType.TREND,
        (bar_count(12, 2, "fast"), bar_count(26, 3, "slow"), bar_count(9, 1, "signal")),
        Macd,
        warm_up.macd,
        "fast less slow exponential average of the close, with its own average",
        "TA-Lib MACD",
        fault=_macd_fault,
    ),
)
