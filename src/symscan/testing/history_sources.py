"""The contract of histories, as tests: derive from :class:`HistorySourceContract` and give it a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from symscan.model.bar import Block
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.sources.ports import HistorySource

_INTERVALS = pytest.mark.parametrize("interval", [ONE_MINUTE, FIVE_MINUTES, ONE_DAY], ids=str)


@dataclass(frozen=True, slots=True)
class HistoryCase:
    """A history to be tested.

    Attributes
    ----------
    history
        The history.
    session
        The session that it is loaded for.
    earlier
        At least two sessions before it, oldest first; there is no other between them.
    symbols
        At least two symbols that it has minute bars of in the last of them.
    """

    history: HistorySource
    session: Session
    earlier: Sequence[Session]
    symbols: Sequence[str]

    def load(self, interval: Interval, days: int, *symbols: str) -> list[Block]:
        """Load bars, of all the symbols if none is given."""
        return list(self.history.load(symbols or tuple(self.symbols), interval, self.session, days))


class HistorySourceContract:
    """What every history must keep to; see :class:`symscan.sources.ports.HistorySource`.

    A block has one column for each symbol, in the order they were given. Blocks come oldest first, all of
    them from before the session, intraday ones from regular hours. More days only add older blocks. A symbol
    without bars has an empty column, whether the history knows it or not. The previous close is that of the
    last daily bar.
    """

    @pytest.fixture
    def case(self) -> HistoryCase:
        """Give the history under test; to be overridden."""
        raise NotImplementedError("override the fixture 'case': it returns a HistoryCase")

    def test_it_knows_the_symbols_that_it_has_bars_of(self, case: HistoryCase) -> None:
        """As a frozen set; reading a symbol may add it."""
        case.load(ONE_DAY, 1)
        case.load(ONE_MINUTE, 1)
        known = case.history.symbols()
        assert isinstance(known, frozenset)
        assert known >= set(case.symbols)

    @_INTERVALS
    def test_blocks_have_a_column_for_each_symbol_in_order(
        self, case: HistoryCase, interval: Interval
    ) -> None:
        """The other way round, columns are the other way round."""
        forward = case.load(interval, 2)
        backward = case.load(interval, 2, *reversed(case.symbols))
        assert [block.end for block in forward] == [block.end for block in backward]
        for one, other in zip(forward, backward, strict=True):
            assert one.fields.shape == (5, len(case.symbols))
            assert one.present.shape == (len(case.symbols),)
            np.testing.assert_array_equal(one.fields, other.fields[:, ::-1])
            np.testing.assert_array_equal(one.present, other.present[::-1])

    @_INTERVALS
    def test_there_are_bars_and_they_are_valid(self, case: HistoryCase, interval: Interval) -> None:
        """Low is at most high, open and close lie between; where there is no bar, prices are NaN."""
        blocks = case.load(interval, 1)
        assert any(block.present.any() for block in blocks)
        for block in blocks:
            there = block.fields[:, block.present]
            assert (there[2] <= there[[0, 3]]).all() and (there[[0, 3]] <= there[1]).all()
            assert np.isnan(block.fields[:4, ~block.present]).all()
            assert (block.volume[~block.present] == 0.0).all()

    @_INTERVALS
    def test_blocks_are_of_earlier_sessions_oldest_first(self, case: HistoryCase, interval: Interval) -> None:
        """Ends ascend; none lies outside of the sessions asked for, intraday ones lie in regular hours."""
        ends = [block.end for block in case.load(interval, 2)]
        assert ends == sorted(set(ends))
        assert all(any(day.open < end <= day.close for day in case.earlier[-2:]) for end in ends)

    @_INTERVALS
    def test_more_days_only_add_older_blocks(self, case: HistoryCase, interval: Interval) -> None:
        """No day, no block; two days end with the blocks of one."""
        assert case.load(interval, 0) == []
        one, two = case.load(interval, 1), case.load(interval, 2)
        assert [block.end for block in two][len(two) - len(one) :] == [block.end for block in one]
        for late, block in zip(two[len(two) - len(one) :], one, strict=True):
            np.testing.assert_array_equal(late.fields, block.fields)

    @_INTERVALS
    def test_an_unknown_symbol_has_an_empty_column(self, case: HistoryCase, interval: Interval) -> None:
        """It is no error, and changes nothing of the others."""
        alone = case.load(interval, 1)
        blocks = case.load(interval, 1, *case.symbols, "NOSUCH")
        assert not any(block.present[-1] for block in blocks)
        others = {block.end: block for block in blocks}
        for block in alone:
            np.testing.assert_array_equal(others[block.end].fields[:, :-1], block.fields)

    def test_the_previous_close_is_that_of_the_last_daily_bar(self, case: HistoryCase) -> None:
        """NaN where there is none, or where it is on another price basis."""
        daily = case.history.daily(case.symbols, case.session)
        (block,) = case.load(ONE_DAY, 1)
        assert daily.previous_close.shape == daily.mismatched.shape == (len(case.symbols),)
        expected = np.where(daily.mismatched, np.nan, block.close)
        np.testing.assert_array_equal(daily.previous_close, expected)
