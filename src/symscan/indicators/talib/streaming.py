"""Indicators updated by TA-Lib's streaming handles: one handle per row, the only loop over symbols."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from talib import InsufficientHistory  # type: ignore[attr-defined]  # missing in its stubs

from symscan.indicators.base import Indicator
from symscan.indicators.state import Counts, MaskRows
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.specs import IndicatorSpec

Bar = list[float]


class HandleIndicator(Indicator):
    """A TA-Lib function over all rows; a handle's values equal the batch function's to the bit.

    A subclass names the function. The bars of a row are kept until they suffice to open a handle.

    Attributes
    ----------
    open_handle
        Makes a handle of a history, one array per input, and the function's parameters.
    inputs
        The fields of a bar that the function reads, in its order.
    whole
        Which parameters are whole numbers.
    """

    open_handle: ClassVar[Callable[..., Any]]
    inputs: ClassVar[tuple[int, ...]]
    whole: ClassVar[tuple[bool, ...]]

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._arguments = [
            int(value) if is_whole else float(value)
            for value, is_whole in zip(spec.params, self.whole, strict=True)
        ]
        self._handles: list[Any] = [None] * rows
        self._early: dict[int, list[Bar]] = {}
        self._unknown = np.nan if len(self.outputs) == 1 else (np.nan,) * len(self.outputs)
        super().__init__(spec, rows, seed_bars=1)

    def update(self, rows: Mask, bars: Block, find: MaskRows | None = None) -> None:  # noqa: ARG002
        """Update some rows with this bar; see ``Indicator.update``."""
        chosen = np.flatnonzero(rows)
        given = bars.fields[self.inputs, :][:, chosen].T.tolist()
        values = [self._update_row(row, bar) for row, bar in zip(chosen.tolist(), given, strict=True)]
        self._put(chosen, values)

    @property
    def handles(self) -> Sequence[Any]:
        """One handle per row, None for those that have too few bars."""
        return self._handles

    @property
    def early(self) -> Mapping[int, list[Bar]]:
        """The bars of rows that have too few for a handle."""
        return self._early

    def play(self, blocks: Iterable[Block]) -> None:
        """Update every row with its bars; where none has had any, all at once: see ``Indicator.play``."""
        if self._early or any(handle is not None for handle in self._handles):
            super().play(blocks)
        else:
            self._open(list(blocks))

    def _open(self, blocks: Sequence[Block]) -> None:
        """Open the handles of all rows on their history."""
        if not blocks:
            return
        fields = np.stack([block.fields[self.inputs, :] for block in blocks], axis=2)
        present = np.stack([block.present for block in blocks], axis=1)
        values = [
            self._begin(row, np.ascontiguousarray(fields[:, row, present[row]]))
            for row in range(len(self._handles))
        ]
        self._put(np.arange(len(values)), values)

    def forget(self, rows: Rows) -> None:
        """Reset rows, as if they never had a bar."""
        super().forget(rows)
        for row in rows.tolist():
            self._handles[row] = None
            self._early.pop(row, None)

    def grow(self, rows: int) -> None:
        """Increase the capacity; the state is kept."""
        super().grow(rows)
        self._handles += [None] * (rows - len(self._handles))

    def _load_rows(self, other: Self, rows: Rows | slice) -> None:
        super()._load_rows(other, rows)
        self._copy(range(len(self._handles)), other, np.arange(len(other.handles))[rows].tolist())

    def _store_rows(self, rows: Rows, fresh: Self) -> None:
        super()._store_rows(rows, fresh)
        self._copy(rows.tolist(), fresh, range(len(rows)))

    def _copy(self, rows: Iterable[int], other: Self, others: Iterable[int]) -> None:
        """Copy the handles and bars of another indicator's rows."""
        for row, theirs in zip(rows, others, strict=True):
            handle, early = other.handles[theirs], other.early.get(theirs)
            self._handles[row] = None if handle is None else handle.copy()
            self._early.pop(row, None)
            if early is not None:
                self._early[row] = list(early)

    def _update_row(self, row: int, bar: Bar) -> Any:
        handle = self._handles[row]
        if handle is not None:
            return handle.update(*bar)
        early = self._early.setdefault(row, [])
        early.append(bar)
        return self._begin(row, np.array(early).T)

    def _begin(self, row: int, bars: Floats) -> Any:
        """Open the row's handle on its bars, shape ``(inputs, bars)``; unknown while they are too few."""
        try:
            handle = type(self).open_handle(*map(np.ascontiguousarray, bars), *self._arguments)
        except InsufficientHistory:
            self._early[row] = bars.T.tolist()
            return self._unknown
        self._early.pop(row, None)
        self._handles[row] = handle
        return handle.value

    def _put(self, rows: Rows, values: list[Any]) -> None:
        if values:
            table = np.array(values, np.float64).reshape(len(values), -1).T
            table[~np.isfinite(table)] = np.nan
            self._values[:, rows] = table
        self._is_stale = True

    def _bind(self, vectors: Floats) -> None:
        self._values = vectors

    def _read(self) -> tuple[Floats, ...]:
        return tuple(self._values)

    def _advance(self, bars: Block) -> None:
        """Do nothing: handles are updated one row at a time, in ``update``."""

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        """Do nothing: handles seed themselves."""
