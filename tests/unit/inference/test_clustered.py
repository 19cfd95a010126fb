"""Estimates worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symscan.inference.clustered import (
    Mark,
    estimate,
    standard_error,
)


def test_overlap_adds_the_products_of_neighbours_with_bartletts_weights() -> None:
    counts = np.array([1.0, 1, 0, 2, 1, 1, 1])
    totals = np.array([1.0, 2, 0, 6, 2, 3, 0])  # the mean is 2, so u is -1, 0, 0, 2, 0, 1, -2
    assert standard_error(counts, totals, 2) ** 2 == pytest.approx(6 / 5 * 10 / 49)  # never below
    totals = np.array([1.0, 1, 0, 3, 3, 3, 3])  # u is -1, -1, 0, -1, 1, 1, 1
    lag_1, lag_2 = 1 - 1 + 1 + 1, 1 - 1 + 1
    expected = 6 / 5 * (6 + 2 * (2 / 3 * lag_1 + 1 / 3 * lag_2)) / 49
    assert standard_error(counts, totals, 2) ** 2 == pytest.approx(expected)


def test_an_estimate_worked_out_by_hand() -> None:
    counts = np.array([2.0, 0, 1, 1, 2, 2])
    totals = np.array([4.0, 0, 1, 3, 2, 6])
    one = estimate(counts, totals)
    assert (one.n, one.sessions, one.mean, one.degrees) == (8, 5, 2.0, 4.0)
    assert one.mean_of_sessions == pytest.approx((2 + 1 + 3 + 1 + 3) / 5)
    error = math.sqrt(5 / 4 * (0 + 1 + 1 + 4 + 4)) / 8
    assert one.error == pytest.approx(error)
    assert one.t == pytest.approx(2 / error)
    assert (one.lo, one.hi) == pytest.approx((2 - 2.7764451 * error, 2 + 2.7764451 * error))
    assert (one.best_session, one.without_best) == (5, pytest.approx(10 / 6))
    assert (one.worst_session, one.without_worst) == (4, pytest.approx(14 / 6))
    assert one.marks == (Mark.FEW, Mark.ONE_SESSION)


def test_marks_say_what_an_interval_lacks() -> None:
    rng = np.random.default_rng(1)
    counts, totals = np.full(40, 3.0), rng.normal(0, 1, 40)
    assert estimate(counts[:4], totals[:4]).marks[0] is Mark.TOO_FEW
    assert not estimate(counts[:4], totals[:4]).has_interval
    assert Mark.FEW in estimate(counts[:9], totals[:9]).marks
    assert Mark.FEW in estimate(counts, totals, overlap=5).marks
    assert estimate(counts, totals, overlap=20).marks[0] is Mark.TOO_FEW
    assert Mark.ROUGH in estimate(counts, totals, overlap=5, is_raw=True).marks
    assert Mark.ROUGH not in estimate(counts, totals, overlap=0, is_raw=True).marks


def test_equal_sessions_give_no_interval() -> None:
    one = estimate(np.full(20, 2.0), np.full(20, 0.2))
    assert one.mean == pytest.approx(0.1)
    assert one.marks == (Mark.NO_VARIATION,)
    assert math.isnan(one.lo)
    assert math.isnan(one.p)


def test_a_few_sessions_that_decide_are_marked() -> None:
    counts = np.array([100.0, *[1.0] * 19])
    totals = np.array([200.0, *[-1.0, -2.0] * 9, -1.0])
    assert Mark.SIGNS_DIFFER in estimate(counts, totals).marks


def test_no_hit_is_no_figure() -> None:
    one = estimate(np.zeros(10), np.zeros(10))
    assert (one.n, one.sessions, one.best_session) == (0, 0, -1)
    assert math.isnan(one.mean)
