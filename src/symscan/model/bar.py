"""Bars: one, and a block of all that end at one instant.

A bar covers ``[start, end)`` and exists only from its ``end`` on. Prices and volume are float64;
fields stand in the order of :data:`FIELDS`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import numpy as np
from msgspec import Struct
from msgspec.structs import force_setattr
from numpy.typing import NDArray

from symscan.model.bar_times import BarTimes
from symscan.model.instant import Instant, to_datetime

FIELDS: Final = ("open", "high", "low", "close", "volume")
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)

BASIS_TOLERANCE: Final = 0.03
"""How far the daily close may lie from the last intraday close before the two are on different bases."""

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]


class Bar:
    """One bar of one symbol; a light, immutable view of a block."""

    __slots__ = ("_block", "_row", "_times")

    def __init__(self, block: Block, row: int, times: BarTimes | None = None) -> None:
        self._block = block
        self._row = row
        self._times = times

    @property
    def open(self) -> float:
        return self._block.fields.item(OPEN, self._row)

    @property
    def high(self) -> float:
        return self._block.fields.item(HIGH, self._row)

    @property
    def low(self) -> float:
        return self._block.fields.item(LOW, self._row)

    @property
    def close(self) -> float:
        return self._block.fields.item(CLOSE, self._row)

    @property
    def volume(self) -> float:
        return self._block.fields.item(VOLUME, self._row)

    @property
    def start(self) -> Instant:
        """The instant the bar starts, UTC microseconds.

        A daily bar starts at the open of its session, a weekly one at the hour of the open on Monday.
        """
        return self._known_times().start(self._block.end)

    @property
    def end(self) -> Instant:
        """The instant the bar is complete, UTC microseconds."""
        return self._block.end

    @property
    def start_time(self) -> datetime:
        """The start on the exchange's clock."""
        return self._known_times().local(self.start)

    @property
    def end_time(self) -> datetime:
        """The end on the exchange's clock."""
        return self._known_times().local(self._block.end)

    def _known_times(self) -> BarTimes:
        if self._times is None:
            raise ValueError("this bar knows neither its interval nor its exchange")
        return self._times

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bar) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        values = ", ".join(
            f"{name}={value:g}" for name, value in zip(FIELDS, self._values()[1:], strict=True)
        )
        return f"Bar(end={to_datetime(self.end).isoformat()}, {values})"

    def _values(self) -> tuple[float, ...]:
        return (self.end, self.open, self.high, self.low, self.close, self.volume)


