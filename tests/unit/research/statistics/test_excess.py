"""Excess over controls: against loops with explicit lists of controls, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symscan.research.statistics.excess import excess


def cells(seed: int, scans: int = 6, symbols: int = 24) -> tuple[np.ndarray, ...]:
    """Returns, hits, pool and strata of a few scans, with unknown returns and unjudged symbols."""
    rng = np.random.default_rng(seed)
    ret = rng.normal(0, 30, (scans, symbols))
    ret[rng.random(ret.shape) < 0.1] = np.nan
    verdict = rng.choice(3, ret.shape, p=[0.25, 0.65, 0.1])
    return ret, verdict == 0, verdict == 1, rng.integers(0, 4, symbols).astype(np.int32)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_that_of_explicit_controls(seed: int) -> None:
    ret, hits, pool, strata = cells(seed)
    found = excess(ret, hits, pool, strata, min_controls=3)
    assert len(found.ret) == hits.sum()
    for index, (scan, symbol) in enumerate(zip(found.scan, found.symbol, strict=True)):
        everyone = [k for k in range(ret.shape[1]) if pool[scan, k] and not np.isnan(ret[scan, k])]
        like = [k for k in everyone if strata[k] == strata[symbol]]
        assert found.controls[index] == len(like)
        own = ret[scan, symbol]
        expected = own - np.mean(ret[scan, like]) if len(like) >= 3 else np.nan
        np.testing.assert_allclose(found.excess[index], expected, rtol=1e-12)
        np.testing.assert_allclose(found.excess_all[index], own - np.mean(ret[scan, everyone]), rtol=1e-12)


def test_strata_may_change_from_scan_to_scan() -> None:
    ret, hits, pool, strata = cells(9)
    by_scan = np.array([np.roll(strata, scan) for scan in range(len(ret))])
    found = excess(ret, hits, pool, by_scan)
    for scan in range(len(ret)):
        alone = excess(ret[[scan]], hits[[scan]], pool[[scan]], by_scan[scan])
        np.testing.assert_array_equal(found.excess[found.scan == scan], alone.excess)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(-500, 500))
def test_what_all_gain_alike_is_no_excess(seed: int, gain: float) -> None:
    ret, hits, pool, strata = cells(seed)
    plain, raised = excess(ret, hits, pool, strata), excess(ret + gain, hits, pool, strata)
    np.testing.assert_allclose(raised.excess, plain.excess, atol=1e-9)
    np.testing.assert_allclose(raised.excess_all, plain.excess_all, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_symbols_does_not_matter(seed: int) -> None:
    ret, hits, pool, strata = cells(seed)
    order = np.random.default_rng(seed).permutation(ret.shape[1])
    plain = excess(ret, hits, pool, strata)
    moved = excess(ret[:, order], hits[:, order], pool[:, order], strata[order])
    there = {
        (scan, order[symbol]): at
        for at, (scan, symbol) in enumerate(zip(moved.scan, moved.symbol, strict=True))
    }
    at = [there[cell] for cell in zip(plain.scan, plain.symbol, strict=True)]
    np.testing.assert_allclose(moved.excess[at], plain.excess, atol=1e-9)


def test_the_other_side_changes_the_sign() -> None:
    ret, hits, pool, strata = cells(3)
    long, short = excess(ret, hits, pool, strata), excess(-ret, hits, pool, strata)
    np.testing.assert_allclose(short.excess, -long.excess)


def test_a_stratum_of_nothing_but_hits_leaves_them_unmatched() -> None:
    ret, strata = np.ones((1, 8)), np.repeat([0, 1], 4).astype(np.int32)
    hits = np.array([[True] * 4 + [True, False, False, False]])
    found = excess(ret, hits, ~hits, strata)
    np.testing.assert_array_equal(np.isnan(found.excess) & ~np.isnan(found.ret), [True] * 4 + [False])
    np.testing.assert_array_equal(found.controls, [0, 0, 0, 0, 3])
    np.testing.assert_array_equal(found.excess_all, np.zeros(5))


def test_no_hit_is_no_row() -> None:
    ret, hits, pool, strata = cells(1)
    assert len(excess(ret, hits & False, pool, strata).ret) == 0
