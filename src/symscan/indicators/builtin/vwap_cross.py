"""Closes against the VWAP of their time: on which side of it the last two coarser bars ended."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import numpy as np

from symscan.indicators import warm_up
from symscan.indicators.builtin.session_indicator import SessionIndicator
from symscan.indicators.definition import Definition, Parameter
from symscan.indicators.state import Counts
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType

_DIVISIBLE = 30
"""Minutes that every session has a whole number of."""


class VwapCross(SessionIndicator):
    """The last two completed closes of ``minutes``, each against VWAP at its bar's end.

    VWAP is that of the finer bars the spec reads, since the open. ``cross`` is 1 where the last close
    is above it and the one before was below, -1 the other way round, else 0; unknown until two bars
    of ``minutes`` are complete. Minutes without any trade are no bar.
    """

    outputs: ClassVar[tuple[str, ...]] = ("cross", "close", "vwap", "close_before", "vwap_before")
    vectors: ClassVar[int] = 7
    seeds: ClassVar[int] = 4  # the completed closes: no bar changes them, but a slot's end, for every row

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._minutes = int(spec.params[0])
        super().__init__(spec, rows)

    def _bind(self, vectors: Floats) -> None:
        self._money, self._volume, self._open_close = vectors[:3]
        self._done, self._before = vectors[3:5], vectors[5:7]  # close and VWAP of each
        self._traded, self._cross = np.empty((2, vectors.shape[1]))

    def _advance(self, bars: Block) -> None:
        np.add(bars.high, bars.low, out=self._traded)
        self._traded += bars.close
        self._traded /= 3.0
        self._traded *= bars.volume
        self._money += self._traded
        self._volume += bars.volume
        np.copyto(self._open_close, bars.close, where=self._state.live)

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the first bar is the seed
        self._money[rows] = self._traded[rows]
        self._volume[rows] = bars.volume[rows]

    def _end_slot(self, rows: Mask, bars: Block) -> None:  # noqa: ARG002 - a bar ends for rows silent now, too
        if self._clock.minutes % self._minutes:
            return
        ending = np.flatnonzero(~np.isnan(self._open_close))
        self._before[:, ending] = self._done[:, ending]
        with np.errstate(invalid="ignore"):
            self._done[:, ending] = self._open_close[ending], self._money[ending] / self._volume[ending]
        self._open_close[ending] = np.nan

    def _read(self) -> tuple[Floats, ...]:
        side, before = (np.sign(close - vwap) for close, vwap in (self._done, self._before))
        np.copyto(self._cross, np.where(side * before < 0, side, 0.0 * side * before))
        return (self._cross, *self._done, *self._before)


def _whole_bars(spec: IndicatorSpec) -> str | None:
    minutes, step = int(spec.params[0]), spec.interval.minutes
    if minutes % step or _DIVISIBLE % minutes:
        return f"minutes is {minutes}, it must be a multiple of the bars' {step} and divide {_DIVISIBLE}"
    return None


DEFINITIONS = (
    Definition(
        "vwap_cross",
        IndicatorType.VOLUME,
        (Parameter("minutes", Decimal(5), Decimal(5), Decimal(_DIVISIBLE)),),
        VwapCross,
        warm_up.none,
        "on which sides of VWAP the last two bars of n minutes closed",
        "sign(close - VWAP at the bar's end) of two bars; VWAP is sum(typical * volume) / sum(volume)",
        is_intraday_only=True,
        spec_fault=_whole_bars,
    ),
)
