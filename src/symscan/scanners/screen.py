"""Screens: a scanner that is one expression, from which all it needs is derived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from symscan.errors import ExpressionError
from symscan.model.bar import Mask, Rows
from symscan.model.readings import LAST_BAR_END
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.expression import Expression, compile_rank, compile_where, resolve_column
from symscan.scanners.expression_names import SYMBOL, Names, dtype_of, kind_of
from symscan.scanners.universe import Universe, load_universe

_AGE: Final = "minutes_since_bar"
_WHERE: Final = " where"  # with a space, no column of a universe can have these names
_RANK: Final = " rank"


@dataclass(frozen=True, slots=True, eq=False)
class Screen:
    """What a scanner looks for, as expressions over readings, indicators and static columns.

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
        if self.take is not None and (not isinstance(self.take, int) or self.take < 1):
            raise ExpressionError(f"take is {self.take!r}; give a whole number of 1 or more", part="take")
        if self.max_age_minutes is not None and not self.max_age_minutes >= 0:
            message = f"max_age_minutes is {self.max_age_minutes!r}; give a number of 0 or more"
            raise ExpressionError(message, part="max_age_minutes")
        if isinstance(self.show, str):
            raise ExpressionError(f"show is a text; give a list of names, as in ['{self.show}']", part="show")


class FrameMetadata(Mapping[str, dict[str, Any]]):
    """Why symbols were found: a frame that reads as a mapping from symbol to its values.

    Parameters
    ----------
    frame
        ``symbol`` and the values, one row per hit, best first; null is unknown.
    """

    __slots__ = ("_rows", "frame")

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._rows: dict[str, int] | None = None

    def __getitem__(self, symbol: str) -> dict[str, Any]:
        if self._rows is None:
            self._rows = {each: row for row, each in enumerate(self.frame[SYMBOL])}
        values = self.frame.row(self._rows[symbol], named=True)
        del values[SYMBOL]
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self.frame[SYMBOL])

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        return f"FrameMetadata({dict(self)!r})"


