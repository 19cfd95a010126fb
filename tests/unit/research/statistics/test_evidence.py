"""Sums of hits by session, worked out by hand."""

from __future__ import annotations

import numpy as np

from symscan.research.statistics.evidence import grouped_sums, session_sums


def test_sums_leave_out_what_is_unknown() -> None:
    nan = np.nan
    sums = session_sums(
        np.array([0, 0, 2, 2, 2]),
        3,
        ret=np.array([1.0, nan, 2, 3, 4]),
        excess=np.array([0.5, 9, nan, -1, 2]),
        excess_all=np.array([1.0, 9, nan, 1, 1]),
        cost=np.array([0.1, 9, 0.2, 0.3, 0.4]),
    )
    np.testing.assert_array_equal(sums.n, [1, 0, 3])
    np.testing.assert_array_equal(sums.matched, [1, 0, 2])
    np.testing.assert_array_equal(sums.unmatched, [0, 0, 1])
    np.testing.assert_array_equal(sums.sum_ret, [1, 0, 9])
    np.testing.assert_allclose(sums.sum_cost, [0.1, 0, 0.9])
    np.testing.assert_array_equal(sums.sum_excess, [0.5, 0, 1])
    np.testing.assert_array_equal(sums.sum_excess_sq, [0.25, 0, 5])
    np.testing.assert_array_equal(sums.wins, [1, 0, 1])
    np.testing.assert_allclose(sums.sum_net, [0.4, 0, 0.3])


def test_groups_are_summed_by_session() -> None:
    counts, totals = grouped_sums(
        np.array([0, 0, 1, 1]), 2, np.array([1, 0, 1, -1]), 2, np.array([1.0, 2.0, np.nan, 4.0])
    )
    np.testing.assert_array_equal(counts, [[1, 0], [1, 0]])
    np.testing.assert_array_equal(totals, [[2, 0], [1, 0]])
