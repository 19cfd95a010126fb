"""Compare the hits of one scanner with their controls, for any return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask, Rows
from symscan.research.statistics.excess import excess
from symscan.research.statistics.strata import Strata


@dataclass(frozen=True, eq=False)
class HitExcess:
    """What hits returned beyond their controls, ``(hits,)`` each, NaN where unknown; basis points."""

    ret: Floats
    excess: Floats
    excess_all: Floats
    controls: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class HitComparison:
    """The hits of one scanner in a session, and who may be their controls.

    Attributes
    ----------
    instants
        The row of each scan among those that returns are given for, ``(scans,)``.
    scan, column
        The scan and the symbol of each hit, ``(hits,)``.
    pool
        Who may be a control: judged, and not returned; ``(scans, symbols)``.
    strata
        Who is alike, ``(symbols,)`` or ``(scans, symbols)``.
    min_controls
        With fewer a hit is unmatched.
    """

    instants: Rows
    scan: Rows
    column: Rows
    pool: Mask
    strata: Strata
    min_controls: int

    def of(self, ret: Floats, own: Floats | None = None) -> HitExcess:
        """Compare returns.

        Parameters
        ----------
        ret
            Of all symbols, ``(instants, symbols)`` or ``(symbols,)``; NaN where unknown.
        own
            What the hits' own returns are instead, ``(hits,)``; NaN leaves them.
        """
        cells = ret[self.instants]
        if own is not None:
            given = ~np.isnan(own)
            cells[self.scan[given], self.column[given]] = own[given]
        found = excess(cells, self._chosen, self.pool, self.strata, self.min_controls)
        place = self._place
        return HitExcess(
            found.ret[place], found.excess[place], found.excess_all[place], found.controls[place]
        )

    def excess_among(self, strata: Strata | None, ret: Floats) -> Floats | None:
        """Return the excess against controls of other strata, ``(hits,)``; None without any."""
        return None if strata is None else replace(self, strata=strata).of(ret).excess

    def drawn_controls(self, ret: Floats, *seed: int) -> Floats:
        """Return the return of one control of each hit, drawn at random; NaN where there are too few."""
        cells = ret[self.instants]
        row, column = (self.pool & ~np.isnan(cells)).nonzero()
        width = int(self.strata.max(initial=0)) + 1
        code = row * width + self._strata_at(row, column)
        order = np.argsort(code, kind="stable")
        own = self.scan * width + self._strata_at(self.scan, self.column)
        first, last = (np.searchsorted(code[order], own, side=side) for side in ("left", "right"))
        count = last - first
        at = first + np.floor(default_rng(list(seed)).random(len(own)) * count).astype(np.intp)
        result = np.full(len(own), np.nan)
        has = count >= max(self.min_controls, 1)
        chosen = order[at[has]]
        result[has] = cells[row[chosen], column[chosen]]
        return result

    def _strata_at(self, row: Rows, column: Rows) -> NDArray[np.int32]:
        return self.strata[column] if self.strata.ndim == 1 else self.strata[row, column]

    @cached_property
    def _chosen(self) -> Mask:
        chosen = np.zeros(self.pool.shape, np.bool_)
        chosen[self.scan, self.column] = True
        return chosen

    @cached_property
    def _place(self) -> Rows:
        """Where each hit stands among hits by scan and symbol, as results have them."""
        place = np.empty(len(self.scan), np.intp)
        place[np.lexsort((self.column, self.scan))] = np.arange(len(self.scan))
        return place
