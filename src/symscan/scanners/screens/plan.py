"""A screen: its expressions, compiled for one universe and evaluated over columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl

from symscan.errors import ExpressionError
from symscan.model.bar import Floats, Mask, Rows
from symscan.model.hit_metadata import SYMBOL
from symscan.model.readings import LAST_BAR_END
from symscan.scanners.screens.language.compiler import (
    Condition,
    Expression,
    compile_rank,
    compile_where,
    resolve_column,
)
from symscan.scanners.screens.language.names import LAST_SCAN, Names, dtype_of, kind_of
from symscan.scanners.screens.language.numpy_evaluator import (
    Columns,
    Node,
    Truth,
    apply,
    column,
    compile_tree,
    constant,
)
from symscan.scanners.screens.verdict import ConditionVerdict, SymbolVerdict
from symscan.scanners.universe import Universe
from symscan.session.shared_columns import Computed

PLACE: Final = "place"
"""The column of places among those that meet a condition."""

_AGE: Final = "minutes_since_bar"
_MOST_UNIVERSES: Final = 16
"""Of so many universes is kept what every screen and session of a run would make of their symbols anew."""


Judged = tuple[Rows, Mask]
"""The positions of what meets a condition, and what is unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """A scanner's criteria, as expressions over readings, indicators and static columns.

    Attributes
    ----------
    where
        The condition, in polars SQL or as a polars expression. Unknown is never a hit.
    rank
        A number; hits are ordered by it, highest first, unknown last, ties by symbol. None orders
        by symbol.
    take
        How many hits to keep, None for all.
    show
        Names whose values are kept with each hit, beside those in ``where`` and ``rank``.
    max_age_minutes
        A symbol whose last bar ended longer ago, or that has none, is unknown; None sets no limit.

    Raises
    ------
    ExpressionError
        If ``take`` or ``max_age_minutes`` is out of bounds.
    """

    where: str | pl.Expr
    rank: str | pl.Expr | None = None
    take: int | None = None
    show: Sequence[str] = ()
    max_age_minutes: float | None = None

    def __post_init__(self) -> None:
        if self.take is not None and (type(self.take) is not int or self.take < 1):
            raise ExpressionError(f"take is {self.take!r}; give a whole number of 1 or more", part="take")
        if self.max_age_minutes is not None and not self.max_age_minutes >= 0:
            message = f"max_age_minutes is {self.max_age_minutes!r}; give a number of 0 or more"
            raise ExpressionError(message, part="max_age_minutes")
        if isinstance(self.show, str):
            raise ExpressionError(f"show is a text; give a list of names, as in ['{self.show}']", part="show")


