"""What an indicator is: one object per spec, a vector over rows per output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Self

import numpy as np

from symscan.indicators.state import Counts, MaskRows, RowState
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.specs import IndicatorSpec


class Indicator(ABC):
    """An indicator over all rows; a row's values depend on its own bars and on nothing else.

    A subclass says how one bar moves all warm rows (``_advance``), how cold rows gather their seed
    (``_seed``) and what is read off the state (``_read``). Which rows a bar concerns is settled
    here: ``_advance`` may compute over every row, since rows without a bar get their state back and
    blank rows stay NaN.

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
        self._hold(RowState(self.vectors, rows, seed_bars, window))

    @property
    def state(self) -> RowState:
        """What it remembers of every row."""
        return self._state

    def update(self, rows: Mask, bars: Block, find: MaskRows | None = None) -> None:
        """Give some rows this bar; every other row keeps its state to the bit.

        Parameters
        ----------
        rows
            Which rows get their bar, shape ``(capacity,)``; a subset of ``bars.present``.
        bars
            The completed bars.
        find
            Shared by indicators that are given much the same rows; it saves each of them a search.
        """
        state = self._state
        absent = state.meet(rows, find or MaskRows())
        if state.window is not None:
            state.window.skipped = absent
        if len(absent):
            self._advance_but(absent, bars)
        else:
            self._advance(bars)
        if len(state.cold):
            self._seed(*state.count(rows), bars)
        self._is_stale = True

    def output(self, name: str = "value") -> Floats:
        """The current values, shape ``(capacity,)``, NaN where unknown; read-only, true until a change."""
        if self._is_stale:
            vectors = self._read()
            if not self._outputs:
                self._outputs = dict(zip(self.outputs, map(_read_only, vectors), strict=True))
            self._is_stale = False
        return self._outputs[name]

    def rebuild(self, rows: Rows, history: Iterable[Block]) -> None:
        """Forget the rows' state, then play history: warm-up, admission and correction are this.

        Parameters
        ----------
        rows
            The rows, each once.
        history
            Blocks in time order, of width ``len(rows)``: column ``j`` belongs to ``rows[j]``.
        """
        fresh = self.blank(len(rows))
        fresh.play(history)
        self.put(rows, fresh)

    def blank(self, rows: int) -> Self:
        """A new indicator of the same spec, without any bars."""
        return type(self)(self.spec, rows)  # type: ignore[call-arg]  # subclasses know their seed

    def play(self, blocks: Iterable[Block]) -> None:
        """Give every row its bars of some blocks, in time order."""
        find = MaskRows()
        for block in blocks:
            self.update(block.present, block, find)

    def put(self, rows: Rows, fresh: Self) -> None:
        """Let rows be what another indicator of this spec is: its row ``j`` becomes ``rows[j]``."""
        self._store_rows(rows, fresh)
        self._is_stale = True

    def taken(self, rows: Rows | slice) -> Self:
        """A new indicator of the same spec that is, in its row ``j``, what ``rows[j]`` is now."""
        taken = self.blank(len(self._state.live[rows]))
        taken._become(self, rows)
        return taken

    def forget(self, rows: Rows) -> None:
        """Make rows unknown, as if they never had a bar."""
        self._state.forget(rows)
        self._is_stale = True

    def grow(self, rows: int) -> None:
        """More capacity; what is remembered stays."""
        old = self._state
        self._hold(RowState(self.vectors, rows, self._seed_bars, self._window_length))
        self._state.put(np.arange(old.rows, dtype=np.intp), old)

    def _become(self, other: Self, rows: Rows | slice) -> None:
        """Take over everything that some rows of another indicator are, in their order."""
        self._state.become(other.state, rows)

    def _store_rows(self, rows: Rows, fresh: Self) -> None:
        """Put what a fresh indicator remembers of its row ``j`` into ``rows[j]``."""
        self._state.put(rows, fresh.state)

    def _hold(self, state: RowState) -> None:
        self._state = state
        self._moving = state.vectors[: self.vectors - self.seeds]
        if state.window is not None:
            self._window = state.window
        self._bind(state.vectors)
        self._outputs = {}
        self._is_stale = True

    def _advance_but(self, absent: Rows, bars: Block) -> None:
        moving = self._moving
        kept = moving.take(absent, axis=1)
        self._advance(bars)
        for vector, values in zip(moving, kept, strict=True):
            vector[absent] = values

    @abstractmethod
    def _bind(self, vectors: Floats) -> None:
        """Name the state vectors, shape ``(vectors, capacity)``, and make room to compute in."""

    @abstractmethod
    def _advance(self, bars: Block) -> None:
        """Move every row by its bar; blank rows must stay NaN."""

    @abstractmethod
    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        """Gather the seed of cold rows that got this bar, their ``counts``-th; runs after ``_advance``."""

    @abstractmethod
    def _read(self) -> tuple[Floats, ...]:
        """The outputs, one vector each, in the order of ``outputs``: the same arrays at every call."""


def _read_only(values: Floats) -> Floats:
    view = values.view()
    view.flags.writeable = False
    return view
