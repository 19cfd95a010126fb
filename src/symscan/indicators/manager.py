"""The indicators of a session: the holders' requests for them, and their updates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from symscan.indicators.base import Indicator
from symscan.indicators.checkpoints import BlockSlices, Checkpoints, Ends
from symscan.indicators.failed import FailedIndicator
from symscan.indicators.prior import PriorIndicator, with_prior
from symscan.indicators.registry import create, is_users
from symscan.indicators.state import MaskRows
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec
from symscan.plugins.errors import describe_error

Depths = NDArray[np.int16]
"""How many bars back the values of each row are kept."""


class _PinnedValues(Struct, frozen=True):
    """An indicator's values at one instant by output and bars back, and the rows each holder requested."""

    outputs: Mapping[tuple[str, int], Floats]
    by_holder: Mapping[str, Mask]
    requested: Mask
    depths: Depths


class _ManagedIndicator:
    """An indicator, the rows each holder requested, and its checkpoints."""

    def __init__(self, indicator: Indicator, rows: int, checkpoints: Checkpoints | None) -> None:
        self.indicator = indicator
        self.has_failed = False
        self.checkpoints = checkpoints
        self.by_holder: dict[str, Mask] = {}
        self.requested: Mask = np.zeros(rows, np.bool_)
        self.depths: Depths = np.zeros(rows, np.int16)

    def request(self, holder: str, rows: Rows, back: int = 0) -> Rows:
        """Add a holder's rows and how far back it reads; return those not requested so far before."""
        requested = self.by_holder.setdefault(holder, np.zeros_like(self.requested))
        requested[rows] = True
        is_new = np.zeros_like(self.requested)
        is_new[rows] = True
        is_new &= ~self.requested | (self.depths < back)
        self.requested[rows] = True
        self.depths[rows] = np.maximum(self.depths[rows], back)
        return is_new.nonzero()[0]

    def keep_prior(self, depth: int, opens_at: Instant | None) -> None:
        """Keep values so many bars back, if there are not as many kept."""
        kept = self.indicator.depth if isinstance(self.indicator, PriorIndicator) else 0
        if depth <= kept or self.has_failed:
            return
        rows = len(self.requested)
        self.indicator = with_prior(self.indicator, rows, depth, opens_at)
        if self.checkpoints is not None:
            self.checkpoints.replace(self.indicator, lambda copy: with_prior(copy, rows, depth, opens_at))

    def release(self, holder: str, rows: Rows | None) -> None:
        """Release a holder's rows; those without any holder left are reset."""
        requested = self.by_holder.get(holder)
        if requested is None:
            return
        requested[slice(None) if rows is None else rows] = False
        if not requested.any():
            del self.by_holder[holder]
        still = np.logical_or.reduce([np.zeros_like(requested), *self.by_holder.values()])
        self._forget(np.flatnonzero(self.requested & ~still))

    def release_all(self, rows: Rows) -> None:
        """Release rows for all holders."""
        for requested in self.by_holder.values():
            requested[rows] = False
        self.by_holder = {
            holder: requested for holder, requested in self.by_holder.items() if requested.any()
        }
        self._forget(rows)

    def grow(self, rows: int) -> None:
        """Increase the capacity."""
        more = np.zeros(rows - len(self.requested), np.bool_)
        self.requested = np.concatenate([self.requested, more])
        self.depths = np.concatenate([self.depths, np.zeros(len(more), np.int16)])
        self.by_holder = {holder: np.concatenate([mask, more]) for holder, mask in self.by_holder.items()}
        self.indicator.grow(rows)
        if self.checkpoints is not None:
            self.checkpoints.grow(rows)

    def pinned(self) -> _PinnedValues:
        """Copy the values as they are now."""
        outputs = {(name, 0): self.indicator.output(name).copy() for name in self.indicator.outputs}
        if isinstance(prior := self.indicator, PriorIndicator):
            for back in range(1, prior.depth + 1):
                outputs |= {(name, back): prior.prior(name, back).copy() for name in prior.outputs}
        by_holder = {holder: mask.copy() for holder, mask in self.by_holder.items()}
        return _PinnedValues(outputs, by_holder, self.requested.copy(), self.depths.copy())

    def _forget(self, rows: Rows) -> None:
        self.requested[rows] = False
        self.depths[rows] = 0
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
    today_after
        Intraday bars that end later are today's: earlier ones have no prior values.
    premarket_after
        When today's pre-market begins: its minutes are counted from there, though bars begin later.
    """

    def __init__(
        self,
        rows: int,
        opens_at: Instant | None = None,
        today_after: Instant = 0,
        premarket_after: Instant | None = None,
    ) -> None:
        self._rows = rows
        self._opens_at = opens_at
        self._today_after = today_after
        self._premarket_after = premarket_after
        self._managed: dict[IndicatorSpec, _ManagedIndicator] = {}
        self._by_interval: dict[Interval, list[_ManagedIndicator]] = {}
        self._updated_rows: Mask = np.empty(rows, np.bool_)
        self._find = MaskRows()
        self._failures: list[tuple[str, str]] = []

    def request(self, spec: IndicatorSpec, holder: str, rows: Rows) -> Rows:
        """Request an indicator of some rows for a holder.

        Returns
        -------
        Rows
            The rows it was not requested for before, ascending; those need a rebuild.

        Raises
        ------
        SpecError
            If the spec is not valid.
        """
        managed = self._managed.get(spec.source)
        if managed is None:
            managed = self._managed[spec.source] = self._create(spec.source)
            self._by_interval.setdefault(spec.interval, []).append(managed)
        if spec.back:
            managed.keep_prior(spec.back, self._today_after if spec.interval.is_intraday else None)
        return managed.request(holder, rows, spec.back)

    def release(self, holder: str, rows: Rows | None = None) -> None:
        """Release a holder's requests, for some rows or for all; drop indicators without any holder left."""
        for managed in self._managed.values():
            managed.release(holder, rows)
        self._drop_unrequested()

    def forget(self, rows: Rows) -> None:
        """Release all requests for rows that are being freed."""
        for managed in self._managed.values():
            managed.release_all(rows)
        self._drop_unrequested()

    def requested_rows(self, spec: IndicatorSpec, holder: str | None = None) -> Mask:
        """Return which rows a holder (None: any) requested an indicator for; not to be changed."""
        managed = self._managed.get(spec.source)
        return _requested_rows(managed, spec, holder, self._rows)

    def specs(self, interval: Interval | None = None) -> tuple[IndicatorSpec, ...]:
        """Return the specs requested, in the order of the first requests."""
        return tuple(spec for spec in self._managed if interval is None or spec.interval == interval)

    def update(self, interval: Interval, bars: Block) -> None:
        """Update an interval's indicators with its completed bars.

        Raises
        ------
        ValueError
            If the block is not as wide as the capacity.
        """
        if len(bars.present) != self._rows:
            raise ValueError(f"the block has {len(bars.present)} rows, the indicators have {self._rows}")
        for managed in self._by_interval.get(interval, ()):
            np.logical_and(bars.present, managed.requested, out=self._updated_rows)
            try:
                managed.indicator.update(self._updated_rows, bars, self._find)
                if managed.checkpoints is not None:
                    managed.checkpoints.record(bars.end)
            except (Exception, SystemExit) as error:  # the plug-in boundary: the user's indicator
                self._fail(managed, error)

    def correct(self, interval: Interval, rows: Rows, since: Ends, blocks: Sequence[Block]) -> None:
        """Recompute an interval's indicators after bars of today changed.

        Parameters
        ----------
        rows
            The rows of the bars, each once.
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
        for managed in self._by_interval.get(interval, ()):
            if managed.has_failed:
                continue
            if managed.checkpoints is None:
                raise ValueError(f"{managed.indicator.spec.key} keeps nothing to correct from; give opens_at")
            requested = managed.requested[rows]
            if requested.any():
                correct = managed.checkpoints.correct
                self._guard(managed, lambda: correct(rows[requested], since[requested], cuts))  # noqa: B023

    def rebuild(self, spec: IndicatorSpec, rows: Rows, history: Iterable[Block]) -> None:
        """Reset rows of an indicator and replay their history; see ``Indicator.rebuild``."""
        managed = self._managed[spec.source]
        if spec.interval.is_premarket:
            history = self._from_first_minute(history, len(rows))
        self._guard(managed, lambda: (managed.checkpoints or managed.indicator).rebuild(rows, history))

    def column(self, spec: IndicatorSpec, output: str = "value") -> Floats:
        """Return an output over all rows, NaN where unknown or not requested; a read-only view."""
        managed = self._managed.get(spec.source)
        if managed is None:
            return np.full(self._rows, np.nan)
        values = self._output(managed, output)
        if spec.back == 0:
            return values
        prior = managed.indicator
        if isinstance(prior, PriorIndicator) and spec.back <= prior.depth:
            return prior.prior(output, spec.back)
        return np.full(self._rows, np.nan)

    def drain_failures(self) -> list[tuple[str, str]]:
        """Remove and return the user's indicators that failed: each one's key, and its error."""
        failures, self._failures = self._failures, []
        return failures

    def pinned(self) -> PinnedIndicators:
        """Return the values and requests as they are now, for concurrent readers."""
        for managed in self._managed.values():
            self._output(managed, managed.indicator.outputs[0])  # fails here, where it can be replaced
        return PinnedIndicators(
            self._rows, {spec: managed.pinned() for spec, managed in self._managed.items()}
        )

    def grow(self, rows: int) -> None:
        """Increase the capacity; the state is kept."""
        self._rows = rows
        self._updated_rows = np.empty(rows, np.bool_)
        for managed in self._managed.values():
            self._guard(managed, lambda: managed.grow(rows))  # noqa: B023

    def _output(self, managed: _ManagedIndicator, output: str) -> Floats:
        """Return an output; all unknown if the indicator fails to give it, or gives no vector over rows."""
        try:
            values = managed.indicator.output(output)
            if values.shape == (self._rows,):
                return values
            raise ValueError(f"_read() gave shape {values.shape} for {output}, expected ({self._rows},)")
        except (Exception, SystemExit) as error:  # the plug-in boundary: the user's indicator
            self._fail(managed, error)
        return managed.indicator.output(output)

    def _guard(self, managed: _ManagedIndicator, call: Callable[[], None]) -> None:
        """Call a method of an indicator, and replace the indicator if it is the user's and raises."""
        try:
            call()
        except (Exception, SystemExit) as error:  # the plug-in boundary: the user's indicator
            self._fail(managed, error)

    def _fail(self, managed: _ManagedIndicator, error: BaseException) -> None:
        """Replace an indicator of the user's that raised by one that is unknown; raise ours again."""
        failed = managed.indicator
        if not is_users(failed.spec):
            raise error
        managed.indicator = FailedIndicator(failed.spec, self._rows, failed.outputs)
        managed.checkpoints = None
        managed.has_failed = True
        users = failed.indicator if isinstance(failed, PriorIndicator) else failed
        self._failures.append((failed.spec.key, describe_error(error, type(users).__module__)))

    def _create(self, spec: IndicatorSpec) -> _ManagedIndicator:
        indicator = create(spec, self._rows)
        if spec.interval.is_premarket:
            indicator.play(self._from_first_minute((), self._rows))
        if self._opens_at is None or not spec.interval.is_intraday:
            return _ManagedIndicator(indicator, self._rows, None)
        begins = self._opens_at
        if spec.interval.is_premarket and self._premarket_after is not None:
            begins = self._premarket_after
        return _ManagedIndicator(indicator, self._rows, Checkpoints(indicator, self._rows, begins))

    def _from_first_minute(self, history: Iterable[Block], rows: int) -> list[Block]:
        """Return the blocks with an empty one of today's first minute before those of today."""
        blocks = list(history)
        if self._premarket_after is not None:
            today = bisect_right(blocks, self._premarket_after, key=lambda block: block.end)
            blocks.insert(today, Block.blank(self._premarket_after + MINUTE, rows))
        return blocks

    def _drop_unrequested(self) -> None:
        self._managed = {spec: managed for spec, managed in self._managed.items() if managed.by_holder}
        self._by_interval = {}
        for spec, managed in self._managed.items():
            self._by_interval.setdefault(spec.interval, []).append(managed)


