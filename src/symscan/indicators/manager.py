"""The indicators of a session: the holders' requests for them, and their updates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symscan.indicators.base import Indicator
from symscan.indicators.checkpoints import BlockSlices, Checkpoints, Ends
from symscan.indicators.failed import FailedIndicator
from symscan.indicators.registry import create, is_users
from symscan.indicators.state import MaskRows
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec
from symscan.plugins.errors import describe_error


@dataclass(frozen=True, slots=True)
class _PinnedValues:
    """An indicator's values at one instant, and the rows each holder requested."""

    outputs: Mapping[str, Floats]
    by_holder: Mapping[str, Mask]
    requested: Mask


class _ManagedIndicator:
    """An indicator, the rows each holder requested, and its checkpoints."""

    def __init__(self, indicator: Indicator, rows: int, checkpoints: Checkpoints | None) -> None:
        self.indicator = indicator
        self.has_failed = False
        self.checkpoints = checkpoints
        self.by_holder: dict[str, Mask] = {}
        self.requested: Mask = np.zeros(rows, np.bool_)

    def request(self, holder: str, rows: Rows) -> Rows:
        """Add a holder's rows; return those that were not requested before."""
        requested = self.by_holder.setdefault(holder, np.zeros_like(self.requested))
        requested[rows] = True
        new = np.unique(rows[~self.requested[rows]])
        self.requested[rows] = True
        return new

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
        self.by_holder = {holder: np.concatenate([mask, more]) for holder, mask in self.by_holder.items()}
        self.indicator.grow(rows)
        if self.checkpoints is not None:
            self.checkpoints.grow(rows)

    def pinned(self) -> _PinnedValues:
        """Copy the values as they are now."""
        outputs = {name: self.indicator.output(name).copy() for name in self.indicator.outputs}
        by_holder = {holder: mask.copy() for holder, mask in self.by_holder.items()}
        return _PinnedValues(outputs, by_holder, self.requested.copy())

    def _forget(self, rows: Rows) -> None:
        self.requested[rows] = False
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
        managed = self._managed.get(spec)
        if managed is None:
            managed = self._managed[spec] = self._create(spec)
            self._by_interval.setdefault(spec.interval, []).append(managed)
        return managed.request(holder, rows)

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
        managed = self._managed.get(spec)
        mask = (
            None
            if managed is None
            else managed.requested
            if holder is None
            else managed.by_holder.get(holder)
        )
        return np.zeros(self._rows, np.bool_) if mask is None else mask

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
        managed = self._managed[spec]
        self._guard(managed, lambda: (managed.checkpoints or managed.indicator).rebuild(rows, history))

    def column(self, spec: IndicatorSpec, output: str = "value") -> Floats:
        """Return an output over all rows, NaN where unknown or not requested; a read-only view."""
        managed = self._managed.get(spec)
        return np.full(self._rows, np.nan) if managed is None else self._output(managed, output)

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
        managed.indicator = FailedIndicator(failed.spec, self._rows, type(failed).outputs)
        managed.checkpoints = None
        managed.has_failed = True
        self._failures.append((failed.spec.key, describe_error(error, type(failed).__module__)))

    def _create(self, spec: IndicatorSpec) -> _ManagedIndicator:
        indicator = create(spec, self._rows)
        if self._opens_at is None or not spec.interval.is_intraday:
            return _ManagedIndicator(indicator, self._rows, None)
        return _ManagedIndicator(indicator, self._rows, Checkpoints(indicator, self._rows, self._opens_at))

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
        one = self._pinned.get(spec)
        mask = None if one is None else one.requested if holder is None else one.by_holder.get(holder)
        return np.zeros(self._rows, np.bool_) if mask is None else mask

    def specs(self, interval: Interval | None = None) -> tuple[IndicatorSpec, ...]:
        """Return the specs requested, in the order of the first requests."""
        return tuple(spec for spec in self._pinned if interval is None or spec.interval == interval)

    def column(self, spec: IndicatorSpec, output: str = "value") -> Floats:
        """Return an output over all rows, NaN where unknown or not requested; not to be changed."""
        one = self._pinned.get(spec)
        return np.full(self._rows, np.nan) if one is None else one.outputs[output]
