"""The opening range: the extremes of a session's first minutes, and the first close beyond either."""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import ClassVar

import numpy as np

from symscan.indicators import warm_up
from symscan.indicators.builtin.session_indicator import SessionIndicator
from symscan.indicators.definition import Definition, Parameter
from symscan.indicators.state import Counts
from symscan.model.bar import Block, Floats, Rows
from symscan.model.instant import MINUTE
from symscan.model.specs import IndicatorSpec, IndicatorType


class OpeningRange(SessionIndicator):
    """High and low of the first minutes by the clock; unknown until those are over.

    It needs at least half the bars of those minutes. ``up`` and ``down`` are 1 once a later bar has
    closed beyond the range, else 0; ``minutes_since_up`` and ``minutes_since_down`` count from the
    end of the first such bar.
    """

    outputs: ClassVar[tuple[str, ...]] = (
        "high",
        "low",
        "up",
        "down",
        "minutes_since_up",
        "minutes_since_down",
    )
    vectors: ClassVar[int] = 5

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._minutes = int(spec.params[0])
        self._least_bars = ceil(self._minutes / spec.interval.minutes / 2)
        super().__init__(spec, rows)

    def _bind(self, vectors: Floats) -> None:
        self._high, self._low, self._bars, self._up_end, self._down_end = vectors
        self._values = np.empty((len(self.outputs), vectors.shape[1]))

    def _advance(self, bars: Block) -> None:
        if self._clock.minutes <= self._minutes:
            np.maximum(self._high, bars.high, out=self._high)
            np.minimum(self._low, bars.low, out=self._low)
            self._bars += 1.0
        else:  # comparisons with NaN, of rows that have no range, are false
            is_up = (bars.close > self._high) & np.isnan(self._up_end)
            is_down = (bars.close < self._low) & np.isnan(self._down_end)
            self._up_end[is_up] = self._down_end[is_down] = self._clock.end

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the first bar is the seed
        if self._clock.minutes <= self._minutes:
            self._high[rows], self._low[rows] = bars.high[rows], bars.low[rows]
            self._bars[rows] = 1.0

    def _read(self) -> tuple[Floats, ...]:
        high, low, up, down, since_up, since_down = self._values
        np.copyto(high, self._high)
        np.copyto(low, self._low)
        for flag, since, broke_at in ((up, since_up, self._up_end), (down, since_down, self._down_end)):
            np.copyto(flag, ~np.isnan(broke_at))
            np.divide(self._clock.end - broke_at, MINUTE, out=since)
        is_over = self._clock.minutes >= self._minutes
        self._values[:, ~(is_over & (self._bars >= self._least_bars))] = np.nan
        return tuple(self._values)


def _whole_bars(spec: IndicatorSpec) -> str | None:
    minutes = int(spec.params[0])
    if minutes % spec.interval.minutes == 0:
        return None
    return f"minutes is {minutes}, it must be a multiple of the bars' {spec.interval.minutes}"


DEFINITIONS = (
    Definition(
        "opening_range",
        IndicatorType.LEVEL,
        (Parameter("minutes", Decimal(15), Decimal(5), Decimal(240)),),
        OpeningRange,
        warm_up.none,
        "extremes of the session's first minutes, and the first close beyond either",
        "max(high), min(low) of the bars that end by the open + minutes, at least half of them present",
        is_intraday_only=True,
        spec_fault=_whole_bars,
    ),
)
