"""Volatility: how far prices range."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import numpy as np

from symscan.indicators import warm_up
from symscan.indicators.base import Indicator
from symscan.indicators.builtin.rolling import RollingTotal
from symscan.indicators.definition import Definition, Parameter, bar_count
from symscan.indicators.state import Counts, scalar
from symscan.model.bar import Block, Floats, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType


class Atr(Indicator):
    """Wilder's average true range; the first true range is the second bar's.

    Kept as ``period`` times itself, so that each update is one multiplication and one addition.
    """

    vectors: ClassVar[int] = 3
    seeds: ClassVar[int] = 1

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._period = int(spec.params[0])
        self._kept = scalar(1 - 1 / self._period)
        super().__init__(spec, rows, seed_bars=self._period + 1)

    def _bind(self, vectors: Floats) -> None:
        self._previous, self._total, self._sum = vectors
        self._range, self._bottom, self._value = np.empty((3, vectors.shape[1]))

    def _advance(self, bars: Block) -> None:
        np.maximum(bars.high, self._previous, out=self._range)
        np.minimum(bars.low, self._previous, out=self._bottom)
        self._range -= self._bottom
        np.copyto(self._previous, bars.close)
        self._total *= self._kept
        self._total += self._range

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - _advance took the range
        self._sum[rows] = np.where(counts == 1, 0.0, self._sum[rows] + self._range[rows])
        complete = rows[counts == self._period + 1]
        self._total[complete] = self._sum[complete]

    def _read(self) -> tuple[Floats, ...]:
        return (np.divide(self._total, self._period, out=self._value),)


class Bbands(RollingTotal):
    """The mean of the last closes, and bands some population deviations above and below.

    The deviation takes two passes: a running sum of squares loses its digits where a high price moves little.
    """

    outputs: ClassVar[tuple[str, ...]] = ("upper", "middle", "lower")

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._deviations = float(spec.params[1])
        super().__init__(spec, rows)

    def _bind(self, vectors: Floats) -> None:
        super()._bind(vectors)
        self._upper, self._lower = np.empty((2, vectors.shape[1]))

    def _read(self) -> tuple[Floats, ...]:
        (middle,) = super()._read()
        width = np.sqrt(self._window.squares(middle) / self._period) * self._deviations
        np.add(middle, width, out=self._upper)
        np.subtract(middle, width, out=self._lower)
        return self._upper, middle, self._lower


DEFINITIONS = (
    Definition(
        "atr",
        IndicatorType.VOLATILITY,
        (bar_count(14),),
        Atr,
        warm_up.wilder,
        "Wilder's average true range",
        "TA-Lib ATR",
    ),
    Definition(
        "bbands",
        IndicatorType.VOLATILITY,
        (
            bar_count(20, 2),
            Parameter("deviations", Decimal(2), Decimal("0.1"), Decimal(100), is_integer=False),
        ),
        Bbands,
        warm_up.window,
        "mean of the last n closes with bands of k population deviations",
        "TA-Lib BBANDS",
    ),
)
