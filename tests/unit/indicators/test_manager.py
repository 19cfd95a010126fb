from __future__ import annotations

import numpy as np
import pytest

from symscan.errors import SpecError
from symscan.indicators.manager import IndicatorManager
from symscan.indicators.registry import spec_of
from symscan.model.bar import Block, Rows
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE
from symscan.model.specs import IndicatorSpec

NAN = float("nan")
LAST = spec_of("sma_1_5m")
MEAN = spec_of("sma_2_5m")
DAILY = spec_of("sma_1_1d")


def _bars(*closes: float) -> Block:
    close = np.array(closes)
    present = ~np.isnan(close)
    return Block(0, np.stack([close, close, close, close, present * 1.0]), present)


def _rows(*rows: int) -> Rows:
    return np.array(rows, np.intp)


def test_ask_returns_the_rows_nobody_had_asked_for() -> None:
    manager = IndicatorManager(4)
    assert manager.request(LAST, "a", _rows(2, 0)).tolist() == [0, 2]
    assert manager.request(LAST, "b", _rows(0, 3, 3)).tolist() == [3]
    assert manager.request(LAST, "a", _rows(0, 2, 3)).tolist() == []
    assert manager.requested_rows(LAST).tolist() == [True, False, True, True]
    assert manager.requested_rows(LAST, "b").tolist() == [True, False, False, True]
    assert not manager.requested_rows(LAST, "c").any()
    assert not manager.requested_rows(MEAN).any()


def test_ask_refuses_a_spec_that_is_not_valid() -> None:
    manager = IndicatorManager(1)
    with pytest.raises(SpecError, match="is not an indicator"):
        manager.request(IndicatorSpec("nothing", (), ONE_DAY), "a", _rows(0))
    assert manager.specs() == ()


def test_specs_stand_in_the_order_they_were_asked() -> None:
    manager = IndicatorManager(2)
    for spec in (MEAN, DAILY, LAST, MEAN):
        manager.request(spec, "a", _rows(0))
    assert manager.specs() == (MEAN, DAILY, LAST)
    assert manager.specs(FIVE_MINUTES) == (MEAN, LAST)
    assert manager.specs(ONE_MINUTE) == ()


def test_update_reaches_the_interval_and_the_rows_that_asked() -> None:
    manager = IndicatorManager(3)
    manager.request(LAST, "a", _rows(0, 1))
    manager.request(DAILY, "a", _rows(0, 1, 2))
    manager.update(FIVE_MINUTES, _bars(1, NAN, 3))
    manager.update(ONE_MINUTE, _bars(7, 7, 7))
    np.testing.assert_array_equal(manager.column(LAST), [1, NAN, NAN])
    np.testing.assert_array_equal(manager.column(DAILY), [NAN, NAN, NAN])


def test_update_refuses_a_block_of_another_width() -> None:
    manager = IndicatorManager(3)
    with pytest.raises(ValueError, match="1 rows, the indicators have 3"):
        manager.update(FIVE_MINUTES, _bars(1))


def test_a_column_nobody_asked_for_is_unknown_and_none_can_be_written() -> None:
    manager = IndicatorManager(2)
    assert np.isnan(manager.column(LAST)).all()
    manager.request(LAST, "a", _rows(0))
    manager.update(FIVE_MINUTES, _bars(1, 2))
    column = manager.column(LAST)
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 5
    manager.update(FIVE_MINUTES, _bars(3, 4))
    assert manager.column(LAST)[0] == 3


def test_an_indicator_stays_until_its_last_holder_lets_go() -> None:
    manager = IndicatorManager(3)
    manager.request(LAST, "a", _rows(0, 1))
    manager.request(LAST, "b", _rows(1, 2))
    manager.update(FIVE_MINUTES, _bars(1, 2, 3))
    manager.release("a")
    np.testing.assert_array_equal(manager.column(LAST), [NAN, 2, 3])
    manager.release("b", _rows(2))
    np.testing.assert_array_equal(manager.column(LAST), [NAN, 2, NAN])
    manager.release("nobody")
    assert manager.specs() == (LAST,)
    manager.release("b", _rows(0, 1))
    assert manager.specs() == ()
    manager.update(FIVE_MINUTES, _bars(1, 2, 3))
    assert np.isnan(manager.column(LAST)).all()


def test_a_row_that_comes_back_begins_anew() -> None:
    manager = IndicatorManager(2)
    manager.request(MEAN, "a", _rows(0, 1))
    manager.update(FIVE_MINUTES, _bars(1, 1))
    manager.release("a", _rows(1))
    assert manager.request(MEAN, "a", _rows(0, 1)).tolist() == [1]
    manager.update(FIVE_MINUTES, _bars(3, 3))
    np.testing.assert_array_equal(manager.column(MEAN), [2, NAN])


