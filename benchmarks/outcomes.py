"""Measure returns, excursions of hits, strata and excess of a session, and the estimates of a million hits.

python benchmarks/outcomes.py [--symbols 8000] [--scans 78] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
from time import process_time

import numpy as np
from numpy.typing import NDArray

from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.entries import Entries, entries
from symscan.research.statistics.evidence import estimate, session_sums
from symscan.research.statistics.excess import excess
from symscan.research.statistics.excursions import HitCells, WindowExtremes
from symscan.research.statistics.exits import exits, returns_bp
from symscan.research.statistics.horizons import parse_horizon
from symscan.research.statistics.strata import nested_strata

COLUMNS_AT_ONCE = 512
Block = tuple[tuple[NDArray[np.intp], NDArray[np.intp]], DayBars, WindowExtremes, HitCells]
HORIZONS = [parse_horizon(f"{minutes}m") for minutes in (1, 2, 5, 10, 15, 30, 60, 90, 120)] + [
    parse_horizon("close")
]


def made_up_day(symbols: int, seed: int = 1, slots: int = 390) -> DayBars:
    """Make a session in which each symbol lacks a few minutes."""
    rng = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.0007, (slots, symbols)), axis=0))
    first = np.vstack([close[:1], close[:-1]])
    fields = np.array(
        [first, np.maximum(first, close) * 1.0002, np.minimum(first, close) * 0.9998, close, close]
    )
    fields[:, rng.random(close.shape) < 0.03] = np.nan
    return DayBars(np.arange(slots) * MINUTE, MINUTE, slots * MINUTE, *fields)


def session_seconds(symbols: int, scans: int) -> float:
    """Return the seconds of processor time for one session's outcomes and excess, strata included."""
    rng = np.random.default_rng(2)
    bars = made_up_day(symbols)
    decided = np.linspace(5, 385, scans).astype(np.int64) * MINUTE
    hits = rng.random((scans, symbols)) < 0.02
    measures = rng.normal(0, 1, (2, symbols))
    begun = process_time()
    strata = nested_strata(measures)
    found = entries(bars, decided)
    blocks = hit_blocks(bars, found, hits)
    for horizon in HORIZONS:
        ends = exits(bars, found, horizon)
        excess(returns_bp(found.price, ends.price), hits, ~hits, strata)
        for at, part, windows, cells in blocks:
            cells.excursions(part, windows, ends.row[at], ends.price[at])
    return process_time() - begun


def hit_blocks(bars: DayBars, found: Entries, hits: NDArray[np.bool_]) -> list[Block]:
    """Return hits with the bars of their symbols, so many symbols at once as a study takes."""
    scan, column = hits.nonzero()
    blocks: list[Block] = []
    for first in range(0, bars.symbols, COLUMNS_AT_ONCE):
        own = (column >= first) & (column < first + COLUMNS_AT_ONCE)
        at = scan[own], column[own]
        part = bars.columns(slice(first, first + COLUMNS_AT_ONCE))
        cells = HitCells(column[own] - first, found.row[at], found.price[at])
        blocks.append((at, part, WindowExtremes(part), cells))
    return blocks


def million_seconds() -> float:
    """Return the seconds of processor time for the estimates of a million hits over ten horizons."""
    rng = np.random.default_rng(3)
    session, values = rng.integers(0, 250, 1_000_000), rng.normal(0, 1, 1_000_000)
    begun = process_time()
    for _ in HORIZONS:
        sums = session_sums(session, 250, values, values, values, values)
        estimate(sums.matched, sums.sum_excess)
        estimate(sums.n, sums.sum_ret, is_raw=True)
    return process_time() - begun


def main() -> None:
    """Print the least of some rounds, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--symbols", type=int, default=8000)
    parser.add_argument("--scans", type=int, default=78)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    seconds = min(session_seconds(options.symbols, options.scans) for _ in range(options.rounds))
    cells = options.symbols * options.scans * len(HORIZONS)
    million = min(million_seconds() for _ in range(options.rounds))
    print(
        json.dumps(
            {
                "cells": cells,
                "session_seconds": round(seconds, 3),
                "microseconds_a_cell": round(1e6 * seconds / cells, 3),
                "million_hits_seconds": round(million, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
