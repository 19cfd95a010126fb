"""Process a slice: store its bars, aggregate them, update indicators."""

from __future__ import annotations

from collections.abc import Sequence

from symscan.bars.aggregator import Aggregator
from symscan.bars.grid import Grid
from symscan.model.bar import BarSlice, LateBars
from symscan.model.events.feed import BarsCorrected
from symscan.model.instant import Instant
from symscan.model.interval import PREMARKET, Interval
from symscan.runtime.corrections import BarCorrector
from symscan.session.session_data import SessionData


class DataProcessor:
    """Stores each slice's bars in the session and updates everything derived from them."""

    def __init__(self, data: SessionData) -> None:
        self._data = data
        self._corrector = BarCorrector(data)
        self._aggregators: dict[Interval, tuple[Grid, Aggregator]] = {}

    def process(self, bar_slice: BarSlice) -> None:
        """Store the slice's bars, build the coarser bars it completes, update their indicators."""
        self._data.advance_to(bar_slice.end)
        block = bar_slice.bars
        if block is None:
            return
        if bar_slice.end <= self._data.session.open:
            self._data.premarket.grid.append(block)
            self._data.indicators.update(PREMARKET, block)
            return
        self._data.regular.grid.append(block)
        if self._data.base.is_intraday:  # daily indicators wait for the complete day
            self._data.indicators.update(self._data.base, block)
        self._aggregate()

    def correct(self, late: Sequence[LateBars], arrived_at: Instant) -> list[BarsCorrected]:
        """Store late and corrected bars, and recompute what is derived from them.

        Afterwards readings, coarser bars and intraday indicators are, to the bit, those of a session
        that had the bars in time. Ignored are ends without a slot, rows that were freed, bars with an
        unknown field, and bars that change nothing.

        Parameters
        ----------
        late
            The bars, in the order to apply: of two for one slot the later stands.
        arrived_at
            When they arrived, on the market's clock.

        Returns
        -------
        list[BarsCorrected]
            One event for each of ``late`` that changed anything, with the symbols whose bar changed.

        Raises
        ------
        ValueError
            If the session keeps no checkpoints and has intraday indicators that would have to be corrected.
        """
        return self._corrector.correct(late, arrived_at)

    def _aggregate(self) -> None:
        finest = self._data.regular.grid.blocks
        for interval, grid in self._data.derived.items():
            derived = self._aggregator(interval, grid).advance(finest)
            if derived is not None:
                grid.append(derived)
                self._data.indicators.update(interval, derived)

    def _aggregator(self, interval: Interval, grid: Grid) -> Aggregator:
        """Return the aggregator of a grid; a new one for a grid that was dropped and made again."""
        known, aggregator = self._aggregators.get(interval, (None, None))
        if aggregator is None or known is not grid:
            aggregator = Aggregator(interval, self._data.session, self._blocks_used(grid))
            self._aggregators[interval] = (grid, aggregator)
        return aggregator

    def _blocks_used(self, grid: Grid) -> int:
        """Count the finest blocks that the bars derived so far cover."""
        ends = grid.ends()
        return sum(block.end <= ends[-1] for block in self._data.regular.grid.blocks) if ends else 0
