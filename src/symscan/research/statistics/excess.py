"""Excess: what hits returned beyond the mean of their controls, candidates alike that were not hit.

The pool of a scan are its candidates that the scanner judged and did not return, with a known outcome.
Nothing else is barred: to leave out symbols that are hit later in the day makes tens of basis points of edge
out of nothing, since what rises later is then missing among the controls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask
from symscan.research.statistics.strata import Strata


@dataclass(frozen=True, eq=False)
class Excess:
    """What each hit returned beyond its controls, ``(hits,)``, in the order of ``numpy.nonzero(hits)``.

    Attributes
    ----------
    scan, symbol
        Which hit: the row and the column of its cell.
    ret
        Its return, basis points; NaN where it is unknown.
    excess
        Against the mean of the pool in its stratum; NaN where the return is unknown or controls are too few.
    excess_all
        Against the mean of the whole pool of its scan; NaN likewise.
    controls
        How many of the pool are in its stratum.
    """

    scan: NDArray[np.intp]
    symbol: NDArray[np.intp]
    ret: Floats
    excess: Floats
    excess_all: Floats
    controls: NDArray[np.int32]


def excess(ret: Floats, hits: Mask, pool: Mask, strata: Strata, min_controls: int = 3) -> Excess:
    """Return what each hit returned beyond its controls.

    Parameters
    ----------
    ret
        Returns of all candidates, cells ``(scans, symbols)``; NaN where they are unknown.
    hits
        Which cells are the hits to follow.
    pool
        Which cells may be controls: judged, and not returned by the scanner. Those whose return is unknown
        leave it here.
    strata
        The stratum of each candidate, ``(symbols,)``, or of each cell.
    min_controls
        With fewer a hit is unmatched.
    """
    scan, symbol = hits.nonzero()
    codes = np.broadcast_to(strata, ret.shape)
    width = int(strata.max(initial=0)) + 1
    total, count = pool_sums(ret, pool, strata)
    cell = scan * width + codes[scan, symbol]
    own, controls = ret[scan, symbol], count.ravel()[cell]
    all_total, all_count = total.sum(axis=1)[scan], count.sum(axis=1)[scan]
    return Excess(
        scan,
        symbol,
        own,
        own - _mean(total.ravel()[cell], controls, min_controls),
        own - _mean(all_total, all_count, min_controls),
        controls.astype(np.int32),
    )


def pool_sums(ret: Floats, pool: Mask, strata: Strata) -> tuple[Floats, Floats]:
    """Return the sum of the pool's returns, and how many there are, by ``(scans, strata)``."""
    width = int(strata.max(initial=0)) + 1
    usable = pool & ~np.isnan(ret)
    rows, columns = usable.nonzero()
    codes = strata[columns] if strata.ndim == 1 else strata[rows, columns]
    cells, size = rows * width + codes, len(ret) * width
    total = np.asarray(np.bincount(cells, ret[usable], size).reshape(len(ret), width), np.float64)
    count = np.bincount(cells, minlength=size).reshape(len(ret), width)
    return total, count.astype(np.float64)


def _mean(total: Floats, count: Floats, least: int) -> Floats:
    result: Floats = np.where(count >= max(least, 1), total, np.nan) / np.maximum(count, 1)
    return result
