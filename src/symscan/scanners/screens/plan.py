"""A screen: its expressions, compiled for one universe and evaluated over columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
from symscan.scanners.screens.language.names import Names, dtype_of, kind_of
from symscan.scanners.screens.language.numpy_evaluator import Columns, Truth, numbers, truth
from symscan.scanners.screens.verdict import ConditionVerdict, SymbolVerdict
from symscan.scanners.universe import Universe

PLACE: Final = "place"
"""The column of places among those that meet a condition."""

_AGE: Final = "minutes_since_bar"


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
    """

    where: Expression
    rank: Expression | None
    columns: tuple[str, ...]
    static: pl.DataFrame
    numbers: Columns
    order: Rows
    indicators: tuple[str, ...]
    values: tuple[str, ...]
    take: int | None
    max_age_minutes: float | None

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
        aged = {} if screen.max_age_minutes is None else {_AGE: None}
        return ScreenPlan(
            where,
            rank,
            columns=tuple(name for name in values | aged if name not in universe.columns),
            static=static,
            numbers={each.name: each.to_numpy() for each in static if each.dtype == pl.Float64},
            order=np.argsort(np.argsort(np.array(universe.symbols, np.str_))),
            indicators=tuple(
                dict.fromkeys([*requested, *(name.indicator for name in shown if name.indicator)])
            ),
            values=tuple(values),
            take=screen.take,
            max_age_minutes=screen.max_age_minutes,
        )

    def evaluate(self, columns: Columns, here: Rows) -> tuple[Rows, Mask]:
        """Evaluate the screen: return the hits, best first, and what is unknown.

        Parameters
        ----------
        columns
            The session's columns, NaN where unknown, each of shape ``(n,)``.
        here
            Which symbols of the universe they are, in its order, shape ``(n,)``.

        Returns
        -------
        hits, unknown
            Positions from 0 to n, at most as many as are taken; shape ``(n,)``.
        """
        ranked, unknown = self._ranked(columns, here)
        return ranked[: self.take], unknown

    def verdict(self, columns: Columns, here: Rows, at: int) -> SymbolVerdict:
        """Explain the result for the symbol at one position of the columns; see :meth:`evaluate`."""
        frame = self._frame(columns, here)
        place = np.flatnonzero(self._ranked(columns, here)[0] == at)
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
        ranked, _ = self._ranked(columns, here)
        places = np.zeros(here.size, np.int32)
        places[ranked] = np.arange(1, ranked.size + 1)
        place = pl.Series(PLACE, places).replace(0, None)
        values = self._frame(columns, here).select(SYMBOL, *self.values)
        return values.rename({PLACE: f"{PLACE}_value"}, strict=False).insert_column(1, place)

    def _ranked(self, columns: Columns, here: Rows) -> tuple[Rows, Mask]:
        """Return all that meet the condition, best first, and what is unknown."""
        true, false = self._truth(columns, here)
        if self.max_age_minutes is not None:
            is_fresh = columns[_AGE] <= self.max_age_minutes
            true, false = true & is_fresh, false & is_fresh
        hits = np.flatnonzero(true)
        by: list[Floats | Rows] = [self.order[here[hits]]]
        if self.rank is not None and hits.size:
            by.append(-self._ranks(self.rank, columns, here)[hits])  # NaN comes last
        return hits[np.lexsort(by)], ~(true | false)

    def _truth(self, columns: Columns, here: Rows) -> Truth:
        if self.where.tree is not None:
            return truth(self.where.tree, self._with_numbers(columns, here))
        values = _evaluated(self._frame(columns, here), self.where.expr.cast(pl.Float64))
        return values == 1.0, values == 0.0

    def _ranks(self, rank: Expression, columns: Columns, here: Rows) -> Floats:
        if rank.tree is not None:
            return numbers(rank.tree, self._with_numbers(columns, here))
        return _evaluated(self._frame(columns, here), rank.expr)

    def _with_numbers(self, columns: Columns, here: Rows) -> Columns:
        """Return the session's columns and the universe's numbers."""
        return {**columns, **{name: values[here] for name, values in self.numbers.items()}}

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
        return taken.select(SYMBOL, *self.values)

    def _frame(self, columns: Columns, here: Rows) -> pl.DataFrame:
        # ``here`` never falls, so as many as the universe has are the universe.
        static = self.static if here.size == self.static.height else self.static[here]
        return _frame(static, columns)


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
    return pl.DataFrame([pl.Series(SYMBOL, universe.symbols, pl.String), *columns])


@contextmanager
def _compiling(part: str) -> Iterator[None]:
    """Mark the errors of compiling one part of a screen with its name."""
    try:
        yield
    except ExpressionError as error:
        error.part = part
        raise
