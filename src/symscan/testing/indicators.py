"""The contract of indicators."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pytest

from symscan.indicators.base import Indicator
from symscan.indicators.definition import Definition
from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, VOLUME, Block, Floats, Rows
from symscan.model.instant import MINUTE
from symscan.model.interval import FIVE_MINUTES, PREMARKET
from symscan.model.specs import IndicatorSpec

_TIMES, _ROWS, _SLOTS = 400, 14, 78
_LATE, _AT = np.array([2, 5, 9]), 250


class IndicatorContract:
    """What every indicator must keep to: a row's values follow from its own bars and from nothing else.

    It is played over random walks that miss more and more of their bars, and one that stands still. Derive a
    class whose name begins with ``Test``.

    Attributes
    ----------
    definition
        The indicator.
    params
        Parameters to test it with, as in a key; None for its defaults.
    """

    definition: ClassVar[Definition]
    params: ClassVar[tuple[int, ...] | None] = None

    @classmethod
    def spec(cls) -> IndicatorSpec:
        """The indicator on bars of five minutes, or on those before the open."""
        defaults = tuple(one.default for one in cls.definition.parameters)
        params = defaults if cls.params is None else tuple(map(Decimal, cls.params))
        interval = PREMARKET if cls.definition.is_premarket else FIVE_MINUTES
        return IndicatorSpec(cls.definition.name, params, interval)

    @pytest.fixture(scope="class")
    @classmethod
    def walks(cls) -> list[Block]:
        """Bars of 14 symbols over five sessions."""
        return random_walks()

    @pytest.fixture(scope="class")
    @classmethod
    def played(cls, walks: Sequence[Block]) -> Floats:
        """The outputs after every block, shape ``(times, outputs, rows)``."""
        return play_bars(cls.make(_ROWS), walks)

    @classmethod
    def make(cls, rows: int) -> Indicator:
        """Make the indicator without any bars."""
        return cls.definition.factory(cls.spec(), rows)

    def test_it_is_declared_in_full(self) -> None:
        """It says what it is and where the formula is from; each parameter's default is within its bounds."""
        one = self.definition
        assert one.summary and one.source
        assert len({parameter.name for parameter in one.parameters}) == len(one.parameters)
        assert len(set(one.outputs)) == len(one.outputs) > 0
        assert all(parameter.fault(parameter.default) is None for parameter in one.parameters)
        assert IndicatorSpec.parse(self.spec().key) == self.spec(), "the name must be words in small letters"
        assert one.warm_up_bars(self.spec()) >= 0 and one.warm_up_sessions(self.spec()) >= 0

    def test_it_has_values_and_they_are_numbers(self, played: Floats) -> None:
        """Unknown is NaN; a value is finite."""
        assert not np.isinf(played).any()
        assert (~np.isnan(played[-1, :, 0])).any(), "a symbol with every bar has a value in the end"

    def test_a_row_without_bars_stays_unknown(self, walks: Sequence[Block]) -> None:
        """Whatever is computed over all rows, one that never had a bar has no value."""
        given = np.zeros(_ROWS, np.bool_)
        given[::3] = True
        indicator = self.make(_ROWS)
        for block in walks:
            indicator.update(block.present & given, block)
            values = [indicator.output(name)[~given] for name in indicator.outputs]
            assert np.isnan(values).all(), "a row that was given no bar has a value"

    def test_rows_do_not_depend_on_each_other(self, walks: Sequence[Block], played: Floats) -> None:
        """In another order, or alone, a row has the same values to the bit."""
        order = np.arange(_ROWS)[::-1]
        np.testing.assert_array_equal(play_bars(self.make(_ROWS), _taken(walks, order)), played[:, :, order])
        alone = np.array([3])
        np.testing.assert_array_equal(
            play_bars(self.make(1), _taken(walks, alone)),
            played[:, :, alone],
            "alone; where only last digits differ: NumPy adds up one row in another order than several",
        )

    def test_a_row_that_misses_a_bar_keeps_its_value(self, walks: Sequence[Block], played: Floats) -> None:
        """Within a session, a bar changes the rows that have it, and no other.

        What counts minutes or sessions reads the clock besides, and is left out.
        """
        if self.definition.is_intraday_only or self.definition.warm_up_sessions(self.spec()):
            pytest.skip("it counts minutes or sessions")
        for time in range(1, _TIMES):
            if time % _SLOTS:
                absent = ~walks[time].present
                np.testing.assert_array_equal(played[time][:, absent], played[time - 1][:, absent])

    def test_history_then_bars_is_the_same_as_all_bars(self, walks: Sequence[Block], played: Floats) -> None:
        """Rows that join late are rebuilt from their history; so is all after a correction."""
        indicator = self.make(_ROWS)
        early = np.setdiff1d(np.arange(_ROWS), _LATE)
        given = np.zeros(_ROWS, np.bool_)
        given[early] = True
        for block in walks[:_AT]:
            indicator.update(block.present & given, block)
        indicator.rebuild(_LATE, _taken(walks[:_AT], _LATE))
        np.testing.assert_array_equal(play_bars(indicator, walks[_AT:]), played[_AT:])

    def test_a_correction_plays_a_copy_to_the_end_of_the_session(
        self, walks: Sequence[Block], played: Floats
    ) -> None:
        """A checkpoint copies all rows; some of its rows are copied and played anew. The original goes on."""
        indicator = self.make(_ROWS)
        for block in walks[:_AT]:
            indicator.update(block.present, block)
        checkpoint = indicator.copy_rows(slice(None))
        end = _AT + _SLOTS - _AT % _SLOTS
        copied = play_bars(checkpoint.copy_rows(_LATE), _taken(walks[_AT:end], _LATE))
        np.testing.assert_array_equal(copied, played[_AT:end][:, :, _LATE])
        np.testing.assert_array_equal(play_bars(indicator, walks[_AT:]), played[_AT:])

    def test_rows_are_forgotten_and_added(self, walks: Sequence[Block], played: Floats) -> None:
        """A freed row is as if it never had a bar; with more rows the others go on."""
        indicator = self.make(_ROWS)
        for block in walks[:_AT]:
            indicator.update(block.present, block)
        indicator.forget(_LATE)
        assert np.isnan([indicator.output(name)[_LATE] for name in indicator.outputs]).all()
        indicator.rebuild(_LATE, _taken(walks[:_AT], _LATE))
        indicator.grow(_ROWS + 5)
        wide = [_wider(block, _ROWS + 5) for block in walks[_AT:]]
        grown = play_bars(indicator, wide)
        np.testing.assert_array_equal(grown[:, :, :_ROWS], played[_AT:])
        assert np.isnan(grown[:, :, _ROWS:]).all()

    def test_a_warm_value_does_not_depend_on_where_its_history_begins(
        self, walks: Sequence[Block], played: Floats
    ) -> None:
        """After the bars that the definition asks for, more of them change it by a millionth at most."""
        bars = self.definition.warm_up_bars(self.spec())
        if not 0 < bars < _TIMES:
            pytest.skip(f"it is warm after {bars} bars, the market here has {_TIMES}")
        short = play_bars(self.make(_ROWS), walks[-bars:])[-1, :, 0]
        whole = played[-1, :, 0]
        scale = np.abs(played[:, :, 0][~np.isnan(played[:, :, 0])]).max()
        np.testing.assert_allclose(short, whole, rtol=0, atol=1e-6 * scale)


