"""The base of indicators: one object per spec, a vector over rows per output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from operator import is_not
from typing import ClassVar, Self

import numpy as np

from symscan.indicators.state import Counts, MaskRows, RowState
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.specs import IndicatorSpec


class Indicator(ABC):
    """An indicator over all rows; a row's values depend on its own bars and on nothing else.

    A subclass defines how one bar updates all warm rows (``_advance``), how cold rows gather their seed
    (``_seed``) and how outputs are computed from the state (``_read``). Which rows a bar updates is
    decided here: ``_advance`` may compute over every row, since rows without a bar get their state
    back and blank rows stay NaN.

    Parameters
    ----------
    spec
        The checked spec.
    rows
        The capacity of all vectors.
    seed_bars
        Bars of its own a row needs until its seed is complete.
    window
        Values kept per row, 0 for none.
    """

    outputs: ClassVar[tuple[str, ...]] = ("value",)
    vectors: ClassVar[int] = 1
    """How many state vectors ``_bind`` is given."""
    seeds: ClassVar[int] = 0
    """How many of them, the last ones, only ``_seed`` changes."""

    def __init__(self, spec: IndicatorSpec, rows: int, *, seed_bars: int, window: int = 0) -> None:
        self.spec = spec
        self._seed_bars = seed_bars
        self._window_length = window
        self._outputs: dict[str, Floats] = {}
        self._vectors: tuple[Floats, ...] = ()
        self._set_state(RowState(self.vectors, rows, seed_bars, window))

    @property
    def state(self) -> RowState:
        """The state of every row."""
        return self._state

    def update(self, rows: Mask, bars: Block, find: MaskRows | None = None) -> None:
        """Update some rows with this bar; every other row keeps its state to the bit.

        Parameters
        ----------
        rows
            Which rows get their bar, shape ``(capacity,)``; a subset of ``bars.present``.
        bars
            The completed bars.
        find
            Shared by indicators that are updated with much the same rows; it saves each of them a search.
        """
        state = self._state
        absent = state.begin_rows(rows, find or MaskRows())
        if state.window is not None:
            state.window.skipped = absent
        if len(absent):
            self._advance_except(absent, bars)
        else:
            self._advance(bars)
        if len(state.cold):
            self._seed(*state.count(rows), bars)
        self._is_stale = True

    def output(self, name: str = "value") -> Floats:
        """Return the current values, shape ``(capacity,)``, NaN where unknown; a read-only view."""
        if self._is_stale:
            vectors = self._checked_outputs(self._read())
            if not self._outputs or any(map(is_not, vectors, self._vectors)):
                self._vectors = vectors
                self._outputs = dict(zip(self.outputs, map(_read_only, vectors), strict=True))
            self._is_stale = False
        return self._outputs[name]

    def _checked_outputs(self, vectors: tuple[Floats, ...]) -> tuple[Floats, ...]:
        if type(vectors) is tuple and len(vectors) == len(self.outputs):
            return vectors
        count = len(self.outputs)
        gave = f"{len(vectors)} outputs" if isinstance(vectors, tuple) else f"a {type(vectors).__name__}"
        raise TypeError(f"_read() gave {gave}; return a tuple of {count}: {', '.join(self.outputs)}")

    def rebuild(self, rows: Rows, history: Iterable[Block]) -> None:
        """Reset the rows' state, then replay history: for warm-up, admission and correction.

        Parameters
        ----------
        rows
            The rows, each once.
        history
            Blocks in time order, of width ``len(rows)``: column ``j`` belongs to ``rows[j]``.
        """
        fresh = self.blank(len(rows))
        fresh.play(history)
        self.assign_rows(rows, fresh)

    def blank(self, rows: int) -> Self:
        """Return a new indicator of the same spec, without any bars."""
        return type(self)(self.spec, rows)  # type: ignore[call-arg]  # subclasses know their seed

    def play(self, blocks: Iterable[Block]) -> None:
        """Update every row with its bars of some blocks, in time order."""
        find = MaskRows()
        for block in blocks:
            self.update(block.present, block, find)

    def assign_rows(self, rows: Rows, fresh: Self) -> None:
        """Assign the state of another indicator of this spec: its row ``j`` becomes ``rows[j]``."""
        self._store_rows(rows, fresh)
        self._is_stale = True

    def copy_rows(self, rows: Rows | slice) -> Self:
        """Return a new indicator of the same spec whose row ``j`` is a copy of ``rows[j]``."""
        copied = self.blank(len(self._state.live[rows]))
        copied._load_rows(self, rows)
        return copied

    def forget(self, rows: Rows) -> None:
        """Reset rows, as if they never had a bar."""
        self._state.forget(rows)
        self._is_stale = True

    def grow(self, rows: int) -> None:
        """Increase the capacity; the state is kept."""
        old = self._state
        self._set_state(RowState(self.vectors, rows, self._seed_bars, self._window_length))
        self._state.assign_rows(np.arange(old.rows, dtype=np.intp), old)

    def _load_rows(self, other: Self, rows: Rows | slice) -> None:
        """Load the state of some rows of another indicator, in their order."""
        self._state.load_rows(other.state, rows)

    def _store_rows(self, rows: Rows, fresh: Self) -> None:
        """Store the state of a fresh indicator's row ``j`` into ``rows[j]``."""
        self._state.assign_rows(rows, fresh.state)

    def _set_state(self, state: RowState) -> None:
        self._state = state
        self._moving = state.vectors[: self.vectors - self.seeds]
        if state.window is not None:
            self._window = state.window
        self._bind(state.vectors)
        self._outputs = {}
        self._is_stale = True

    def _advance_except(self, absent: Rows, bars: Block) -> None:
        moving = self._moving
        kept = moving.take(absent, axis=1)
        self._advance(bars)
        for vector, values in zip(moving, kept, strict=True):
            vector[absent] = values

    @abstractmethod
    def _bind(self, vectors: Floats) -> None:
        """Name the state vectors, shape ``(vectors, capacity)``, and allocate work arrays."""

    @abstractmethod
    def _advance(self, bars: Block) -> None:
        """Update every row with its bar; blank rows must stay NaN."""

    @abstractmethod
    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        """Gather the seed of cold rows that got this bar, their ``counts``-th; runs after ``_advance``."""

    @abstractmethod
    def _read(self) -> tuple[Floats, ...]:
        """Return the outputs, one vector each, in the order of ``outputs``.

        Arrays made once in ``_bind`` and written here save making new ones at each call.
        """


def _read_only(values: Floats) -> Floats:
    view = values.view()
    view.flags.writeable = False
    return view
