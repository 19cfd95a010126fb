"""Placebo bars: what signs change, what they leave, and that prices do not drift."""

from __future__ import annotations

import numpy as np
import pytest

from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, VOLUME
from symscan.research.statistics.placebo import PlaceboPrices, placebo_bars, random_signs

NAN = np.nan


def bars(*rows: tuple[float, float, float, float]) -> np.ndarray:
    """Consecutive bars of one symbol."""
    fields = np.array([(*row, 100.0 if row[0] == row[0] else NAN) for row in rows]).T
    return fields[:, :, None]


def test_a_negative_sign_mirrors_a_bar_at_the_close_before() -> None:
    given = bars((100, 102, 99, 101), (102, 105, 100, 104.03))
    made, last = placebo_bars(given, np.array([1.0, -1.0]), PlaceboPrices.unknown(1))
    np.testing.assert_allclose(made[:, 0, 0], [100, 102, 99, 101, 100])
    expected = [101 * (1 - (price / 101 - 1)) for price in (102, 100, 105, 104.03)]
    np.testing.assert_allclose(made[[OPEN, HIGH, LOW, CLOSE], 1, 0], expected)
    assert (last.real[0], last.placebo[0]) == pytest.approx((104.03, 97.97))


def test_a_bar_that_is_missing_leaves_the_last_close() -> None:
    given = bars((100, 100, 100, 100), (NAN, NAN, NAN, NAN), (110, 110, 110, 110))
    made, _ = placebo_bars(given, np.array([1.0, 1.0, -1.0]), PlaceboPrices.unknown(1))
    assert np.isnan(made[:, 1]).all()
    np.testing.assert_allclose(made[CLOSE, [0, 2], 0], [100, 90])


def test_sessions_follow_from_the_last_closes_before() -> None:
    given = bars((100, 101, 99, 100), (100, 103, 99, 102), (90, 95, 85, 93), (93, 94, 92, 94))
    signs = np.array([-1.0, 1, -1, 1])
    whole, end = placebo_bars(given, signs, PlaceboPrices.unknown(1))
    first, last = placebo_bars(given[:, :2], signs[:2], PlaceboPrices.unknown(1))
    second, other = placebo_bars(given[:, 2:], signs[2:], last)
    np.testing.assert_allclose(np.hstack([first, second]), whole)
    assert other.placebo[0] == pytest.approx(end.placebo[0])


def test_a_split_is_no_jump() -> None:
    _, last = placebo_bars(bars((100, 100, 100, 100)), np.array([1.0]), PlaceboPrices.unknown(1))
    made, _ = placebo_bars(bars((50, 51, 50, 51)), np.array([-1.0]), last.after_splits(np.array([2.0])))
    np.testing.assert_allclose(made[[OPEN, HIGH, LOW, CLOSE], 0, 0], [100, 100, 98, 98])


def test_a_return_that_has_no_mirror_image_is_cut() -> None:
    given = bars((10, 10, 10, 10), (30, 30, 30, 30))
    for sign, expected in ((1.0, 19.0), (-1.0, 1.0)):
        made, _ = placebo_bars(given, np.array([1.0, sign]), PlaceboPrices.unknown(1))
        assert made[CLOSE, 1, 0] == pytest.approx(expected)


def test_bars_stay_valid_and_volumes_stay() -> None:
    rng = np.random.default_rng(1)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.01, (300, 8)), axis=0))
    first = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.002, close.shape))
    high, low = np.maximum(first, close) * 1.001, np.minimum(first, close) * 0.999
    given = np.array([first, high, low, close, np.full(close.shape, 7.0)])
    given[:, rng.random(close.shape) < 0.2] = NAN
    made, _ = placebo_bars(given, random_signs(300, 1), PlaceboPrices.unknown(8))
    present = ~np.isnan(given[CLOSE])
    np.testing.assert_array_equal(np.isnan(made), np.isnan(given))
    assert (made[HIGH] >= np.maximum(made[OPEN], made[CLOSE]) * (1 - 1e-12))[present].all()
    assert (made[LOW] <= np.minimum(made[OPEN], made[CLOSE]) * (1 + 1e-12))[present].all()
    np.testing.assert_array_equal(made[VOLUME], given[VOLUME])


def test_prices_do_not_drift_however_volatile() -> None:
    moves = np.where(np.arange(12) % 2, 1.3, 1 / 1.25)[:, None]
    close = np.vstack([[10.0], 10 * np.cumprod(moves, axis=0)])
    given = np.array([close, close, close, close, close])
    signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 12)).reshape(12, -1).T  # all there are
    ends = [placebo_bars(given, np.append(1.0, one), PlaceboPrices.unknown(1))[1].placebo[0] for one in signs]
    assert np.mean(ends) == pytest.approx(10.0, rel=1e-12)


def test_equal_seeds_give_equal_signs() -> None:
    np.testing.assert_array_equal(random_signs(50, 1, 2), random_signs(50, 1, 2))
    assert (random_signs(50, 1, 2) != random_signs(50, 1, 3)).any()
    assert set(random_signs(50, 0).tolist()) == {1.0, -1.0}
