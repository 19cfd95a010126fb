"""The contract of bar sources, as tests: derive from :class:`BarSourceContract` and give it a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from symscan.model.bar import BarSlice, Block
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import ONE_MINUTE
from symscan.model.session import Session
from symscan.sources.ports import BarSource


@dataclass(frozen=True, slots=True)
class BarSourceCase:
    """A source to be tested.

    Attributes
    ----------
    source
        The source, from which nothing was read; its bars are of one minute.
    session
        The session.
    closes
        The close of each bar that it has, by symbol, then by end: of two symbols at least.
    """

    source: BarSource
    session: Session
    closes: Mapping[str, Mapping[Instant, float]] = field(default_factory=dict)

    def subscribe(self, *symbols: str) -> dict[str, int]:
        """Subscribe symbols in columns with one free between them; return the columns."""
        rows = {symbol: 2 * number for number, symbol in enumerate(symbols)}
        self.source.subscribe(rows, self.capacity)
        return rows

    @property
    def capacity(self) -> int:
        """How many columns there are."""
        return 2 * len(self.closes) + 1

    def slices(self) -> Iterator[BarSlice]:
        """The slices, without what comes between them."""
        return (update for update in self.source.slices() if isinstance(update, BarSlice))


class BarSourceContract:
    """What every bar source must keep to; see :class:`symscan.sources.ports.BarSource`.

    It gives a slice for every minute up to the close, in order and each once, whether anything traded or
    not. Bars come in the slice that ends with them, in the column of their symbol, for subscribed symbols
    alone. Catching up gives what lies before: the bars at the instants asked for, over the symbols asked for.
    """

    @pytest.fixture
    def case(self) -> BarSourceCase:
        """Give the source under test; to be overridden."""
        raise NotImplementedError("override the fixture 'case': it returns a BarSourceCase")

    def test_every_minute_has_its_slice_up_to_the_close(self, case: BarSourceCase) -> None:
        """From wherever it begins, without a gap."""
        assert case.source.base == ONE_MINUTE
        case.subscribe(*case.closes)
        ends = [one.end for one in case.slices()]
        assert ends == list(range(ends[0], case.session.close + 1, MINUTE))
        assert ends[0] <= case.session.open

    def test_bars_come_in_the_slice_that_ends_with_them(self, case: BarSourceCase) -> None:
        """In their symbol's column; the other columns are empty."""
        rows = case.subscribe(*case.closes)
        found: dict[str, dict[Instant, float]] = {symbol: {} for symbol in case.closes}
        for one in case.slices():
            if one.bars is None:
                continue
            assert one.bars.end == one.end
            assert one.bars.present.shape == (case.capacity,)
            for symbol, column in rows.items():
                if one.bars.present[column]:
                    found[symbol][one.end] = float(one.bars.close[column])
            others = np.setdiff1d(np.arange(case.capacity), list(rows.values()))
            assert not one.bars.present[others].any()
        assert found == {symbol: dict(closes) for symbol, closes in case.closes.items()}

    def test_only_subscribed_symbols_have_bars(self, case: BarSourceCase) -> None:
        """A symbol that is unsubscribed has none from the next slice on."""
        first, second, *_ = case.closes
        rows = case.subscribe(first, second)
        seen = 0
        for one in case.slices():
            if one.bars is not None:
                assert seen < 2 or not one.bars.present[rows[second]]
                seen += one.bars.present[rows[first]]
            if seen == 2:
                case.source.unsubscribe([second])
                seen += 1
        assert seen > 3

    def test_a_symbol_that_joins_catches_up_with_what_it_missed(self, case: BarSourceCase) -> None:
        """Bars at the instants asked for, over the symbols asked for; later ones come in slices."""
        first, second, *_ = case.closes
        case.subscribe(first)
        ends: list[Instant] = []
        caught: list[Block] | None = None
        late: dict[Instant, float] = {}
        for one in case.slices():
            if caught is not None and one.bars is not None and one.bars.present[2]:
                late[one.end] = float(one.bars.close[2])
            if caught is None:
                ends.append(one.end)
                if sum(end <= one.end for end in case.closes[second]) == 2:
                    case.source.prepare_catch_up([second])
                    case.source.subscribe({second: 2}, case.capacity)
                    caught = case.source.catch_up([second], ends)
        assert caught is not None
        assert all(block.present.shape == (1,) for block in caught)
        early = {block.end: float(block.close[0]) for block in caught if block.present[0]}
        assert early | late == dict(case.closes[second])
        assert set(early) == {end for end in case.closes[second] if end in ends}

    def test_events_are_given_once(self, case: BarSourceCase) -> None:
        """Draining leaves none."""
        case.subscribe(*case.closes)
        for _ in case.slices():
            pass
        case.source.drain_events()
        assert case.source.drain_events() == []
