"""Bar values: what the last completed bar itself holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from symscan.indicators.base import Indicator
from symscan.indicators.definition import Definition
from symscan.indicators.state import Counts
from symscan.model.bar import CLOSE, FIELDS, HIGH, LOW, OPEN, VOLUME, Block, Floats, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType


class BarValue(Indicator):
    """One field of each row's last bar."""

    field: ClassVar[int]

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        super().__init__(spec, rows, seed_bars=1)

    def _bind(self, vectors: Floats) -> None:
        self._value = vectors[0]

    def _advance(self, bars: Block) -> None:
        self._value *= 0.0  # NaN where a row never had a bar
        self._value += bars.fields[self.field]

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:  # noqa: ARG002 - the first bar is the seed
        self._value[rows] = bars.fields[self.field][rows]

    def _read(self) -> tuple[Floats, ...]:
        return (self._value,)


class Open(BarValue):
    """The open of the last bar."""

    field: ClassVar[int] = OPEN


class High(BarValue):
    """The high of the last bar."""

    field: ClassVar[int] = HIGH


class Low(BarValue):
    """The low of the last bar."""

    field: ClassVar[int] = LOW


class Close(BarValue):
    """The close of the last bar."""

    field: ClassVar[int] = CLOSE


class Volume(BarValue):
    """The volume of the last bar."""

    field: ClassVar[int] = VOLUME


@dataclass(frozen=True, slots=True)
class LastBarDefinition(Definition):
    """An indicator that holds the last bar alone: of intraday bars no history is needed."""

    def warm_up_bars(self, spec: IndicatorSpec) -> int:
        """Return one bar of an interval of days; an intraday one is unknown until today's first bar."""
        return 0 if spec.interval.is_intraday else 1


_FAMILY = {
    "open": IndicatorType.LEVEL,
    "high": IndicatorType.LEVEL,
    "low": IndicatorType.LEVEL,
    "close": IndicatorType.LEVEL,
    "volume": IndicatorType.VOLUME,
}

DEFINITIONS = tuple(
    LastBarDefinition(
        name,
        _FAMILY[name],
        (),
        factory,
        lambda: 1,
        f"{name} of the last completed bar",
        f"the bar's {name}",
    )
    for name, factory in zip(FIELDS, (Open, High, Low, Close, Volume), strict=True)
)