class Block(Struct, frozen=True, eq=False, repr_omit_defaults=True):
    """The bars of one interval that end at one instant, one column per row of the symbol table.

    Never changed once others can see it: a correction makes a patched copy.

    Attributes
    ----------
    end
        The instant the bars are complete.
    fields
        Open, high, low, close, volume, shape ``(5, rows)``. Where a row has no bar, the prices
        are NaN and the volume is 0.
    present
        Which rows have a bar, shape ``(rows,)``.
    """

    end: Instant
    fields: Floats
    present: Mask
    _absent: Rows | None = None  # cached, as are the next two
    _rows: Rows | None = None
    _sparse: bool | None = None
    _edition: int = 0

    @property
    def edition(self) -> int:
        """How often :meth:`put` changed it; a copy elsewhere is current while this stays."""
        return self._edition

    @property
    def absent(self) -> Rows:
        """The rows without a bar: mostly few, and cheaper to restore than a mask is to use."""
        absent = self._absent
        if absent is None:
            absent = (~self.present).nonzero()[0]
            force_setattr(self, "_absent", absent)
        return absent

    @property
    def rows(self) -> Rows:
        """The rows with a bar."""
        rows = self._rows
        if rows is None:
            rows = self.present.nonzero()[0]
            force_setattr(self, "_rows", rows)
        return rows

    @property
    def is_sparse(self) -> bool:
        """Whether so few rows have a bar that taking them costs less than going over all."""
        sparse = self._sparse
        if sparse is None:
            sparse = bool(2 * np.count_nonzero(self.present) < len(self.present))
            force_setattr(self, "_sparse", sparse)
        return sparse

    def forward_fill(self, values: NDArray[Any], newer: NDArray[Any] | int) -> None:
        """Copy newer values, in place, of the rows with a bar: at half the cost of a mask, or less."""
        if self.is_sparse:
            rows = self.rows
            values[rows] = newer if isinstance(newer, int) else newer[rows]
            return
        absent = self.absent
        kept = values[absent]
        values[:] = newer
        values[absent] = kept

    @staticmethod
    def blank(end: Instant, rows: int) -> Block:
        """A block without bars."""
        fields = np.full((5, rows), np.nan)
        fields[VOLUME] = 0.0
        return Block(end, fields, np.zeros(rows, np.bool_))

    def put(self, rows: Rows, present: Mask, fields: Floats) -> None:
        """Overwrite the columns of rows that are not visible yet."""
        self.present[rows] = present
        self.fields[:, rows] = fields
        for cached in ("_absent", "_rows", "_sparse"):
            force_setattr(self, cached, None)
        force_setattr(self, "_edition", self._edition + 1)

    def cut(self, rows: Rows) -> Block:
        """A copy of the columns of some rows, in their order."""
        return Block(self.end, self.fields.take(rows, axis=1), self.present.take(rows))

    @property
    def open(self) -> Floats:
        values: Floats = self.fields[OPEN]
        return values

    @property
    def high(self) -> Floats:
        values: Floats = self.fields[HIGH]
        return values

    @property
    def low(self) -> Floats:
        values: Floats = self.fields[LOW]
        return values

    @property
    def close(self) -> Floats:
        values: Floats = self.fields[CLOSE]
        return values

    @property
    def volume(self) -> Floats:
        values: Floats = self.fields[VOLUME]
        return values


class BarSlice(Struct, frozen=True, eq=False):
    """One step of a session: an instant, and the finest bars that end then.

    Attributes
    ----------
    end
        The instant; time moves on to it although nothing may have traded.
    bars
        The bars that end then; None where no bar of the finest interval could end (the open itself).
    lag
        How far the market's clock had passed ``end`` when the slice was given, microseconds; 0 in a backtest.
    is_recovered
        Whether its bars were fetched, because the feed or the process had been disconnected: such a slice
        is late without falling behind.
    at
        The market's clock when the slice was given; None for ``end``, as in a backtest.
    """

    end: Instant
    bars: Block | None = None
    lag: int = 0
    is_recovered: bool = False
    at: Instant | None = None


class LateKind(StrEnum):
    """Why a bar comes after its slice was closed."""

    LATE = "late"
    CORRECTED = "corrected"
    RECOVERED = "recovered"


class LateBars(Struct, frozen=True, eq=False):
    """Finest bars that came, or came anew, after the slice they belong to was closed.

    Attributes
    ----------
    end
        The instant the bars are complete; a slice of that end was delivered before.
    rows
        Whose bars, each once, shape ``(n,)``.
    fields
        Open, high, low, close, volume, shape ``(5, n)``; they replace what the rows have there.
    kind
        Came late, was corrected by the feed, or was fetched after the feed had been lost.
    """

    end: Instant
    rows: Rows
    fields: Floats
    kind: LateKind = LateKind.LATE


class InterimUpdate(Struct, frozen=True, eq=False):
    """An update between two slices of a live session, without an advance of time.

    Background work may be ready, and bars of closed slices may have arrived.

    Attributes
    ----------
    late
        Late and corrected bars, in the order they are to be applied.
    at
        The market's clock at the update; None for that of the last slice.
    """

    late: tuple[LateBars, ...] = ()
    at: Instant | None = None


class DayComplete(Struct, frozen=True, eq=False):
    """The last update of a session: after its last slice, when no bar of it comes any more.

    Attributes
    ----------
    at
        The market's clock at the update; None for that of the last slice.
    """

    at: Instant | None = None


SourceUpdate = BarSlice | InterimUpdate | DayComplete
"""What a source yields: the next slice, an update between two, or that the day is complete."""
