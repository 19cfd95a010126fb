"""Student's t against values of tables."""

from __future__ import annotations

import math

import pytest

from symscan.inference.student_t import quantile, two_sided_p


@pytest.mark.parametrize(
    ("degrees", "expected"), [(1, 12.706204736174694), (4, 2.7764451051977987), (120, 1.9799304050824413)]
)
def test_quantiles_are_those_of_tables(degrees: float, expected: float) -> None:
    assert quantile(0.975, degrees) == pytest.approx(expected, rel=1e-12)
    assert two_sided_p(-expected, degrees) == pytest.approx(0.05, rel=1e-12)


def test_probabilities_of_one_and_two_degrees_have_a_formula() -> None:
    for t in (1e-6, 0.3, 1.0, 7.0):
        assert two_sided_p(t, 1.0) == pytest.approx(1 - 2 / math.pi * math.atan(t), rel=1e-12)
        assert two_sided_p(t, 2.0) == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-11)


def test_the_ends_of_the_distribution() -> None:
    assert two_sided_p(math.inf, 5.0) == 0.0
    assert two_sided_p(0.0, 5.0) == 1.0
    assert math.isnan(two_sided_p(math.nan, 5.0))
    assert math.isnan(two_sided_p(1.0, 0.0))
    with pytest.raises(ValueError, match="no quantile"):
        quantile(0.5, 5.0)
