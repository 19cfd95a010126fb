"""A screen: its expressions, compiled for one universe and evaluated over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from msgspec import Struct

from symscan.model.bar import Floats, Mask, Rows
from symscan.model.hit_metadata import SYMBOL
from symscan.model.instant import Instant
from symscan.model.readings import LAST_BAR_END
from symscan.scanners.screens.language.compiler import Expression
from symscan.scanners.screens.language.names import LAST_SCAN, MARKET
from symscan.scanners.screens.language.numpy_evaluator import (
    Columns,
    Node,
    Truth,
    compile_tree,
)
from symscan.scanners.screens.lists import ListName
from symscan.scanners.screens.patience import Patience, Stays
from symscan.scanners.tables.dated_columns import Coding
from symscan.session.shared_columns import Computed

PLACE: Final = "place"
"""The column of places among those that meet a condition."""

AGE: Final = "minutes_since_bar"
"""The reading that says how old a symbol's last bar is."""

NO_PLACE: Final = 2**31 - 1
"""The place of what is in no group: after all that are taken."""


Judged = tuple[Rows, Mask]
"""The positions of what meets a condition, and what is unknown."""


KEPT: Final = "kept"
"""The mark of hits that are held though they would leave."""


class Found(Struct, frozen=True, eq=False):
    """The result of evaluating a screen; positions are from 0 to n, of the symbols evaluated.

    Attributes
    ----------
    ranked
        Who could be a hit, best first.
    hits
        Those that are taken, best first.
    unknown
        Who could not be evaluated, shape ``(n,)``; not to be changed.
    kept
        Who stays only because it is held, shape ``(n,)``; None where nobody is.
    stays
        The stays after this scan, of a screen that waits.
    """

    ranked: Rows
    hits: Rows
    unknown: Mask
    kept: Mask | None = None
    stays: Stays | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ScreenPlan:
    """A screen compiled for one universe.

    Attributes
    ----------
    where, rank, leave
        The compiled expressions.
    columns
        The session's columns it reads, by canonical name.
    lists
        The lists of other scanners that it reads.
    market
        The columns it reads of the market's symbol, as ``market.NAME``.
    last_scan
        The columns whose values at the last scan it reads, as ``last_scan.NAME``.
    dated
        The columns it reads of dated files, with how their values are kept as numbers.
    dated_groups
        The one of them whose texts are the groups among which ``take`` counts; None: ``groups`` are.
    static
        ``symbol`` and the static columns that are read, one row per symbol of the universe.
    numbers
        Those of the static columns that are numbers, NaN where unknown.
    order
        Each symbol's rank in the alphabet, shape ``(symbols,)``.
    groups
        Each symbol's group among which ``take`` counts, -1 without one; None where it counts among all.
    group_names
        The groups by number.
    indicators, market_indicators
        The keys of the indicators to request: of the universe, and of the market's symbol.
    values
        The names kept with each hit, session's and static ones.
    take, max_age_minutes
        As in the screen.
    patience
        How it waits; None if it does not.
    judge
        Returns :data:`Judged` of the columns; None where polars has to evaluate ``where``.
    ranks
        Returns the values of ``rank``; None where polars has to evaluate it.
    """

    where: Expression
    rank: Expression | None
    leave: Expression | None
    columns: tuple[str, ...]
    lists: tuple[ListName, ...]
    market: tuple[str, ...]
    last_scan: tuple[str, ...]
    dated: Mapping[str, Coding]
    dated_groups: str | None
    static: pl.DataFrame
    numbers: Columns
    order: Rows
    groups: Rows | None
    group_names: tuple[str, ...]
    indicators: tuple[str, ...]
    market_indicators: tuple[str, ...]
    values: tuple[str, ...]
    take: int | None
    max_age_minutes: float | None
    patience: Patience | None
    judge: Node | None
    ranks: Node | None

    @property
    def is_cross_sectional(self) -> bool:
        """Whether what is found of one symbol depends on others: the best so many, or an aggregate."""
        parts = [part for part in (self.where, self.rank, self.leave) if part is not None]
        return self.take is not None or any(part.is_cross_sectional for part in parts)

    @property
    def marks_kept(self) -> bool:
        """Whether hits are marked that are only held."""
        return self.patience is not None and self.patience.hold > 0

    @property
    def session_names(self) -> tuple[str, ...]:
        """The columns of the session on which it depends who is a hit, of each symbol itself."""
        read = [*self.where.names, *(self.leave.names if self.leave is not None else ())]
        return tuple(name for name in dict.fromkeys(read) if name in self.columns)

    def evaluate(
        self,
        columns: Columns,
        here: Rows,
        computed: Computed | None = None,
        stays: Stays | None = None,
        at: Instant = 0,
    ) -> Found:
        """Evaluate the screen.

        Parameters
        ----------
        columns
            The session's columns, NaN where unknown, each of shape ``(n,)``.
        here
            Which symbols of the universe they are, in its order, shape ``(n,)``.
        computed
            What was computed of the same columns before; None where they are not shared.
        stays
            The stays after the last scan, of a screen that waits; None at the first.
        at
            The instant of the scan; it matters where the screen waits.
        """
        shared = {} if computed is None else computed
        if self.patience is not None:
            return self._evaluate_stays(self.patience, columns, here, stays, at)
        if self.judge is None:
            positions, unknown = judged(self._truth(self.where, columns, here))
        else:
            positions, unknown = self.judge(self.with_numbers(columns, here), shared)
        ranked = self._ranked(positions, columns, here, shared)
        groups = self.groups_of(columns, here)
        if groups is None:
            return Found(ranked, ranked[: self.take], unknown)
        has_none = ranked[groups[ranked] < 0]
        if has_none.size:
            unknown = unknown.copy()
            unknown[has_none] = True
        return Found(ranked, ranked[places_in(ranked, groups) <= self._most], unknown)

    def _evaluate_stays(
        self, patience: Patience, columns: Columns, here: Rows, stays: Stays | None, at: Instant
    ) -> Found:
        """Evaluate a screen that waits."""
        where = self._truth(self.where, columns, here)
        leave = None if self.leave is None else self._truth(self.leave, columns, here)
        before = stays or Stays.none(self.static.height)
        chosen = patience.choose(before, at, here, where, leave)
        ranked = self._ranked(chosen.is_chosen.nonzero()[0], columns, here, {})
        groups = self.groups_of(columns, here)
        hits, unknown = ranked[places_in(ranked, groups) <= self._most], chosen.is_unknown
        if groups is not None:
            unknown = unknown | (chosen.is_chosen & (groups < 0))
        after = patience.after(before, at, here, chosen, here[hits])
        return Found(ranked, hits, unknown, chosen.is_kept, after)

    def values_of(self, columns: Columns, here: Rows, found: Found) -> pl.DataFrame:
        """Return ``symbol``, ``place`` among all that could be hits, null for others, and the values."""
        places = np.zeros(here.size, np.int32)
        places[found.ranked] = places_in(found.ranked, self.groups_of(columns, here))
        place = pl.Series(PLACE, places).replace([0, NO_PLACE], None)
        values = self.frame(columns, here).select(SYMBOL, *self.values)
        return values.rename({PLACE: f"{PLACE}_value"}, strict=False).insert_column(1, place)

    @property
    def _most(self) -> int:
        return NO_PLACE - 1 if self.take is None else self.take

    def groups_of(self, columns: Columns, here: Rows) -> Rows | None:
        """Return the group of each symbol evaluated, -1 without one; None where all are one."""
        if self.dated_groups is not None:
            return np.nan_to_num(columns[self.dated_groups], nan=-1.0).astype(np.intp)
        return None if self.groups is None else self.groups[here]

    def _ranked(self, positions: Rows, columns: Columns, here: Rows, computed: Computed) -> Rows:
        """Return positions best first."""
        if not positions.size:
            return positions
        by: list[Floats | Rows] = [self.order[here[positions]]]
        if self.rank is not None:
            by.append(-self._ranks(self.rank, columns, here, computed)[positions])  # NaN comes last
        ranked: Rows = positions[np.lexsort(by)]
        return ranked

    def _truth(self, condition: Expression, columns: Columns, here: Rows) -> Truth:
        """Return where a condition is true and where false; what is stale is neither."""
        if condition.tree is not None:
            found: Truth = compile_tree(condition.tree)(self.with_numbers(columns, here), {})
        else:
            values = _evaluated(self.frame(columns, here), condition.expr.cast(pl.Float64))
            found = values == 1.0, values == 0.0
        if self.max_age_minutes is None:
            return found
        return while_fresh(found, columns[AGE] <= self.max_age_minutes)

    def _ranks(self, rank: Expression, columns: Columns, here: Rows, computed: Computed) -> Floats:
        if self.ranks is None:
            return _evaluated(self.frame(columns, here), rank.expr)
        values: Floats = self.ranks(self.with_numbers(columns, here), computed)
        return values

    def with_numbers(self, columns: Columns, here: Rows) -> Columns:
        """Return the session's columns and the universe's numbers."""
        if not self.numbers:
            return columns
        is_all = here.size == self.static.height
        return {**columns, **(self.numbers if is_all else {k: v[here] for k, v in self.numbers.items()})}

    def kept(self, columns: Columns, rows: Rows) -> pl.DataFrame:
        """Return ``symbol`` and the values kept with each hit; an instant is ISO 8601, as JSON has none.

        Parameters
        ----------
        columns
            The session's columns of the hits alone.
        rows
            Which symbols of the universe they are, best first.
        """
        taken = self._frame_of(self.static[rows], columns)
        dates = [name for name, coding in self.dated.items() if coding.dtype == pl.Date]
        taken = taken.with_columns(pl.col(dates).dt.strftime("%Y-%m-%d")) if dates else taken
        if LAST_BAR_END in self.values:
            taken = taken.with_columns(pl.col(LAST_BAR_END).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        if not self.marks_kept:
            return taken[[SYMBOL, *self.values]]
        return taken.select(SYMBOL, *self.values, pl.col(KEPT) == 1.0)

    def kept_of_none(self) -> pl.DataFrame:
        """Return the columns of :meth:`kept` without a hit."""
        names = [*self.columns, *(f"{MARKET}.{name}" for name in self.market)]
        names += [f"{LAST_SCAN}.{name}" for name in self.last_scan]
        names += [KEPT] if self.marks_kept else []
        names += [one.column for one in self.lists]
        names += self.dated
        return self.kept(dict.fromkeys(names, np.zeros(0)), np.zeros(0, np.intp))

    def frame(self, columns: Columns, here: Rows) -> pl.DataFrame:
        """Return ``symbol`` and all columns read, null where unknown."""
        # ``here`` never falls, so as many as the universe has are the universe.
        static = self.static if here.size == self.static.height else self.static[here]
        return self._frame_of(static, columns)

    def _frame_of(self, static: pl.DataFrame, columns: Columns) -> pl.DataFrame:
        """Return ``symbol`` and all columns read, null where unknown."""
        read = [
            self.dated[name].decode(name, values) if name in self.dated else _series(name, values)
            for name, values in columns.items()
        ]
        return pl.DataFrame([*static, *read])


def places_in(ranked: Rows, groups: Rows | None) -> Rows:
    """Return each one's place, 1 for the best: among all, or in its group; without a group a last one."""
    if groups is None:
        return np.arange(1, ranked.size + 1)
    own = groups[ranked]
    order = np.argsort(own, kind="stable")
    ordered = own[order]
    places = np.empty(ranked.size, np.intp)
    places[order] = np.arange(1, ranked.size + 1) - np.searchsorted(ordered, ordered)
    places[own < 0] = NO_PLACE
    return places


def while_fresh(found: Truth, is_fresh: Mask) -> Truth:
    """Return where it is true and where false, unknown where the last bar is too old."""
    return found[0] & is_fresh, found[1] & is_fresh


def judged(found: Truth) -> Judged:
    """Return the positions of what meets a condition, and what is unknown."""
    true, false = found
    unknown: Mask = ~(true | false)
    return true.nonzero()[0], unknown


def _evaluated(frame: pl.DataFrame, expr: pl.Expr) -> Floats:
    """Evaluate an expression, NaN where unknown; one value of the whole universe is repeated."""
    values: Floats = frame.select(expr).to_series().to_numpy()
    return values if values.size == frame.height else np.repeat(values, frame.height)


def _series(name: str, values: Floats) -> pl.Series:
    series = pl.Series(name, values, pl.Float64, nan_to_null=True)
    return series.cast(pl.Int64).cast(pl.Datetime("us", "UTC")) if name == LAST_BAR_END else series
