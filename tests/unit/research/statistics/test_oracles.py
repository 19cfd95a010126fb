"""Figures against the packages that are known for them; slow, since importing those takes seconds."""

from __future__ import annotations

import numpy as np
import pytest

from symscan.inference.student_t import quantile, two_sided_p
from symscan.research.statistics.evidence import estimate, standard_error
from symscan.research.statistics.families import family_p
from symscan.research.statistics.spread_sums import edge_of_sums, spread_sums

pytestmark = pytest.mark.slow

DEGREES = (0.5, 1.0, 1.5, 3.3, 4.0, 9.0, 43.0, 59.9, 60.1, 99.5, 249.0, 5_000.0)


@pytest.mark.parametrize("degrees", DEGREES)
def test_students_t_is_that_of_scipy(degrees: float) -> None:
    from scipy import stats

    for t in (0.0, 0.1, 0.5, 1.0, 2.0, 2.8, 5.0, 10.0, -2.0):
        expected = 2 * stats.t.sf(abs(t), degrees)
        assert two_sided_p(t, degrees) == pytest.approx(expected, rel=1e-12)
    for probability in (0.75, 0.95, 0.975, 0.9995):
        expected = stats.t.ppf(probability, degrees)
        assert quantile(probability, degrees) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_standard_error_is_the_clustered_one_of_statsmodels(seed: int) -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(seed)
    session = np.repeat(np.arange(30), rng.integers(0, 9, 30))
    values = rng.normal(0, 1, len(session)) + rng.normal(0, 1, 30)[session]
    model = sm.OLS(values, np.ones(len(values)))
    expected = model.fit(cov_type="cluster", cov_kwds={"groups": session}).bse[0]
    counts, totals = np.bincount(session, minlength=30) * 1.0, np.bincount(session, values, 30)
    assert standard_error(counts, totals) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("edge_of_one", [0.0, 0.2, 1.2])
def test_the_decision_on_a_family_is_that_of_stepm_with_its_own_draws(edge_of_one: float) -> None:
    from arch.bootstrap import CircularBlockBootstrap, StepM

    sessions, models, draws = 80, 12, 1000
    values = np.random.default_rng(3).normal(0, 1, (models, sessions))
    values[4] += edge_of_one
    losses = (np.zeros(sessions), -values.T)
    step = StepM(*losses, size=0.05, block_size=1, reps=draws, bootstrap="circular", seed=5)
    step.compute()
    drawn = CircularBlockBootstrap(1, np.arange(sessions), seed=5).bootstrap(draws)
    weights = np.array([np.bincount(data[0][0], minlength=sessions) for data in drawn], float)
    estimates = [estimate(np.ones(sessions), one) for one in values]
    t, degrees = np.array([one.t for one in estimates]), np.array([one.degrees for one in estimates])
    p = family_p(np.ones_like(values), values, t, degrees, weights)
    assert list(np.flatnonzero((p < 0.05) & (t > 0))) == list(step.superior_models)


def test_spreads_of_all_symbols_at_once_are_those_of_bidask() -> None:
    import bidask

    rng, expected = np.random.default_rng(0), []
    sizes = [0, 1, 2, 3, 4, 40, 0, 900, 5, 300, 2, 3]
    prices = np.full((4, max(sizes), len(sizes)), np.nan)
    for column, size in enumerate(sizes):
        close = np.round(30 * np.exp(np.cumsum(rng.normal(0, 0.0007, size))), 2)
        first = np.round(close + rng.normal(0, 0.02, size), 2)
        high = np.round(np.maximum(first, close) + rng.choice([0, 0.01, 0.03], size), 2)
        low = np.round(np.minimum(first, close) - rng.choice([0, 0.01, 0.03], size), 2)
        rows = np.sort(rng.permutation(max(sizes))[:size])  # minutes without a bar do not count
        prices[:, rows, column] = first, high, low, close
        expected.append(bidask.edge(first, high, low, close, sign=True))
    assert np.isfinite(expected).sum() >= 4
    halves = [prices[:, :450], prices[:, 450:]]  # sums of sessions; no pair crosses the night
    assert not np.allclose(sum(map(spread_sums, halves)), spread_sums(prices))
    np.testing.assert_allclose(edge_of_sums(spread_sums(prices)), expected, rtol=1e-12, atol=1e-15)
