"""Level: the extremes of the last bars."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from symscan.indicators import warm_up
from symscan.indicators.base import Indicator
from symscan.indicators.definition import Definition, bar_count
from symscan.indicators.state import Counts
from symscan.model.bar import HIGH, LOW, Block, Floats, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType


class Extreme(Indicator):
    """An extreme of one field over the last ``period`` bars.

    Only rows whose extreme has just left the window search it again.
    """

    field: ClassVar[int]
    pick: ClassVar[Any]  # a ufunc of two values

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._period = int(spec.params[0])
        super().__init__(spec, rows, seed_bars=self._period, window=self._period)

    def _bind(self, vectors: Floats) -> None:
        self._value = vectors[0]
        self._has_left = np.empty(vectors.shape[1], np.bool_)

    def _advance(self, bars: Block) -> None:
        values = bars.fields[self.field]
        self._window.push(values)
        left = np.equal(self._window.replaced, self._value, out=self._has_left).nonzero()[0]
        self.pick(self._value, values, out=self._value)
        self._scan_rows(left)

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the window has them
        self._scan_rows(rows[counts == self._period])

    def _scan_rows(self, rows: Rows) -> None:
        if len(rows):
            self._value[rows] = self.pick.reduce(self._window.slots[:, rows], axis=0)

    def _read(self) -> tuple[Floats, ...]:
        return (self._value,)


class Highest(Extreme):
    """The highest high of the last bars."""

    field: ClassVar[int] = HIGH
    pick: ClassVar[Any] = np.maximum


class Lowest(Extreme):
    """The lowest low of the last bars."""

    field: ClassVar[int] = LOW
    pick: ClassVar[Any] = np.minimum


DEFINITIONS = (
    Definition(
        "highest",
        IndicatorType.LEVEL,
        (bar_count(20),),
        Highest,
        warm_up.window,
        "highest high of the last n bars",
        "TA-Lib MAX of the high",
    ),
    Definition(
        "lowest",
        IndicatorType.LEVEL,
        (bar_count(20),),
        Lowest,
        warm_up.window,
        "lowest low of the last n bars",
        "TA-Lib MIN of the low",
    ),
)
