"""Divide a scanner's candidates into strata of their like, from what was known at the scan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.bar import Floats, Rows
from symscan.research.statistics.strata import Strata, nested_strata, quantile_levels
from symscan.research.study.plan import CHANGE, CHANGE_MATCH, StudyPlan
from symscan.research.study.session.judged import JudgedScan
from symscan.session.static_columns import StaticColumns

SECTOR: Final = "sector"
FIFTHS: Final = ("volatility", "dollar_volume", "price")
"""Measures by which results are broken down."""


def match_candidates(
    plan: StudyPlan,
    scans: Sequence[JudgedScan],
    symbols: Sequence[str],
    measures: Mapping[str, Floats],
    static: StaticColumns | None,
) -> Strata:
    """Return the stratum of each symbol of the session's table.

    Parameters
    ----------
    scans
        The scanner's that were ok.
    measures
        By name, ``(symbols,)``.
    static
        The columns of its universe.

    Returns
    -------
    Strata
        ``(symbols,)``, or ``(scans, symbols)`` where candidates are matched by their change, which moves on.
        Symbols that were no candidates have a stratum of their own, without controls.
    """
    candidates = _candidates(scans, symbols)
    levels = static_levels(static, plan.static_match, symbols)[candidates]
    if CHANGE not in plan.measures:
        known = np.array([measures[name][candidates] for name in plan.measures])
        return _over_table(known.reshape(-1, len(candidates)), levels, candidates, len(symbols))
    return _by_scan(plan.measures, scans, measures, levels, candidates, len(symbols))


def match_by_change(
    plan: StudyPlan, scans: Sequence[JudgedScan], symbols: Sequence[str], measures: Mapping[str, Floats]
) -> Strata | None:
    """Return the strata in which any symbol that moved as much is a control, ``(scans, symbols)``.

    None where the plan matches by change already.
    """
    if not plan.also_matches_on_change:
        return None
    candidates = _candidates(scans, symbols)
    levels = np.zeros(len(candidates), np.int64)
    return _by_scan(CHANGE_MATCH, scans, measures, levels, candidates, len(symbols))


def symbol_columns(
    plan: StudyPlan,
    scans: Sequence[JudgedScan],
    symbols: Sequence[str],
    measures: Mapping[str, Floats],
    static: StaticColumns | None,
) -> dict[str, pl.Series]:
    """Return what results are broken down by, a value per symbol of the table.

    The sector and the user's static columns, null where they have none; which fifth of the candidates a
    symbol is in by each measure, 1 the lowest, null where it is unknown.
    """
    columns = {name: _texts(static, name, symbols) for name in dict.fromkeys((SECTOR, *plan.settings.groups))}
    candidates = _candidates(scans, symbols)
    for name in FIFTHS:
        fifth = np.full(len(symbols), -1, np.int32)
        fifth[candidates] = quantile_levels(measures[name][candidates])
        columns[f"{name}_fifth"] = pl.Series(fifth + 1, dtype=pl.Int8).replace(0, None)
    return columns


def _texts(static: StaticColumns | None, name: str, symbols: Sequence[str]) -> pl.Series:
    if static is None or name not in static.names:
        return pl.Series(name, [None] * len(symbols), pl.String)
    return static.series(name, tuple(symbols)).cast(pl.String)


def _candidates(scans: Sequence[JudgedScan], symbols: Sequence[str]) -> Rows:
    """Return whoever was a candidate of the scans, in the order of the alphabet."""
    found = np.unique(np.concatenate([np.empty(0, np.intp), *(one.candidates for one in scans)]))
    return found[np.argsort(np.array(symbols, np.str_)[found], kind="stable")]


def static_levels(
    static: StaticColumns | None, name: str | None, symbols: Sequence[str]
) -> NDArray[np.int64]:
    """Return a code for each symbol's value of a static column; one for those without any."""
    if static is None or name is None:
        return np.zeros(len(symbols), np.int64)
    values = static.series(name, tuple(symbols)).to_list()
    order = {value: code for code, value in enumerate(sorted({one for one in values if one is not None}))}
    return np.array([order.get(value, len(order)) for value in values], np.int64)


def _change(scan: JudgedScan, symbols: int) -> Floats:
    change = np.full(symbols, np.nan)
    change[scan.candidates] = scan.change_pct
    return change


def _by_scan(
    names: Sequence[str],
    scans: Sequence[JudgedScan],
    measures: Mapping[str, Floats],
    levels: NDArray[np.int64],
    candidates: Rows,
    symbols: int,
) -> Strata:
    """Divide the candidates anew at each scan: the change moves on."""
    strata = np.zeros((len(scans), symbols), np.int32)
    for row, scan in zip(strata, scans, strict=True):
        now = {**measures, CHANGE: _change(scan, symbols)}
        known = np.array([now[name][candidates] for name in names])
        row[:] = _over_table(known, levels, candidates, symbols)
    return strata


def _over_table(known: Floats, levels: NDArray[np.int64], candidates: Rows, symbols: int) -> Strata:
    own = nested_strata(known, levels)
    strata = np.full(symbols, int(own.max(initial=-1)) + 1, np.int32)
    strata[candidates] = own
    return strata
