"""Families of estimates: what the best of many that know nothing looks like.

Sessions are drawn again with replacement, in blocks where hits of neighbouring sessions overlap, and the
same draw is used for all estimates, so that what they share stays shared. Source of the single-step
procedure: Romano and Wolf, Econometrica 73 (2005); of the expected maximum: Bailey and López de Prado,
Journal of Portfolio Management 40 (2014); of ``q``: Benjamini and Hochberg, Journal of the Royal Statistical
Society B 57 (1995).
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from symscan.model.bar import Floats
from symscan.research.statistics.evidence import CONFIDENCE, standard_error

DRAWS: Final = 2_000
_EULER: Final = 0.5772156649015329

Weights = Floats
"""How often each block of sessions is in each draw, ``(draws, sessions)``."""


def session_draws(sessions: int, overlap: int, seed: int, draws: int = DRAWS) -> Weights:
    """Draw blocks of ``overlap + 1`` sessions with replacement, about as many sessions as there are."""
    blocks = math.ceil(sessions / (overlap + 1))
    chances = np.full(sessions, 1 / sessions)
    return default_rng(seed).multinomial(blocks, chances, size=draws).astype(np.float64)


def drawn_t(counts: Floats, totals: Floats, weights: Weights, overlap: int = 0) -> Floats:
    """Return the t statistics of draws about the mean they were drawn from, each with its own standard error.

    Parameters
    ----------
    counts, totals
        Hits and their sums, ``(estimates, sessions)``.
    weights
        Of :func:`session_draws`, with the same overlap.

    Returns
    -------
    Floats
        ``(draws, estimates)``; 0 where a draw has hits in one block alone.
    """
    n, s = _block_sums(counts, overlap).T, _block_sums(totals, overlap).T
    mean = totals.sum(axis=1) / counts.sum(axis=1)
    s = s - n * mean  # about the mean, so that squares keep their digits
    drawn_n, drawn_s = weights @ n, weights @ s
    with np.errstate(divide="ignore", invalid="ignore"):
        off = drawn_s / drawn_n
        squares = weights @ (s * s) - 2 * off * (weights @ (s * n)) + off * off * (weights @ (n * n))
        blocks = weights @ (n > 0).astype(np.float64)
        error = np.sqrt(blocks / (blocks - 1) * np.maximum(squares, 0.0)) / drawn_n
        t = off / error
    result: Floats = np.where((blocks > 1) & (error > 1e-9 * np.abs(off)), t, 0.0)
    return result


def family_p(
    counts: Floats, totals: Floats, t: Floats, degrees: Floats, weights: Weights, overlap: int = 0
) -> Floats:
    """Return how probable so large a ``t`` is as the family's largest, if nothing in it knows anything.

    Statistics are compared after they are made normal by their degrees of freedom, so that one with few
    sessions, whose ``t`` is often large, does not hide the others.

    Parameters
    ----------
    counts, totals
        Hits and their sums, ``(estimates, sessions)``.
    t, degrees
        Of the estimates, ``(estimates,)``; one whose ``t`` is NaN takes no part.
    weights, overlap
        The draws, and the largest overlap of the family's horizons.

    Returns
    -------
    Floats
        ``(estimates,)``, NaN where ``t`` is.
    """
    takes_part = ~np.isnan(t)
    result = np.full(len(t), np.nan)
    if takes_part.any():
        drawn = drawn_t(counts[takes_part], totals[takes_part], weights, overlap)
        largest = np.sort(normal_scores(drawn, degrees[takes_part]).max(axis=1))
        observed = normal_scores(t[takes_part], degrees[takes_part])
        as_large = len(largest) - np.searchsorted(largest, observed, side="left")
        result[takes_part] = (1 + as_large) / (1 + len(largest))
    return result


def normal_scores(t: Floats, degrees: Floats) -> Floats:
    """Return the size of normal deviates as probable as ``t`` (Wallace 1959, to three digits)."""
    result: Floats = (8 * degrees + 1) / (8 * degrees + 3) * np.sqrt(degrees * np.log1p(t * t / degrees))
    return result


def bootstrap_t_interval(
    counts: Floats, totals: Floats, weights: Weights, overlap: int = 0
) -> tuple[float, float]:
    """Return the 95% interval of a mean by the bootstrap of ``t``, a second opinion; NaN if there is none."""
    error = standard_error(counts, totals, overlap)
    if math.isnan(error):
        return math.nan, math.nan
    mean = float(totals.sum() / counts.sum())
    drawn = drawn_t(counts[None], totals[None], weights, overlap)[:, 0]
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    return mean - high * error, mean - low * error


def false_discovery_q(p: Floats) -> Floats:
    """Return Benjamini and Hochberg's ``q``: the share of false finds if all up to this ``p`` are finds."""
    result = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    result[order] = np.minimum.accumulate(scaled[::-1])[::-1].clip(max=1.0)
    return result


def expected_largest_t(tries: int) -> float:
    """Return the expected largest ``t`` of so many tries that know nothing; 0 for a single one."""
    if tries < 2:
        return 0.0
    normal = NormalDist().inv_cdf
    return (1 - _EULER) * normal(1 - 1 / tries) + _EULER * normal(1 - 1 / (tries * math.e))


def _block_sums(values: Floats, overlap: int) -> Floats:
    """Return the sums of ``overlap + 1`` sessions from each on; after the last comes the first."""
    total: NDArray[np.float64] = values.copy()
    for lag in range(1, overlap + 1):
        total += np.roll(values, -lag, axis=1)
    return total