def random_walks() -> list[Block]:
    """Return bars of 14 symbols over five sessions: the first has every bar, the second stands still."""
    rng = np.random.default_rng(20180220)
    steps = rng.integers(-40, 41, (_TIMES, _ROWS))
    steps[:, 1] = 0
    close = (rng.integers(2_000, 30_000, _ROWS) + steps.cumsum(axis=0)).clip(min=50) / 100
    fields = np.empty((5, _TIMES, _ROWS))
    fields[CLOSE] = fields[OPEN] = close
    fields[HIGH] = close + rng.integers(0, 30, close.shape) / 100
    fields[LOW] = close - rng.integers(0, 30, close.shape) / 100
    fields[VOLUME] = rng.integers(1, 5_000, close.shape)
    present = rng.random(close.shape) >= np.linspace(0, 0.9, _ROWS)
    present[:, 0] = True
    return [_block(time, fields[:, time], present[time]) for time in range(_TIMES)]


def _block(time: int, fields: Floats, present: Rows) -> Block:
    block = Block.blank((time // _SLOTS * 24 * 60 + 570 + (time % _SLOTS + 1) * 5) * MINUTE, len(present))
    block.present[:] = present
    block.fields[:, present] = fields[:, present]
    return block


def play_bars(indicator: Indicator, blocks: Sequence[Block]) -> Floats:
    """Update an indicator with blocks; returns its outputs after each, shape ``(times, outputs, rows)``."""
    played = []
    for block in blocks:
        indicator.update(block.present, block)
        played.append([indicator.output(name).copy() for name in indicator.outputs])
    return np.array(played)


def _taken(blocks: Sequence[Block], rows: Rows) -> list[Block]:
    return [Block(block.end, block.fields[:, rows], block.present[rows]) for block in blocks]


def _wider(block: Block, rows: int) -> Block:
    wide = Block.blank(block.end, rows)
    wide.present[: len(block.present)] = block.present
    wide.fields[:, : len(block.present)] = block.fields
    return wide
