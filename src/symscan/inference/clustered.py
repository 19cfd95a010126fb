"""Evidence: the mean of hits with the uncertainty it has, where the session is the unit and not the hit.

Hits of one session share its market, so that an interval which takes them for independent covers far too
seldom. Everything here needs two sums per session, how many hits and what they came to, and nothing else of
the hits.

The interval is ``m ± t(0.975, g / (L + 1) - 1) √V`` with ``m = Σ S / Σ n`` over the ``g`` sessions with
hits, ``u = S - n m`` and ``V = g / (g - 1) (Σ u² + 2 Σ_j (1 - j / (L + 1)) Σ u_d u_(d-j)) / (Σ n)²``, ``j``
from 1 to ``L``, where ``L`` counts the later sessions whose hits are followed over the same time: the
estimate of clustered errors (with Bartlett's weights: Newey and West 1987), never below that without
overlap. A percentile bootstrap of sessions, the obvious choice, covers too seldom, most so with few
sessions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from symscan.inference.student_t import quantile, two_sided_p
from symscan.model.bar import Floats

FEWEST_SESSIONS: Final = 5
FEW_SESSIONS: Final = 10
ROUGH_SESSIONS: Final = 100
LARGEST_SHARE: Final = 0.30
CONFIDENCE: Final = 0.95


class Mark(StrEnum):
    """What has to be said beside a figure."""

    TOO_FEW = "too_few_sessions"  # fewer than 5, or than 2 without overlap: no interval
    FEW = "few"  # fewer than 10 sessions, or than 10 without overlap
    ONE_SESSION = "one_session"  # one session makes up more than 30% of all deviations
    ROUGH = "rough"  # raw returns over sessions that overlap, fewer than 100 of them
    SIGNS_DIFFER = "signs_differ"  # the mean of hits and the mean of sessions: few sessions decide
    NO_VARIATION = "no_variation"  # all sessions are equal, so that nothing is known of the uncertainty


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its uncertainty; NaN where it is unknown.

    Attributes
    ----------
    n, sessions
        Hits, and sessions with hits.
    mean, mean_of_sessions
        Of the hits; of the sessions' means, what the same capital each session would have made.
    error, degrees
        The standard error, and the degrees of freedom of its ``t``.
    lo, hi, t, p
        The 95% interval, and the test of a mean of 0, two-sided.
    best_session, worst_session
        The index of the session whose removal lowers, or raises, the mean most; -1 where there is none.
    without_best, without_worst
        The mean without it.
    marks
        What has to be said beside it.
    """

    n: int
    sessions: int
    mean: float
    mean_of_sessions: float
    error: float
    degrees: float
    lo: float
    hi: float
    t: float
    p: float
    best_session: int
    worst_session: int
    without_best: float
    without_worst: float
    marks: tuple[Mark, ...]

    @property
    def has_interval(self) -> bool:
        """Whether the interval is known."""
        return not math.isnan(self.lo)


def estimate(counts: Floats, totals: Floats, overlap: int = 0, *, is_raw: bool = False) -> Estimate:
    """Estimate the mean of hits, with the session as the unit of evidence.

    Parameters
    ----------
    counts, totals
        How many hits each session has, and what they come to, ``(sessions,)``: all consecutive sessions of
        the study, 0 where one has no hit.
    overlap
        How many later sessions' hits are followed over some of the same time (horizons of days).
    is_raw
        Whether these are returns without controls, whose overlapping intervals are rough for long.
    """
    has_hits = counts > 0
    sessions, n = int(has_hits.sum()), float(counts.sum())
    if sessions == 0:
        return _unknown()
    mean = float(totals.sum() / n)
    mean_of_sessions = float((totals[has_hits] / counts[has_hits]).mean())
    degrees = sessions / (overlap + 1) - 1
    error = standard_error(counts, totals, overlap)
    deviations = np.abs(totals - counts * mean)
    marks = _marks(sessions, overlap, error, deviations, mean, mean_of_sessions, is_raw=is_raw)
    lo = hi = t = p = math.nan
    if Mark.TOO_FEW not in marks and Mark.NO_VARIATION not in marks:
        reach = quantile((1 + CONFIDENCE) / 2, degrees) * error
        lo, hi, t = mean - reach, mean + reach, mean / error
        p = two_sided_p(t, degrees)
    best, worst, without_best, without_worst = _leave_one_out(counts, totals)
    return Estimate(
        int(n),
        sessions,
        mean,
        mean_of_sessions,
        error,
        degrees,
        lo,
        hi,
        t,
        p,
        best,
        worst,
        without_best,
        without_worst,
        marks,
    )


def standard_error(counts: Floats, totals: Floats, overlap: int = 0) -> float:
    """Return the standard error of a mean, clustered by session; NaN with fewer than two sessions."""
    sessions, n = int((counts > 0).sum()), float(counts.sum())
    if sessions < 2:
        return math.nan
    u = totals - counts * (totals.sum() / n)
    own = float(u @ u)
    shared = [
        2 * (1 - lag / (overlap + 1)) * float(u[lag:] @ u[:-lag])
        for lag in range(1, min(overlap, len(u) - 1) + 1)
    ]
    return math.sqrt(sessions / (sessions - 1) * max(own, own + sum(shared))) / n


def _marks(
    sessions: int,
    overlap: int,
    error: float,
    deviations: Floats,
    mean: float,
    mean_of_sessions: float,
    *,
    is_raw: bool,
) -> tuple[Mark, ...]:
    apart = sessions / (overlap + 1)
    spread = deviations.sum()
    rounding = 1e-12 * abs(mean)
    holds = {
        Mark.TOO_FEW: sessions < FEWEST_SESSIONS or apart < 2,
        Mark.FEW: sessions < FEW_SESSIONS or apart < FEW_SESSIONS,
        Mark.NO_VARIATION: sessions >= 2 and error <= rounding,
        Mark.ONE_SESSION: sessions >= 2 and error > rounding and deviations.max() > LARGEST_SHARE * spread,
        Mark.ROUGH: is_raw and overlap > 0 and sessions < ROUGH_SESSIONS,
        Mark.SIGNS_DIFFER: mean * mean_of_sessions < 0,
    }
    if holds[Mark.TOO_FEW]:  # says it all
        holds[Mark.FEW] = holds[Mark.ONE_SESSION] = False
    return tuple(mark for mark, is_true in holds.items() if is_true)


def _leave_one_out(counts: Floats, totals: Floats) -> tuple[int, int, float, float]:
    """Return the sessions that raise and lower the mean most, and the means without them."""
    candidates = np.flatnonzero(counts > 0)
    if len(candidates) < 2:
        return -1, -1, math.nan, math.nan
    means = (totals.sum() - totals[candidates]) / (counts.sum() - counts[candidates])
    best, worst = int(means.argmin()), int(means.argmax())
    return int(candidates[best]), int(candidates[worst]), float(means[best]), float(means[worst])


def _unknown() -> Estimate:
    nan = math.nan
    return Estimate(0, 0, nan, nan, nan, nan, nan, nan, nan, nan, -1, -1, nan, nan, (Mark.TOO_FEW,))