def test_forget_frees_rows_for_every_holder() -> None:
    manager = IndicatorManager(2)
    manager.request(LAST, "a", _rows(0, 1))
    manager.request(LAST, "b", _rows(0))
    manager.update(FIVE_MINUTES, _bars(1, 2))
    manager.forget(_rows(0))
    np.testing.assert_array_equal(manager.column(LAST), [NAN, 2])
    assert manager.requested_rows(LAST).tolist() == [False, True]
    manager.forget(_rows(1))
    assert manager.specs() == ()


def test_rebuild_warms_the_rows_it_is_given() -> None:
    manager = IndicatorManager(3)
    new = manager.request(MEAN, "a", _rows(2, 1))
    manager.rebuild(MEAN, new, [_bars(10, 20), _bars(12, 24)])
    np.testing.assert_array_equal(manager.column(MEAN), [NAN, 11, 22])


def test_growth_reaches_every_indicator() -> None:
    manager = IndicatorManager(1)
    vwap = spec_of("vwap_5m")
    manager.request(LAST, "a", _rows(0))
    manager.request(vwap, "a", _rows(0))
    manager.update(FIVE_MINUTES, _bars(1))
    manager.grow(3)
    np.testing.assert_array_equal(manager.column(LAST), [1, NAN, NAN])
    assert manager.request(LAST, "a", _rows(2)).tolist() == [2]
    np.testing.assert_array_equal(manager.column(vwap), [1, NAN, NAN])
    manager.update(FIVE_MINUTES, _bars(NAN, 5, 6))
    np.testing.assert_array_equal(manager.column(LAST), [1, NAN, 6])


def test_columns_of_several_outputs_are_named() -> None:
    manager = IndicatorManager(1)
    bands = spec_of("bbands_2_2_5m")
    manager.request(bands, "a", _rows(0))
    for close in (10, 12):
        manager.update(FIVE_MINUTES, _bars(close))
    assert [manager.column(bands, name).item() for name in ("upper", "middle", "lower")] == [13, 11, 9]


def test_a_value_further_back_is_asked_for_later() -> None:
    manager = IndicatorManager(3, today_after=-1)
    prior, earlier = spec_of("prior.sma_1_5m"), spec_of("prior(2).sma_1_5m")
    assert manager.request(LAST, "a", _rows(0, 1)).tolist() == [0, 1]
    bars = [_bars(1, 2, NAN), _bars(3, NAN, NAN), _bars(5, 6, NAN)]
    for one in bars:
        manager.update(FIVE_MINUTES, one)
    assert manager.request(prior, "b", _rows(0)).tolist() == [0]
    assert manager.specs() == (LAST,)  # one indicator keeps both
    assert manager.requested_rows(prior).tolist() == [True, False, False]
    manager.rebuild(prior, _rows(0), [one.cut(_rows(0)) for one in bars])
    assert manager.request(prior, "a", _rows(0)).tolist() == []
    assert manager.column(LAST)[:2].tolist() == [5, 6]
    assert manager.column(prior)[0] == 3
    assert np.isnan(manager.column(earlier)).all()
    manager.update(FIVE_MINUTES, _bars(7, 8, NAN))
    assert manager.column(prior)[0] == 5
    assert manager.request(earlier, "b", _rows(0, 1)).tolist() == [0, 1]
    pinned = manager.pinned()
    manager.update(FIVE_MINUTES, _bars(9, NAN, NAN))
    assert (pinned.column(prior)[0], manager.column(prior)[0]) == (5, 7)
    assert pinned.requested_rows(earlier, "b").tolist() == [True, True, False]
    assert not pinned.requested_rows(spec_of("prior(3).sma_1_5m"), "b").any()


def test_an_earlier_session_has_an_indicator_of_its_own() -> None:
    manager = IndicatorManager(2, today_after=10**9)
    prior = spec_of("prior.sma_1_1d")
    manager.request(DAILY, "a", _rows(0, 1))
    manager.request(prior, "a", _rows(0, 1))
    assert manager.specs() == (DAILY, prior)
    manager.rebuild(prior, _rows(0, 1), [_bars(1, NAN), _bars(2, 3), _bars(4, NAN)])
    assert manager.column(prior)[0] == 2
    assert np.isnan(manager.column(prior)[1])
    assert np.isnan(manager.column(DAILY)).all()
