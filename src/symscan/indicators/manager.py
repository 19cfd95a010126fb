"""The indicators of a session: who asked for which, and their updates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symscan.indicators.base import Indicator
from symscan.indicators.checkpoints import BlockSlices, Checkpoints, Ends
from symscan.indicators.registry import create
from symscan.indicators.state import MaskRows
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec


@dataclass(frozen=True, slots=True)
class _Pinned:
    """An indicator's values at one instant, and who asked for which of its rows."""

    outputs: Mapping[str, Floats]
    by_holder: Mapping[str, Mask]
    asked: Mask


class _Kept:
    """An indicator, who asked for which of its rows, and what it was earlier today."""

    def __init__(self, indicator: Indicator, rows: int, checkpoints: Checkpoints | None) -> None:
        self.indicator = indicator
        self.checkpoints = checkpoints
        self.by_holder: dict[str, Mask] = {}
        self.asked: Mask = np.zeros(rows, np.bool_)

    def ask(self, holder: str, rows: Rows) -> Rows:
        """Returns the rows nobody asked for before."""
        asked = self.by_holder.setdefault(holder, np.zeros_like(self.asked))
        asked[rows] = True
        new = np.unique(rows[~self.asked[rows]])
        self.asked[rows] = True
        return new

    def release(self, holder: str, rows: Rows | None) -> None:
        """Forget what the holder asked; rows nobody asks any more become unknown."""
        asked = self.by_holder.get(holder)
        if asked is None:
            return
        asked[slice(None) if rows is None else rows] = False
        if not asked.any():
            del self.by_holder[holder]
        still = np.logical_or.reduce([np.zeros_like(asked), *self.by_holder.values()])
        self._forget(np.flatnonzero(self.asked & ~still))

    def release_all(self, rows: Rows) -> None:
        """Forget what anybody asked for rows."""
        for asked in self.by_holder.values():
            asked[rows] = False
        self.by_holder = {holder: asked for holder, asked in self.by_holder.items() if asked.any()}
        self._forget(rows)

    def grow(self, rows: int) -> None:
        """More capacity."""
        more = np.zeros(rows - len(self.asked), np.bool_)
        self.asked = np.concatenate([self.asked, more])
        self.by_holder = {holder: np.concatenate([mask, more]) for holder, mask in self.by_holder.items()}
        self.indicator.grow(rows)
        if self.checkpoints is not None:
            self.checkpoints.grow(rows)

    def pinned(self) -> _Pinned:
        """The values as they are now."""
        outputs = {name: self.indicator.output(name).copy() for name in self.indicator.outputs}
        by_holder = {holder: mask.copy() for holder, mask in self.by_holder.items()}
        return _Pinned(outputs, by_holder, self.asked.copy())

    def _forget(self, rows: Rows) -> None:
        self.asked[rows] = False
        if len(rows):
            self.indicator.forget(rows)
            if self.checkpoints is not None:
                self.checkpoints.forget(rows)