@dataclass(frozen=True, slots=True, eq=False)
class ScreenPlan:
    """A screen compiled for one universe.

    Attributes
    ----------
    where, rank
        The compiled expressions.
    columns
        What is read of the session, by canonical name.
    static
        The static columns that are read, one row per symbol of the universe.
    indicators
        The keys of the indicators to ask for.
    values
        The names kept with each hit, session's and static ones.
    take, max_age_minutes
        As in the screen.
    """

    where: Expression
    rank: Expression | None
    columns: tuple[str, ...]
    static: pl.DataFrame
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
        with _part("where"):
            where = compile_where(screen.where, names)
        with _part("rank"):
            rank = None if screen.rank is None else compile_rank(screen.rank, names)
        with _part("show"):
            shown = [resolve_column(text, names) for text in screen.show]
        parts = [where, rank] if rank else [where]
        used = dict.fromkeys(name for part in parts for name in part.names)
        values = used | dict.fromkeys(name.column for name in shown if name.column != SYMBOL)
        asked = [key for part in parts for key in part.indicators]
        aged = {} if screen.max_age_minutes is None else {_AGE: None}
        return ScreenPlan(
            where,
            rank,
            columns=tuple(name for name in values | aged if name not in universe.columns),
            static=_static(universe, [name for name in values if name in universe.columns]),
            indicators=tuple(dict.fromkeys([*asked, *(name.indicator for name in shown if name.indicator)])),
            values=tuple(values),
            take=screen.take,
            max_age_minutes=screen.max_age_minutes,
        )

    def evaluate(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Mask]:
        """The hits of a frame of the universe, and which of its rows are unknown.

        Parameters
        ----------
        frame
            ``symbol``, the session's columns and the static ones.

        Returns
        -------
        hits, unknown
            ``symbol`` and the values kept, best first; shape ``(rows,)``.
        """
        where = self.where.expr
        if self.max_age_minutes is not None:
            where = pl.when(pl.col(_AGE) <= self.max_age_minutes).then(where)
        rank = [] if self.rank is None else [self.rank.expr.alias(_RANK)]
        judged = frame.select(SYMBOL, where.alias(_WHERE), *rank)
        unknown: Mask = judged[_WHERE].is_null().to_numpy()
        rows = self._best(judged, judged[_WHERE].arg_true().to_numpy().astype(np.intp))
        return self._kept(frame, rows), unknown

    def _best(self, judged: pl.DataFrame, rows: Rows) -> Rows:
        """The rows that are hits, in their order, as many as are taken."""
        by: list[Any] = [np.array(judged[SYMBOL][rows].to_list(), np.str_)]
        if self.rank is not None:
            by.append(-judged[_RANK][rows].to_numpy())  # null becomes NaN, which comes last
        best: Rows = rows[np.lexsort(by)][: self.take]
        return best

    def _kept(self, frame: pl.DataFrame, rows: Rows) -> pl.DataFrame:
        hits = pl.DataFrame([frame[name] for name in (SYMBOL, *self.values)])[rows]
        if LAST_BAR_END in self.values:  # JSON has no instants
            return hits.with_columns(pl.col(LAST_BAR_END).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return hits


@contextmanager
def _part(part: str) -> Iterator[None]:
    """Compile one part of a screen; its errors say which it is."""
    try:
        yield
    except ExpressionError as error:
        error.part = part
        raise


def _static(universe: Universe, names: Sequence[str]) -> pl.DataFrame:
    columns = {name: universe.columns[name] for name in names}
    return pl.DataFrame(
        [pl.Series(name, values, dtype_of(kind_of(values)), strict=False) for name, values in columns.items()]
    )


class ScreenScanner(BaseScanner):
    """A scanner that is a screen: subclasses say what they look for in :meth:`screen`.

    The names in the screen's expressions alone decide which indicators, intervals and history are
    loaded. Every scan is one select over the universe.
    """

    _screen: Screen | None = None
    _plan: ScreenPlan | None = None
    _file: Universe | None = None

    @classmethod
    def of(
        cls, screen: Screen, universe: str = "sp500", config: Mapping[str, Any] | None = None
    ) -> ScreenScanner:
        """A scanner of a screen that stands alone, over a universe by name or path."""
        scanner = cls({**(config or {}), "universe": universe})
        scanner._screen = screen
        return scanner

    def screen(self) -> Screen:
        """What this scanner looks for; called once, before the session.

        Raises
        ------
        NotImplementedError
            If a subclass does not say.
        """
        if self._screen is None:
            raise NotImplementedError(f"{type(self).__name__} needs a method screen() that returns a Screen")
        return self._screen

    def check(self) -> None:
        """Load the universe and compile the screen, so that faults show before the run starts.

        Raises
        ------
        UniverseError
            If the universe is missing or malformed.
        ExpressionError
            If an expression is refused; ``part`` says which.
        """
        self._plan = self._compile()

    def setup(self, context: ScanContext) -> bool:
        """Ask for the indicators the screen names, for the whole universe."""
        plan = self._checked_plan()
        for key in plan.indicators:
            context.session_data.add_indicator(self._universe, key)
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        """The symbols that meet the condition, best first, with the values that made them."""
        plan = self._checked_plan()
        view = context.session_data
        frame, rows = self._universe_rows(view.frame(plan.columns))
        hits, judged_unknown = plan.evaluate(frame)
        unknown = judged_unknown
        if rows is not None:  # candidates beside the universe are not judged
            unknown = np.zeros(len(view.symbols), np.bool_)
            unknown[rows] = judged_unknown
        return ScanResult(symbols=hits[SYMBOL].to_list(), metadata=FrameMetadata(hits), unknown=unknown)

    def _checked_plan(self) -> ScreenPlan:
        plan = self._plan
        if plan is None:
            plan = self._plan = self._compile()
        return plan

    def _compile(self) -> ScreenPlan:
        screen = self.screen()
        universe = self._chosen_universe()
        plan = ScreenPlan.of(screen, universe)
        self._universe = list(universe.symbols)
        self.max_age_minutes = screen.max_age_minutes
        self.reads = tuple(name for name in plan.where.names if name not in universe.columns)
        return plan

    def _load_universe_from_file(self, file_path: str) -> list[str]:
        self._file = load_universe(file_path, self._folders)
        self._loaded_universe = list(self._file.symbols)
        return self._loaded_universe

    def _chosen_universe(self) -> Universe:
        """The universe with its columns, also where a subclass chooses the symbols itself."""
        symbols = tuple(self._load_universe())
        file = self._file
        if file is None or symbols == file.symbols:
            return file or Universe(type(self).__name__, symbols, {}, None, Path())
        place = {symbol: row for row, symbol in enumerate(file.symbols)}
        rows = [place.get(symbol) for symbol in symbols]
        columns = {
            name: tuple(None if row is None else values[row] for row in rows)
            for name, values in file.columns.items()
        }
        return Universe(file.name, symbols, columns, file.as_of, file.path)

    def _universe_rows(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Rows | None]:
        """The universe's rows of a frame, with the static columns; None where they are all of it."""
        static = self._checked_plan().static
        symbols = frame[SYMBOL].to_list()
        if symbols == self._universe:
            return (frame.hstack(static) if static.width else frame), None
        place = {symbol: row for row, symbol in enumerate(symbols)}
        here = [row for row, symbol in enumerate(self._universe) if symbol in place]
        rows = np.array([place[self._universe[row]] for row in here], np.intp)
        taken = frame[rows]
        return (taken.hstack(static[here]) if static.width else taken), rows
