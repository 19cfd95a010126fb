"""What no oracle says: hand-made cases of single indicators and of the base they share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from symscan.indicators.base import Indicator
from symscan.indicators.registry import create, definitions, spec_of
from symscan.model.bar import Block
from symscan.model.interval import FIVE_MINUTES, PREMARKET
from symscan.model.specs import IndicatorSpec

NAN = float("nan")


def _bars(*closes: float, volume: float | Sequence[float] = 100.0, end: int = 0) -> Block:
    """One bar per row, high and low 1 around the close; NaN is a row without a bar."""
    close = np.array(closes)
    present = ~np.isnan(close)
    fields = np.stack([close, close + 1, close - 1, close, np.where(present, volume, 0.0)])
    return Block(end, fields, present)


def _play(indicator: Indicator, *blocks: Block) -> list[list[float]]:
    """The first output after every block."""
    played = []
    for block in blocks:
        indicator.update(block.present, block)
        played.append(indicator.output(indicator.outputs[0]).tolist())
    return played


def test_a_mean_of_one_is_the_last_close() -> None:
    played = _play(create(spec_of("sma_1_1d"), 2), _bars(10, 20), _bars(11.3, NAN), _bars(NAN, 19.7))
    assert played == [[10, 20], [11.3, 20], [11.3, 19.7]]


def test_a_mean_counts_a_rows_own_bars() -> None:
    played = _play(create(spec_of("sma_2_5m"), 2), _bars(1, 10), _bars(NAN, 20), _bars(3, 40))
    np.testing.assert_array_equal(played, [[NAN, NAN], [NAN, 15], [2, 30]])


def test_volume_ratio_leaves_its_own_bar_out_of_the_mean() -> None:
    blocks = [_bars(1, volume=volume) for volume in (100, 300, 400, 70, 0)]
    played = _play(create(spec_of("volume_ratio_2_5m"), 1), *blocks)
    np.testing.assert_array_equal(np.ravel(played), [NAN, NAN, 2, 0.2, 0])


def test_volume_ratio_over_nothing_is_unknown() -> None:
    blocks = [_bars(1, volume=volume) for volume in (0, 0, 5, 5)]
    played = _play(create(spec_of("volume_ratio_2_5m"), 1), *blocks)
    np.testing.assert_array_equal(np.ravel(played), [NAN, NAN, NAN, 2])


def test_vwap_begins_anew_with_the_session() -> None:
    vwap = create(spec_of("vwap_1m"), 2)
    played = _play(vwap, _bars(10, NAN, volume=300), _bars(20, 7, volume=[100, 5]))
    np.testing.assert_array_equal(played, [[10, NAN], [12.5, 7]])


def test_vwap_without_volume_is_unknown() -> None:
    played = _play(create(spec_of("vwap_1m"), 1), _bars(10, volume=0), _bars(12, volume=5))
    np.testing.assert_array_equal(np.ravel(played), [NAN, 12])


def test_rsi_without_movement_is_0() -> None:
    played = _play(create(spec_of("rsi_2_5m"), 1), _bars(5), _bars(5), _bars(5), _bars(6), _bars(6))
    np.testing.assert_array_equal(np.ravel(played), [NAN, NAN, 0, 100, 100])


def test_roc_from_a_price_of_zero_is_unknown() -> None:
    played = _play(create(spec_of("roc_1_5m"), 1), _bars(0), _bars(5), _bars(6))
    np.testing.assert_array_equal(np.ravel(played), [NAN, NAN, 100 * (6 / 5 - 1)])


def test_extremes_look_again_when_theirs_has_left() -> None:
    blocks = [_bars(close) for close in (5, 9, 9, 3, 2, 1)]
    assert _play(create(spec_of("highest_2_5m"), 1), *blocks)[1:] == [[10], [10], [10], [4], [3]]
    assert _play(create(spec_of("lowest_2_5m"), 1), *blocks)[1:] == [[4], [8], [2], [1], [0]]


def test_rebuild_replaces_what_was_known_of_its_rows_only() -> None:
    sma = create(spec_of("sma_2_5m"), 3)
    _play(sma, _bars(1, 2, 3), _bars(1, 2, 3))
    sma.rebuild(np.array([2, 0]), [_bars(30, 10), _bars(NAN, 12), _bars(50, NAN)])
    assert sma.output().tolist() == [11, 2, 40]
    assert _play(sma, _bars(14, 4, 60)) == [[13, 3, 55]]


def test_rebuild_from_nothing_forgets() -> None:
    sma = create(spec_of("sma_1_5m"), 2)
    _play(sma, _bars(1, 2))
    sma.rebuild(np.array([1]), [])
    np.testing.assert_array_equal(sma.output(), [1, NAN])


def test_grow_keeps_what_is_known() -> None:
    ema = create(spec_of("ema_2_5m"), 1)
    _play(ema, _bars(1), _bars(3))
    ema.grow(3)
    np.testing.assert_array_equal(ema.output(), [2, NAN, NAN])
    np.testing.assert_allclose(_play(ema, _bars(5, NAN, 8)), [[4, NAN, NAN]])


@pytest.mark.parametrize("name", [one.name for one in definitions()])
def test_works_without_rows(name: str) -> None:
    one = next(one for one in definitions() if one.name == name)
    interval = PREMARKET if one.is_premarket else FIVE_MINUTES
    indicator = create(IndicatorSpec(name, tuple(p.default for p in one.parameters), interval), 0)
    empty = Block.blank(0, 0)
    indicator.update(empty.present, empty)
    indicator.rebuild(np.empty(0, np.intp), [empty])
    assert [indicator.output(output).shape for output in indicator.outputs] == [(0,)] * len(indicator.outputs)
    indicator.grow(2)
    assert np.isnan(indicator.output(indicator.outputs[0])).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, r"_read\(\) gave a NoneType; return a tuple of 1: value"),
        (np.zeros(1), r"_read\(\) gave a ndarray; return a tuple of 1: value"),
        ((), r"_read\(\) gave 0 outputs; return a tuple of 1: value"),
    ],
)
def test_outputs_that_are_no_tuple_of_vectors_are_named(given: object, message: str) -> None:
    sma = create(spec_of("sma_1_5m"), 1)
    sma._read = lambda: given  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(TypeError, match=message):
        _play(sma, _bars(1))
