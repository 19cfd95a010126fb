"""Draws of sessions, the best of many, and the formulas for it."""

from __future__ import annotations

import numpy as np
import pytest

from symscan.inference.student_t import two_sided_p
from symscan.research.statistics.evidence import estimate
from symscan.research.statistics.families import (
    bootstrap_t_interval,
    drawn_t,
    expected_largest_t,
    false_discovery_q,
    family_p,
    normal_scores,
    session_draws,
)


def test_a_draw_has_the_t_of_its_sessions() -> None:
    rng = np.random.default_rng(0)
    counts, totals = rng.integers(0, 4, (2, 12)) * 1.0, rng.normal(0, 1, (2, 12))
    totals[counts == 0] = 0
    weights = session_draws(12, 0, seed=1, draws=3)
    drawn = drawn_t(counts, totals, weights)
    for draw, column in np.ndindex(drawn.shape):
        picked = np.repeat(np.arange(12), weights[draw].astype(int))
        mean = totals[column].sum() / counts[column].sum()
        expected = estimate(counts[column, picked], (totals - mean * counts)[column, picked])
        assert drawn[draw, column] == pytest.approx(expected.mean / expected.error)


def test_blocks_hold_neighbouring_sessions() -> None:
    weights = session_draws(20, 4, seed=1, draws=50)
    assert weights.shape == (50, 20)
    assert (weights.sum(axis=1) == 4).all()
    np.testing.assert_array_equal(weights, session_draws(20, 4, seed=1, draws=50))


def test_the_bootstrap_of_t_agrees_with_the_plain_interval_on_plain_data() -> None:
    counts, totals = np.full(60, 4.0), np.random.default_rng(2).normal(1, 2, 60)
    plain = estimate(counts, totals)
    low, high = bootstrap_t_interval(counts, totals, session_draws(60, 0, seed=1))
    assert (high - low) / (plain.hi - plain.lo) == pytest.approx(1, abs=0.15)
    assert low < plain.mean < high


def test_a_family_leaves_out_what_has_no_t() -> None:
    counts, totals = np.ones((2, 30)), np.random.default_rng(1).normal(0, 1, (2, 30))
    weights = session_draws(30, 0, seed=0, draws=200)
    p = family_p(counts, totals, np.array([np.nan, 1.0]), np.array([29.0, 29.0]), weights)
    assert np.isnan(p[0])
    assert 0.1 < p[1] < 0.6


def test_scores_make_ts_of_few_sessions_comparable() -> None:
    for degrees in (4.0, 9.0, 43.0):
        score = normal_scores(np.array([2.5]), np.array([degrees]))[0]
        assert two_sided_p(score, 1e7) == pytest.approx(two_sided_p(2.5, degrees), rel=0.03)


def test_q_is_that_of_benjamini_and_hochberg() -> None:
    q = false_discovery_q(np.array([0.01, np.nan, 0.04, 0.03, 0.9]))
    np.testing.assert_allclose(q, [0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.9])


def test_the_largest_t_of_many_tries() -> None:
    assert expected_largest_t(1) == 0.0
    assert expected_largest_t(37) == pytest.approx(2.16, abs=0.005)
    assert expected_largest_t(200) == pytest.approx(2.77, abs=0.005)
    drawn = np.random.default_rng(0).normal(size=(4000, 37)).max(axis=1).mean()
    assert expected_largest_t(37) == pytest.approx(drawn, abs=0.05)
