"""Strata: groups of candidates that were alike at a scan, made before anyone knows which of them are hits.

Nested quantiles, the first measure's bins first, within each of them the second's. Crossed ones leave thin
cells, and any fallback for those gives some symbols other controls than their like have, whose drift then
looks like an edge. Only ranks are used, so that a wrong scale of a measure does no harm.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats

Strata = NDArray[np.int32]
"""The number of each candidate's stratum, from 0."""

_BINS: Final = ((250, 5), (90, 3), (40, 2))
"""Bins of each of one or two measures, by the fewest candidates: two measures leave ten to a stratum."""

_PER_STRATUM: Final = 10
_MOST_BINS: Final = 5


def bins_per_measure(candidates: int, measures: int) -> int:
    """Return how many bins each measure is divided into, so that about ten candidates share a stratum.

    With three measures it is the cube root of that many strata, rounded down.
    """
    if measures <= 2:
        return next((bins for fewest, bins in _BINS if candidates >= fewest), 1)
    bins = 1
    while bins < _MOST_BINS and _PER_STRATUM * (bins + 1) ** measures <= candidates:
        bins += 1
    return bins


def nested_strata(measures: Floats, levels: NDArray[np.integer] | None = None) -> Strata:
    """Divide candidates into strata of their like.

    Parameters
    ----------
    measures
        What is matched, in order, ``(measures, symbols)``; what was known at the scan. May have no rows.
    levels
        A code for each candidate's level of a static column, which divides them first, ``(symbols,)``.

    Returns
    -------
    Strata
        ``(symbols,)``. Candidates without one of the measures share a stratum (of their level). Equal values
        are divided in the order of the columns; give the symbols in one order, then the strata are always
        the same.
    """
    symbols = measures.shape[1]
    known = ~np.isnan(measures).any(axis=0)
    strata = np.zeros(symbols, np.int32)
    groups = np.zeros(symbols, np.int64) if levels is None else np.asarray(levels)
    first = 0
    for level in np.unique(groups).tolist():
        here = groups == level
        members = np.flatnonzero(here & known)
        bins = bins_per_measure(len(members), len(measures))
        strata[members] = first + _nested(measures[:, members], bins)
        first += bins ** len(measures)
        unmeasured = here & ~known
        strata[unmeasured] = first
        first += int(unmeasured.any())
    return strata


def _nested(measures: Floats, bins: int) -> Strata:
    """Divide by the first measure, then each bin by the second, and so on."""
    codes = np.zeros(measures.shape[1], np.int64)
    for measure in measures:
        order = np.lexsort((measure, codes))
        counts = np.bincount(codes)
        size = counts[codes[order]]
        place = np.arange(len(order)) - (np.cumsum(counts) - counts)[codes[order]]
        refined = np.empty_like(codes)
        refined[order] = codes[order] * bins + place * bins // size
        codes = refined
    return codes.astype(np.int32)


def quantile_levels(measure: Floats, bins: int = _MOST_BINS) -> Strata:
    """Divide candidates into as many equal groups by one measure, for tables; -1 where it is unknown."""
    levels = np.full(len(measure), -1, np.int32)
    known = np.flatnonzero(~np.isnan(measure))
    if len(known):
        levels[known] = _nested(measure[None, known], bins)
    return levels
