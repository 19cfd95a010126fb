"""Evidence: what the hits of each session come to, and what follows from that.

Everything that is said of hits needs a few sums per session, how many there are and what they come to, and
nothing else of the hits; the estimates themselves are those of :mod:`symscan.inference.clustered`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symscan.inference.clustered import CONFIDENCE, Estimate, Mark, estimate, standard_error
from symscan.model.bar import Floats

__all__ = [
    "CONFIDENCE",
    "Estimate",
    "Mark",
    "SessionSums",
    "estimate",
    "grouped_sums",
    "session_sums",
    "standard_error",
]


@dataclass(frozen=True, slots=True, eq=False)
class SessionSums:
    """What the hits of each session come to: all that an estimate of one horizon needs, ``(sessions,)``.

    Attributes
    ----------
    n
        Hits with a known return.
    matched
        Those of them with a known excess.
    sum_ret, sum_cost
        Over ``n``.
    sum_excess, sum_excess_all, sum_matched_cost, sum_excess_sq, wins
        Over ``matched``; a win is an excess above 0.
    """

    n: Floats
    matched: Floats
    sum_ret: Floats
    sum_cost: Floats
    sum_excess: Floats
    sum_excess_all: Floats
    sum_matched_cost: Floats
    sum_excess_sq: Floats
    wins: Floats

    @property
    def unmatched(self) -> Floats:
        """Hits with a known return and too few controls."""
        return self.n - self.matched

    @property
    def sum_net(self) -> Floats:
        """The excess after costs."""
        return self.sum_excess - self.sum_matched_cost


def session_sums(
    session: NDArray[np.integer],
    sessions: int,
    ret: Floats,
    excess: Floats,
    excess_all: Floats,
    cost: Floats,
) -> SessionSums:
    """Sum hits up by session.

    Parameters
    ----------
    session
        The index of each hit's session, ``(hits,)``.
    sessions
        How many sessions there are, those without a hit too: overlap counts them.
    ret, excess, excess_all, cost
        Of each hit, basis points; NaN is unknown. A hit without a return is in none of the sums.
    """
    known = ~np.isnan(ret)
    matched = known & ~np.isnan(excess)

    def total(values: Floats | None, where: NDArray[np.bool_]) -> Floats:
        weights = None if values is None else values[where]
        return np.bincount(session[where], weights, sessions).astype(np.float64)

    return SessionSums(
        total(None, known),
        total(None, matched),
        total(ret, known),
        total(cost, known),
        total(excess, matched),
        total(excess_all, matched),
        total(cost, matched),
        total(excess * excess, matched),
        total((excess > 0).astype(np.float64), matched),
    )


def grouped_sums(
    session: NDArray[np.integer], sessions: int, group: NDArray[np.integer], groups: int, values: Floats
) -> tuple[Floats, Floats]:
    """Return how many known values each group has in each session, and their sums, ``(groups, sessions)``."""
    known = ~np.isnan(values) & (group >= 0)
    cells = group[known].astype(np.int64) * sessions + session[known]
    size = groups * sessions
    counts = np.bincount(cells, minlength=size).astype(np.float64)
    totals = np.asarray(np.bincount(cells, values[known], size), np.float64)
    return counts.reshape(groups, sessions), totals.reshape(groups, sessions)