class IndicatorManager:
    """Owns the indicators of a session.

    Parameters
    ----------
    rows
        The capacity of all vectors.
    opens_at
        The session's open, if bars of today can be corrected; what that takes is not kept otherwise.
    """

    def __init__(self, rows: int, opens_at: Instant | None = None) -> None:
        self._rows = rows
        self._opens_at = opens_at
        self._kept: dict[IndicatorSpec, _Kept] = {}
        self._by_interval: dict[Interval, list[_Kept]] = {}
        self._given: Mask = np.empty(rows, np.bool_)
        self._find = MaskRows()

    def ask(self, spec: IndicatorSpec, holder: str, rows: Rows) -> Rows:
        """Let a holder have an indicator for some rows.

        Returns
        -------
        Rows
            The rows nobody had asked it for before, ascending; those need a rebuild.

        Raises
        ------
        SpecError
            If the spec is not valid.
        """
        kept = self._kept.get(spec)
        if kept is None:
            kept = self._kept[spec] = self._keep(spec)
            self._by_interval.setdefault(spec.interval, []).append(kept)
        return kept.ask(holder, rows)

    def release(self, holder: str, rows: Rows | None = None) -> None:
        """Take back what a holder asked, for some rows or for all; what nobody asks any more is forgotten."""
        for kept in self._kept.values():
            kept.release(holder, rows)
        self._drop_unasked()

    def forget(self, rows: Rows) -> None:
        """Take back what anybody asked for rows that are being freed."""
        for kept in self._kept.values():
            kept.release_all(rows)
        self._drop_unasked()

    def asked(self, spec: IndicatorSpec, holder: str | None = None) -> Mask:
        """Which rows a holder (None: anybody) asked an indicator for; not to be changed."""
        kept = self._kept.get(spec)
        mask = None if kept is None else kept.asked if holder is None else kept.by_holder.get(holder)
        return np.zeros(self._rows, np.bool_) if mask is None else mask

    def specs(self, interval: Interval | None = None) -> tuple[IndicatorSpec, ...]:
        """What is asked for, in the order it was first asked."""
        return tuple(spec for spec in self._kept if interval is None or spec.interval == interval)

    def update(self, interval: Interval, bars: Block) -> None:
        """Give the completed bars of an interval to its indicators.

        Raises
        ------
        ValueError
            If the block is not as wide as the capacity.
        """
        if len(bars.present) != self._rows:
            raise ValueError(f"the block has {len(bars.present)} rows, the indicators have {self._rows}")
        for kept in self._by_interval.get(interval, ()):
            np.logical_and(bars.present, kept.asked, out=self._given)
            kept.indicator.update(self._given, bars, self._find)
            if kept.checkpoints is not None:
                kept.checkpoints.note(bars.end)

    def correct(self, interval: Interval, rows: Rows, since: Ends, blocks: Sequence[Block]) -> None:
        """Make an interval's indicators right again after bars of today changed.

        Parameters
        ----------
        rows
            Whose bars, each once.
        since
            The end of each one's first changed bar.
        blocks
            All of today's blocks of the interval, as they are now.

        Raises
        ------
        ValueError
            If the manager was not made for bars that can be corrected.
        """
        cuts = BlockSlices(blocks)
        for kept in self._by_interval.get(interval, ()):
            if kept.checkpoints is None:
                raise ValueError(f"{kept.indicator.spec.key} keeps nothing to correct from; give opens_at")
            asked = kept.asked[rows]
            if asked.any():
                kept.checkpoints.correct(rows[asked], since[asked], cuts)

    def rebuild(self, spec: IndicatorSpec, rows: Rows, history: Iterable[Block]) -> None:
        """Forget what an indicator knows of rows and play their history; see ``Indicator.rebuild``."""
        kept = self._kept[spec]
        (kept.checkpoints or kept.indicator).rebuild(rows, history)

    def column(self, spec: IndicatorSpec, output: str = "value") -> Floats:
        """An output over all rows, NaN where unknown or not asked; read-only, valid until the next bar."""
        kept = self._kept.get(spec)
        return np.full(self._rows, np.nan) if kept is None else kept.indicator.output(output)

    def pinned(self) -> PinnedIndicators:
        """The values as they are now, and who may read them; for whoever reads beside the session."""
        return PinnedIndicators(self._rows, {spec: kept.pinned() for spec, kept in self._kept.items()})

    def grow(self, rows: int) -> None:
        """More capacity; what is known stays."""
        self._rows = rows
        self._given = np.empty(rows, np.bool_)
        for kept in self._kept.values():
            kept.grow(rows)

    def _keep(self, spec: IndicatorSpec) -> _Kept:
        indicator = create(spec, self._rows)
        if self._opens_at is None or not spec.interval.is_intraday:
            return _Kept(indicator, self._rows, None)
        return _Kept(indicator, self._rows, Checkpoints(indicator, self._rows, self._opens_at))

    def _drop_unasked(self) -> None:
        self._kept = {spec: kept for spec, kept in self._kept.items() if kept.by_holder}
        self._by_interval = {}
        for spec, kept in self._kept.items():
            self._by_interval.setdefault(spec.interval, []).append(kept)


class PinnedIndicators(IndicatorManager):
    """The indicators of a session as they were at one instant: they answer, and take nothing in.

    Parameters
    ----------
    rows
        The length of all vectors.
    pinned
        The values, in the order they were first asked for.
    """

    def __init__(self, rows: int, pinned: Mapping[IndicatorSpec, _Pinned]) -> None:
        super().__init__(rows)
        self._pinned = pinned

    def pinned(self) -> PinnedIndicators:
        """The same: they do not change."""
        return self

    def asked(self, spec: IndicatorSpec, holder: str | None = None) -> Mask:
        """Which rows a holder (None: anybody) asked an indicator for; not to be changed."""
        one = self._pinned.get(spec)
        mask = None if one is None else one.asked if holder is None else one.by_holder.get(holder)
        return np.zeros(self._rows, np.bool_) if mask is None else mask

    def specs(self, interval: Interval | None = None) -> tuple[IndicatorSpec, ...]:
        """What is asked for, in the order it was first asked."""
        return tuple(spec for spec in self._pinned if interval is None or spec.interval == interval)

    def column(self, spec: IndicatorSpec, output: str = "value") -> Floats:
        """An output over all rows, NaN where unknown or not asked; not to be changed."""
        one = self._pinned.get(spec)
        return np.full(self._rows, np.nan) if one is None else one.outputs[output]
