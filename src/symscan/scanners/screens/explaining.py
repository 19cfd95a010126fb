"""The clauses of a screen at a scan: what decided who is a hit, for every symbol evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from symscan.model.bar import Floats, Mask, Rows
from symscan.model.decisions.clauses import Clause, ClauseKind, reading
from symscan.model.instant import MINUTE, Instant
from symscan.scanners.screens.language.clauses import ClauseTerm, Side, split, split_negation
from symscan.scanners.screens.language.numpy_evaluator import Columns, compile_tree
from symscan.scanners.screens.patience import Stays
from symscan.scanners.screens.plan import AGE, NO_PLACE, Found, ScreenPlan, places_in
from symscan.session.shared_columns import Computed

_LONG_AGO: Final = -(1 << 61)
"""Before any instant: who left then never was a hit."""


_Texts = dict[str, tuple[Floats, tuple[str, ...]]]
"""Columns of texts over the universe: as numbers, and the texts by number."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """What a scan of a screen read and found; see :meth:`ScreenPlan.evaluate`."""

    columns: Columns
    here: Rows
    computed: Computed | None
    found: Found
    stays: Stays | None
    at: Instant


class ScreenClauses:
    """Makes the clauses of a screen's scans.

    Parameters
    ----------
    plan
        The screen.
    per
        The column of the groups in which ``take`` counts.
    """

    def __init__(self, plan: ScreenPlan, per: str | None = None) -> None:
        self._plan = plan
        self._per = per
        self._texts: _Texts = {}

    def of(self, scan: Evaluated) -> list[Clause]:
        """Return the clauses of one scan over the symbols evaluated, in the order in which they decide."""
        truths = _Truths(self._plan, scan, self._texts)
        clauses = [*self._age(scan), *truths.clauses(self._where, ClauseKind.WHERE)]
        if self._plan.patience is not None:
            clauses += _of_patience(self._plan, scan, truths.clauses(self._leave, ClauseKind.LEAVE), clauses)
        return [*clauses, *self._take(scan)]

    @cached_property
    def _where(self) -> tuple[ClauseTerm, ...]:
        return split(self._plan.where.term)

    @cached_property
    def _leave(self) -> tuple[ClauseTerm, ...]:
        return () if self._plan.leave is None else split_negation(self._plan.leave.term)

    def _age(self, scan: Evaluated) -> Iterator[Clause]:
        limit = self._plan.max_age_minutes
        if limit is not None:
            age = scan.columns[AGE]
            name = f"{AGE} <= {limit:g}"
            # Who is stale is not judged: that is unknown, not false.
            nobody = np.zeros(len(age), np.bool_)
            yield Clause(name, age, "<=", limit, age <= limit, nobody, ClauseKind.AGE)

    def _take(self, scan: Evaluated) -> Iterator[Clause]:
        take, groups = self._plan.take, self._plan.groups_of(scan.columns, scan.here)
        if take is None:
            return
        ranked = scan.found.ranked
        places = np.full(len(scan.here), np.nan)
        places[ranked] = places_in(ranked, groups)
        is_ranked, has_none = ~np.isnan(places), places == NO_PLACE
        places[has_none] = np.nan
        name = f"take {take}" if self._per is None else f"take {take} per {self._per}"
        yield Clause(
            name, places, "<=", take, places <= take, places > take, ClauseKind.TAKE, applies=is_ranked
        )
        if groups is not None and self._per is not None:
            numbers = np.where(groups < 0, np.nan, groups.astype(np.float64))
            coding = self._plan.dated.get(self._per)
            texts = self._plan.group_names if coding is None else coding.labelled(numbers)[1]
            yield reading(self._per, numbers, texts)


class _Truths:
    """Evaluates clauses over the columns of one scan."""

    def __init__(self, plan: ScreenPlan, scan: Evaluated, texts: _Texts) -> None:
        self._plan, self._scan, self._texts = plan, scan, texts
        self._computed = {} if scan.computed is None else scan.computed
        self._columns = plan.with_numbers(scan.columns, scan.here)

    def clauses(self, lines: tuple[ClauseTerm, ...], kind: ClauseKind) -> list[Clause]:
        """Return clauses, each with its parts and what it reads below it."""
        return [one for line in lines for one in self._clause(line, kind)]

    def _clause(self, line: ClauseTerm, kind: ClauseKind) -> Iterator[Clause]:
        true, false = self._truth(line.truth)
        values = None if line.value is None else self._numbers(line.value)
        limit: Floats | float | None = None
        if line.limit is not None:
            limit = self._numbers(line.limit) if line.limit.constant is None else line.limit.constant
        yield Clause(line.text, values, line.op, limit, true, false, kind, line.depth)
        for name in line.reads:
            if name != line.text:
                yield self._reading(name, line.depth + 1)

    def _reading(self, name: str, depth: int) -> Clause:
        if name in self._plan.dated:
            values = self._columns[name]
            return reading(name, *self._plan.dated[name].labelled(values), depth)
        if name in self._columns:
            return reading(name, np.asarray(self._columns[name], np.float64), depth=depth)
        if name not in self._texts:
            texts = self._plan.static[name]
            labels = texts.unique(maintain_order=True).drop_nulls()
            numbers = texts.replace_strict(labels, range(len(labels)), default=None, return_dtype=pl.Float64)
            self._texts[name] = numbers.to_numpy(), tuple(labels)
        of_universe, known = self._texts[name]
        return reading(name, of_universe[self._scan.here], known, depth)

    def _truth(self, side: Side) -> tuple[Mask, Mask]:
        if side.tree is not None:
            true, false = compile_tree(side.tree)(self._columns, self._computed)
            return self._whole(true), self._whole(false)
        values = self._of_polars(side.expr)
        return values == 1.0, values == 0.0

    def _numbers(self, side: Side) -> Floats:
        if side.tree is None:
            return self._of_polars(side.expr)
        values: Floats = self._whole(compile_tree(side.tree)(self._columns, self._computed))
        return values

    def _of_polars(self, expr: pl.Expr) -> Floats:
        values: Floats = self._whole(self._frame.select(expr.cast(pl.Float64)).to_series().to_numpy())
        return values

    @cached_property
    def _frame(self) -> pl.DataFrame:
        return self._plan.frame(self._scan.columns, self._scan.here)

    def _whole(self, values: Any) -> Any:
        """Return an array of one value per symbol; what is the same for all is one value."""
        count = len(self._scan.here)
        if values.shape == (count,):
            return values
        return np.broadcast_to(values.reshape(-1) if values.size == 1 else values, count)


def _of_patience(
    plan: ScreenPlan, scan: Evaluated, leave: list[Clause], where: list[Clause]
) -> Iterator[Clause]:
    """Yield what a screen that waits adds: to whom it applies depends on who was a hit before."""
    patience, after = plan.patience, scan.found.stays
    assert patience is not None and after is not None
    before = scan.stays or Stays.none(plan.static.height)
    was_hit = before.is_hit[scan.here]
    for one in leave:
        yield _limited(one, was_hit)
    holds = np.ones(len(scan.here), np.bool_)
    for one in where:
        if one.depth == 0 and one.kind is not ClauseKind.READING:
            holds = holds & one.true
    if patience.confirm_scans > 1:
        counted = after.confirmed[scan.here].astype(np.float64)
        yield _counted(
            f"confirm_scans {patience.confirm_scans}",
            counted,
            patience.confirm_scans,
            ClauseKind.CONFIRM,
            ~was_hit & holds,
        )
    if patience.hold:
        minutes = (scan.at - before.entered_at[scan.here]) / MINUTE
        limit = patience.hold / MINUTE
        held, over = minutes < limit, minutes >= limit
        minutes = np.where(was_hit, minutes, np.nan)
        name = f"hold_minutes {limit:g}"
        yield Clause(name, minutes, "<", limit, held, over, ClauseKind.HOLD, applies=was_hit)
    if patience.cooldown:
        left_at = before.left_at[scan.here]
        minutes = np.where(left_at > _LONG_AGO, (scan.at - left_at) / MINUTE, np.nan)
        limit = patience.cooldown / MINUTE
        yield _counted(
            f"cooldown_minutes {limit:g}",
            minutes,
            limit,
            ClauseKind.COOLDOWN,
            ~was_hit & (left_at > _LONG_AGO),
        )


def _counted(name: str, values: Floats, limit: float, kind: ClauseKind, applies: Mask) -> Clause:
    values = np.where(applies, values, np.nan)
    return Clause(name, values, ">=", limit, values >= limit, values < limit, kind, applies=applies)


def _limited(clause: Clause, applies: Mask) -> Clause:
    return replace(clause, applies=applies if clause.applies is None else applies & clause.applies)


def spread(clause: Clause, rows: Rows, count: int) -> Clause:
    """Return a clause over all candidates, given one over some, at these rows; it is not about the others."""

    def masked(values: Mask | None) -> Mask:
        mask = np.zeros(count, np.bool_)
        mask[rows] = True if values is None else values
        return mask

    def filled(values: Floats) -> Floats:
        whole = np.full(count, np.nan)
        whole[rows] = values
        return whole

    return replace(
        clause,
        values=None if clause.values is None else filled(clause.values),
        limit=filled(clause.limit) if isinstance(clause.limit, np.ndarray) else clause.limit,
        true=masked(clause.true),
        false=masked(clause.false),
        applies=masked(clause.applies),
    )
