"""Spreads and costs worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from symscan.research.statistics.spread import cost_bp, spread_bp
from symscan.research.statistics.spread_sums import edge_of_sums, spread_sums


def test_prices_that_never_move_have_no_estimate() -> None:
    assert np.isnan(edge_of_sums(spread_sums(np.full((4, 10, 1), 20.0)))).all()


def test_a_spread_is_at_least_one_tick() -> None:
    edges = np.array([0.002, -0.001, np.nan, 0.00001, 0.00001])
    price = np.array([20.0, 20.0, 20.0, 50.0, 0.5])
    np.testing.assert_allclose(spread_bp(edges, price), [20.0, 5.0, 5.0, 2.0, 2.0])


def test_a_round_trip_costs_the_spread_and_both_sides() -> None:
    assert cost_bp(4.0, np.array([50.0]), 1.5, 0.005)[0] == pytest.approx(4 + 3 + 2)