class PinnedIndicators(IndicatorManager):
    """The indicators of a session as they were at one instant, read-only.

    Parameters
    ----------
    rows
        The length of all vectors.
    pinned
        The values, in the order of the first requests.
    """

    def __init__(self, rows: int, pinned: Mapping[IndicatorSpec, _PinnedValues]) -> None:
        super().__init__(rows)
        self._pinned = pinned

    def pinned(self) -> PinnedIndicators:
        """Return this object: it does not change."""
        return self

    def requested_rows(self, spec: IndicatorSpec, holder: str | None = None) -> Mask:
        """Return which rows a holder (None: any) requested an indicator for; not to be changed."""
        return _requested_rows(self._pinned.get(spec.source), spec, holder, self._rows)

    def specs(self, interval: Interval | None = None) -> tuple[IndicatorSpec, ...]:
        """Return the specs requested, in the order of the first requests."""
        return tuple(spec for spec in self._pinned if interval is None or spec.interval == interval)

    def column(self, spec: IndicatorSpec, output: str = "value") -> Floats:
        """Return an output over all rows, NaN where unknown or not requested; not to be changed."""
        one = self._pinned.get(spec.source)
        values = None if one is None else one.outputs.get((output, spec.back))
        return np.full(self._rows, np.nan) if values is None else values


def _requested_rows(
    one: _ManagedIndicator | _PinnedValues | None, spec: IndicatorSpec, holder: str | None, rows: int
) -> Mask:
    """Return which rows a holder (None: any) requested a spec for; not to be changed."""
    mask = None if one is None else one.requested if holder is None else one.by_holder.get(holder)
    if one is None or mask is None:
        return np.zeros(rows, np.bool_)
    return mask & (one.depths >= spec.back) if spec.back else mask
