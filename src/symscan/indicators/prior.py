"""The values of an indicator some completed bars earlier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np

from symscan.indicators.base import Indicator
from symscan.indicators.state import Counts, MaskRows
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.instant import Instant


class PriorIndicator(Indicator):
    """An indicator that also keeps its values of the last bars, each row's own.

    Parameters
    ----------
    indicator
        Computes the values.
    depth
        How many bars back they are kept.
    opens_at
        The session's open: values of bars that end by then are unknown, since nothing crosses the night.
        None for bars of whole days.
    """

    def __init__(self, indicator: Indicator, rows: int, depth: int, opens_at: Instant | None) -> None:
        self.outputs = indicator.outputs  # type: ignore[misc]  # those of the one it keeps values of
        self._indicator = indicator
        self._depth = depth
        self._opens_at = opens_at
        self._kept: Floats = np.full((depth + 1, len(indicator.outputs), rows), np.nan)
        super().__init__(indicator.spec, rows, seed_bars=1)

    @property
    def indicator(self) -> Indicator:
        """What computes the values."""
        return self._indicator

    @property
    def depth(self) -> int:
        """How many bars back values are kept."""
        return self._depth

    @property
    def kept(self) -> Floats:
        """The values by bars back, output and row, shape ``(depth + 1, outputs, capacity)``."""
        return self._kept

    def update(self, rows: Mask, bars: Block, find: MaskRows | None = None) -> None:
        """Update some rows with this bar, and keep their values."""
        self._indicator.update(rows, bars, find)
        if self._opens_at is None or bars.end > self._opens_at:
            self._keep(rows)

    def play(self, blocks: Iterable[Block]) -> None:
        """Update every row with its bars of some blocks; values are kept of those that are read alone."""
        known = list(blocks)
        first = self._first_kept(known)
        self._indicator.play(known[:first])
        find = MaskRows()
        for block in known[first:]:
            self.update(block.present, block, find)

    def output(self, name: str = "value") -> Floats:
        """Return the current values; see ``Indicator.output``."""
        return self._indicator.output(name)

    def prior(self, name: str, back: int) -> Floats:
        """Return the values so many bars back, shape ``(capacity,)``, NaN where unknown; a read-only view."""
        values: Floats = self._kept[back, self.outputs.index(name)].view()
        values.flags.writeable = False
        return values

    def blank(self, rows: int) -> Self:
        """Return a new one of the same spec, without any bars."""
        return type(self)(self._indicator.blank(rows), rows, self._depth, self._opens_at)

    def copy_rows(self, rows: Rows | slice) -> Self:
        """Return a new one of the same spec whose row ``j`` is a copy of ``rows[j]``."""
        values = self._kept[:, :, rows]
        copied = type(self)(self._indicator.copy_rows(rows), values.shape[2], self._depth, self._opens_at)
        copied.kept[...] = values
        return copied

    def forget(self, rows: Rows) -> None:
        """Reset rows, as if they never had a bar."""
        self._indicator.forget(rows)
        self._kept[:, :, rows] = np.nan

    def grow(self, rows: int) -> None:
        """Increase the capacity; what is kept stays."""
        self._indicator.grow(rows)
        more = np.full((*self._kept.shape[:2], rows - self._kept.shape[2]), np.nan)
        self._kept = np.concatenate([self._kept, more], axis=2)

    def _keep(self, rows: Mask) -> None:
        """Move the values of some rows one bar back, and keep the current ones."""
        kept = self._kept
        for back in range(self._depth, 0, -1):
            np.copyto(kept[back], kept[back - 1], where=rows)
        for values, name in zip(kept[0], self.outputs, strict=True):
            np.copyto(values, self._indicator.output(name), where=rows)

    def _first_kept(self, blocks: Sequence[Block]) -> int:
        """Return the first block from which on values are kept, so that each row has its last ones."""
        if self._opens_at is not None:
            return next((i for i, block in enumerate(blocks) if block.end > self._opens_at), len(blocks))
        if not blocks:
            return 0
        left = np.minimum(sum(block.present.astype(np.int32) for block in blocks), self._depth + 1)
        first = len(blocks)
        while first and left.any():
            first -= 1
            left = left - (blocks[first].present & (left > 0))
        return first

    def _store_rows(self, rows: Rows, fresh: Self) -> None:
        self._indicator.assign_rows(rows, fresh.indicator)
        self._kept[:, :, rows] = fresh.kept

    def _bind(self, vectors: Floats) -> None:
        """Do nothing: the state is the indicator's."""

    def _advance(self, bars: Block) -> None:
        """Do nothing: the state is the indicator's."""

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        """Do nothing: the state is the indicator's."""

    def _read(self) -> tuple[Floats, ...]:
        return tuple(map(self._indicator.output, self.outputs))


def with_prior(indicator: Indicator, rows: int, depth: int, opens_at: Instant | None) -> PriorIndicator:
    """Return an indicator that keeps its values; those it had before are unknown until rows are rebuilt."""
    if not isinstance(indicator, PriorIndicator):
        return PriorIndicator(indicator, rows, depth, opens_at)
    deep = PriorIndicator(indicator.indicator, rows, depth, opens_at)
    deep.kept[: indicator.depth + 1] = indicator.kept
    return deep
