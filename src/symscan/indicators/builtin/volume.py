"""Volume: how much trades, and at what average price."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from symscan.indicators import warm_up
from symscan.indicators.base import Indicator
from symscan.indicators.builtin.rolling import RollingTotal
from symscan.indicators.definition import Definition, bar_count
from symscan.indicators.state import Counts
from symscan.model.bar import VOLUME, Block, Floats, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType


class VolumeSma(RollingTotal):
    """The mean of the last volumes."""

    field: ClassVar[int] = VOLUME


class DollarVolume(RollingTotal):
    """The mean of the last closes times their volumes."""

    def _bind(self, vectors: Floats) -> None:
        super()._bind(vectors)
        self._traded: Floats = np.empty_like(self._total)

    def _values(self, bars: Block) -> Floats:
        np.multiply(bars.close, bars.volume, out=self._traded)
        return self._traded


class VolumeRatio(RollingTotal):
    """The last volume over the mean of the ``period`` volumes before it; unknown where that is 0."""

    field: ClassVar[int] = VOLUME
    vectors: ClassVar[int] = 3

    def _bind(self, vectors: Floats) -> None:
        super()._bind(vectors)
        self._before, self._last = vectors[1:]
        self._value = np.empty_like(self._last)

    def _advance(self, bars: Block) -> None:
        np.copyto(self._before, self._total)
        np.copyto(self._last, bars.volume)
        super()._advance(bars)

    def _read(self) -> tuple[Floats, ...]:
        mean = np.divide(self._before, self._period, out=self._mean)
        mean[mean == 0] = np.nan
        return (np.divide(self._last, mean, out=self._value),)


class Vwap(Indicator):
    """The volume-weighted mean of the typical price ``(high + low + close) / 3`` since the session's open."""

    vectors: ClassVar[int] = 2

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        super().__init__(spec, rows, seed_bars=1)

    def _bind(self, vectors: Floats) -> None:
        self._money, self._volume = vectors
        self._traded, self._value = np.empty((2, vectors.shape[1]))

    def _advance(self, bars: Block) -> None:
        np.add(bars.high, bars.low, out=self._traded)
        self._traded += bars.close
        self._traded /= 3.0
        self._traded *= bars.volume
        self._money += self._traded
        self._volume += bars.volume

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the first bar is the seed
        self._money[rows] = self._traded[rows]
        self._volume[rows] = bars.volume[rows]

    def _read(self) -> tuple[Floats, ...]:
        with np.errstate(invalid="ignore"):
            return (np.divide(self._money, self._volume, out=self._value),)


DEFINITIONS = (
    Definition(
        "vwap",
        IndicatorType.VOLUME,
        (),
        Vwap,
        warm_up.none,
        "volume-weighted mean of (high + low + close) / 3 since the open",
        "sum(typical * volume) / sum(volume)",
        is_intraday_only=True,
    ),
    Definition(
        "volume_sma",
        IndicatorType.VOLUME,
        (bar_count(20),),
        VolumeSma,
        warm_up.window,
        "mean of the last n volumes",
        "TA-Lib SMA of the volume",
    ),
    Definition(
        "dollar_volume",
        IndicatorType.VOLUME,
        (bar_count(20),),
        DollarVolume,
        warm_up.window,
        "mean of the last n closes times their volumes",
        "TA-Lib SMA of close * volume",
    ),
    Definition(
        "volume_ratio",
        IndicatorType.VOLUME,
        (bar_count(20),),
        VolumeRatio,
        warm_up.window_and_one,
        "last volume over the mean of the n volumes before it",
        "volume / (TA-Lib SMA of the volume, one bar earlier)",
    ),
)
