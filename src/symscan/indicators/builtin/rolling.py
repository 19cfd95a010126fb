"""Indicators that read off the sum over each row's last bars."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from symscan.indicators.base import Indicator
from symscan.indicators.state import Counts
from symscan.model.bar import CLOSE, Block, Floats, Rows
from symscan.model.specs import IndicatorSpec


class RollingTotal(Indicator):
    """The sum of one field over the last ``period`` bars; the base of means over a window."""

    field: ClassVar[int] = CLOSE

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._period = int(spec.params[0])
        super().__init__(spec, rows, seed_bars=self._period, window=self._period)

    def _bind(self, vectors: Floats) -> None:
        self._total = vectors[0]
        self._mean = np.empty_like(self._total)

    def _advance(self, bars: Block) -> None:
        values = self._values(bars)
        self._window.push(values)
        self._total -= self._window.replaced
        self._total += values

    def _values(self, bars: Block) -> Floats:
        """Return what is summed of the bars."""
        values: Floats = bars.fields[self.field]
        return values

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the window has them
        complete = rows[counts == self._period]
        if len(complete):
            self._total[complete] = self._window.totals(complete)

    def _read(self) -> tuple[Floats, ...]:
        return (np.divide(self._total, self._period, out=self._mean),)