@dataclass(frozen=True, slots=True, eq=False)
class ScreenPlan:
    """A screen compiled for one universe.

    Attributes
    ----------
    where, rank
        The compiled expressions.
    columns
        The session's columns it reads, by canonical name.
    last_scan
        Those of them whose values at the last scan it reads, as ``last_scan.NAME``.
    static
        ``symbol`` and the static columns that are read, one row per symbol of the universe.
    numbers
        Those of the static columns that are numbers, NaN where unknown.
    order
        Each symbol's rank in the alphabet, shape ``(symbols,)``.
    indicators
        The keys of the indicators to request.
    values
        The names kept with each hit, session's and static ones.
    take, max_age_minutes
        As in the screen.
    judge
        Returns :data:`Judged` of the columns; None where polars has to evaluate ``where``.
    ranks
        Returns the values of ``rank``; None where polars has to evaluate it.
    """

    where: Expression
    rank: Expression | None
    columns: tuple[str, ...]
    last_scan: tuple[str, ...]
    static: pl.DataFrame
    numbers: Columns
    order: Rows
    indicators: tuple[str, ...]
    values: tuple[str, ...]
    take: int | None
    max_age_minutes: float | None
    judge: Node | None
    ranks: Node | None

    @staticmethod
    def of(screen: Screen, universe: Universe) -> ScreenPlan:
        """Compile a screen.

        Raises
        ------
        ExpressionError
            If an expression is refused; ``part`` says which.
        """
        names = Names({name: kind_of(values) for name, values in universe.columns.items()})
        with _compiling("where"):
            where = compile_where(screen.where, names)
        with _compiling("rank"):
            rank = None if screen.rank is None else compile_rank(screen.rank, names)
        with _compiling("show"):
            shown = [resolve_column(text, names) for text in screen.show]
        parts = [where, rank] if rank else [where]
        used = dict.fromkeys(name for part in parts for name in part.names)
        values = used | dict.fromkeys(name.column for name in shown if name.column != SYMBOL)
        requested = [key for part in parts for key in part.indicators]
        static = _static(universe, [name for name in values if name in universe.columns])
        now, last_scan = _by_scan([name for name in values if name not in universe.columns])
        aged = [] if screen.max_age_minutes is None else [_AGE]
        return ScreenPlan(
            where,
            rank,
            columns=tuple(dict.fromkeys([*now, *last_scan, *aged])),
            last_scan=last_scan,
            static=static,
            numbers={each.name: each.to_numpy() for each in static if each.dtype == pl.Float64},
            order=_alphabetical_ranks(universe.symbols),
            indicators=tuple(
                dict.fromkeys([*requested, *(name.indicator for name in shown if name.indicator)])
            ),
            values=tuple(values),
            take=screen.take,
            max_age_minutes=screen.max_age_minutes,
            judge=_judge(where, screen.max_age_minutes),
            ranks=None if rank is None or rank.tree is None else compile_tree(rank.tree),
        )

    def evaluate(self, columns: Columns, here: Rows, computed: Computed | None = None) -> tuple[Rows, Mask]:
        """Evaluate the screen: return the hits, best first, and what is unknown.

        Parameters
        ----------
        columns
            The session's columns, NaN where unknown, each of shape ``(n,)``.
        here
            Which symbols of the universe they are, in its order, shape ``(n,)``.
        computed
            What was computed of the same columns before; None where they are not shared.

        Returns
        -------
        hits, unknown
            Positions from 0 to n, at most as many as are taken; shape ``(n,)``, not to be changed.
        """
        ranked, unknown = self._ranked(columns, here, {} if computed is None else computed)
        return ranked[: self.take], unknown

    def verdict(self, columns: Columns, here: Rows, at: int) -> SymbolVerdict:
        """Explain the result for the symbol at one position of the columns; see :meth:`evaluate`."""
        frame = self._frame(columns, here)
        place = np.flatnonzero(self._ranked(columns, here, {})[0] == at)
        age = None if self.max_age_minutes is None else columns[_AGE].item(at)
        return SymbolVerdict(
            frame[SYMBOL][at],
            tuple(_condition_verdict(one, frame, at) for one in self.where.conditions),
            place=int(place[0]) + 1 if len(place) else None,
            take=self.take,
            age_minutes=age if age == age else None,
            max_age_minutes=self.max_age_minutes,
        )

    def values_of(self, columns: Columns, here: Rows) -> pl.DataFrame:
        """Return ``symbol``, ``place`` among all that meet the condition, null for others, and the values."""
        ranked, _ = self._ranked(columns, here, {})
        places = np.zeros(here.size, np.int32)
        places[ranked] = np.arange(1, ranked.size + 1)
        place = pl.Series(PLACE, places).replace(0, None)
        values = self._frame(columns, here).select(SYMBOL, *self.values)
        return values.rename({PLACE: f"{PLACE}_value"}, strict=False).insert_column(1, place)

    def _ranked(self, columns: Columns, here: Rows, computed: Computed) -> Judged:
        """Return all that meet the condition, best first, and what is unknown."""
        if self.judge is None:
            hits, unknown = self._judged(columns, here)
        else:
            hits, unknown = self.judge(self._with_numbers(columns, here), computed)
        if not hits.size:
            return hits, unknown
        by: list[Floats | Rows] = [self.order[here[hits]]]
        if self.rank is not None:
            by.append(-self._ranks(self.rank, columns, here, computed)[hits])  # NaN comes last
        return hits[np.lexsort(by)], unknown

    def _judged(self, columns: Columns, here: Rows) -> Judged:
        """Judge with polars."""
        values = _evaluated(self._frame(columns, here), self.where.expr.cast(pl.Float64))
        found = values == 1.0, values == 0.0
        if self.max_age_minutes is not None:
            found = _while_fresh(found, columns[_AGE] <= self.max_age_minutes)
        return _judged(found)

    def _ranks(self, rank: Expression, columns: Columns, here: Rows, computed: Computed) -> Floats:
        if self.ranks is None:
            return _evaluated(self._frame(columns, here), rank.expr)
        values: Floats = self.ranks(self._with_numbers(columns, here), computed)
        return values

    def _with_numbers(self, columns: Columns, here: Rows) -> Columns:
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
        taken = _frame(self.static[rows], columns)
        if LAST_BAR_END in self.values:
            taken = taken.with_columns(pl.col(LAST_BAR_END).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return taken[[SYMBOL, *self.values]]

    def kept_of_none(self) -> pl.DataFrame:
        """Return the columns of :meth:`kept` without a hit."""
        return self.kept(dict.fromkeys(self.columns, np.zeros(0)), np.zeros(0, np.intp))

    def _frame(self, columns: Columns, here: Rows) -> pl.DataFrame:
        # ``here`` never falls, so as many as the universe has are the universe.
        static = self.static if here.size == self.static.height else self.static[here]
        return _frame(static, columns)


def _judge(where: Expression, max_age_minutes: float | None) -> Node | None:
    """Return what judges columns, with the age of their last bars; None without a tree."""
    if where.tree is None:
        return None
    node = compile_tree(where.tree)
    if max_age_minutes is not None:
        node = apply(_while_fresh, node, apply(np.less_equal, column(_AGE), constant(max_age_minutes)))
    return apply(_judged, node)


def _while_fresh(found: Truth, is_fresh: Mask) -> Truth:
    """Return where it is true and where false, unknown where the last bar is too old."""
    return found[0] & is_fresh, found[1] & is_fresh


def _judged(found: Truth) -> Judged:
    true, false = found
    unknown: Mask = ~(true | false)
    return true.nonzero()[0], unknown


def _by_scan(names: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    """Return the names of this scan, and the columns that are read at the last one."""
    prefix = f"{LAST_SCAN}."
    last_scan = tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))
    return [name for name in names if not name.startswith(prefix)], last_scan


