"""Nested quantiles of candidates."""

from __future__ import annotations

import numpy as np
import pytest

from symscan.research.statistics.strata import bins_per_measure, nested_strata, quantile_levels


@pytest.mark.parametrize(
    ("candidates", "measures", "bins"),
    [
        (39, 2, 1),
        (40, 2, 2),
        (89, 1, 2),
        (90, 2, 3),
        (249, 2, 3),
        (250, 2, 5),
        (8000, 1, 5),
        (79, 3, 1),
        (80, 3, 2),
    ],
)
def test_bins_leave_about_ten_to_a_stratum(candidates: int, measures: int, bins: int) -> None:
    assert bins_per_measure(candidates, measures) == bins


def test_all_but_those_without_a_measure_are_in_strata_of_about_ten() -> None:
    rng = np.random.default_rng(0)
    measures = rng.normal(0, 1, (2, 284))
    measures[1, :23] = np.nan
    strata = nested_strata(measures)
    sizes = np.bincount(strata)
    assert len(sizes) == 26
    assert set(sizes[:25].tolist()) == {10, 11}
    assert (strata[:23] == 25).all()


def test_the_first_measure_divides_before_the_second() -> None:
    first, second = np.divmod(np.random.default_rng(1).permutation(90) * 1.0, 30)
    strata = nested_strata(np.array([first + second / 1000, second]))
    np.testing.assert_array_equal(strata, first * 3 + second // 10)


def test_a_static_column_divides_first() -> None:
    rng = np.random.default_rng(2)
    measures, levels = rng.normal(0, 1, (1, 100)), np.repeat([7, 3], [60, 40])
    measures[0, 99] = np.nan
    strata = nested_strata(measures, levels)
    assert {len(set(strata[levels == level])) for level in (3, 7)} == {2}
    assert set(strata[levels == 3]).isdisjoint(strata[levels == 7])
    np.testing.assert_array_equal(np.bincount(strata[60:99]), [39])


def test_only_ranks_count() -> None:
    measures = np.random.default_rng(3).normal(0, 1, (2, 120))
    changed = np.array([np.exp(measures[0]), measures[1] ** 3])
    np.testing.assert_array_equal(nested_strata(measures), nested_strata(changed))


def test_the_order_of_symbols_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    measures, order = rng.normal(0, 1, (2, 150)), rng.permutation(150)
    np.testing.assert_array_equal(nested_strata(measures)[order], nested_strata(measures[:, order]))


def test_nothing_to_match_is_one_stratum() -> None:
    np.testing.assert_array_equal(nested_strata(np.empty((0, 300))), np.zeros(300))


def test_levels_for_tables_leave_out_what_is_unknown() -> None:
    levels = quantile_levels(np.array([5.0, np.nan, 1, 2, 3, 4]))
    np.testing.assert_array_equal(levels, [4, -1, 0, 1, 2, 3])
    np.testing.assert_array_equal(quantile_levels(np.array([np.nan])), [-1])