def _frame(static: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Return ``symbol`` and all columns read, null where unknown."""
    return pl.DataFrame([*static, *(_series(name, values) for name, values in columns.items())])


def _condition_verdict(condition: Condition, frame: pl.DataFrame, at: int) -> ConditionVerdict:
    value = _evaluated(frame, condition.expr.cast(pl.Float64)).item(at)
    names = dict.fromkeys(condition.expr.meta.root_names())
    values = {name: frame[name][at] for name in names if name in frame.columns}
    return ConditionVerdict(condition.text, None if value != value else value == 1.0, values)


def _evaluated(frame: pl.DataFrame, expr: pl.Expr) -> Floats:
    """Evaluate an expression, NaN where unknown; one value of the whole universe is repeated."""
    values: Floats = frame.select(expr).to_series().to_numpy()
    return values if values.size == frame.height else np.repeat(values, frame.height)


def _series(name: str, values: Floats) -> pl.Series:
    series = pl.Series(name, values, pl.Float64, nan_to_null=True)
    return series.cast(pl.Int64).cast(pl.Datetime("us", "UTC")) if name == LAST_BAR_END else series


def _static(universe: Universe, names: Sequence[str]) -> pl.DataFrame:
    kinds = {name: dtype_of(kind_of(universe.columns[name])) for name in names}
    columns = [pl.Series(name, universe.columns[name], dtype, strict=False) for name, dtype in kinds.items()]
    return pl.DataFrame([_symbol_series(universe.symbols), *columns])


@lru_cache(maxsize=_MOST_UNIVERSES)
def _symbol_series(symbols: tuple[str, ...]) -> pl.Series:
    return pl.Series(SYMBOL, symbols, pl.String)


@lru_cache(maxsize=_MOST_UNIVERSES)
def _alphabetical_ranks(symbols: tuple[str, ...]) -> Rows:
    """Return each symbol's rank in the alphabet."""
    ranks = np.argsort(np.argsort(np.array(symbols, np.str_)))
    ranks.flags.writeable = False
    return ranks


@contextmanager
def _compiling(part: str) -> Iterator[None]:
    """Mark the errors of compiling one part of a screen with its name."""
    try:
        yield
    except ExpressionError as error:
        error.part = part
        raise
