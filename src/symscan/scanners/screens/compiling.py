"""Compile a screen for one universe."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from symscan.errors import ExpressionError
from symscan.model.bar import Rows
from symscan.model.hit_metadata import SYMBOL
from symscan.scanners.screens.criteria import Screen
from symscan.scanners.screens.language.compiler import (
    Expression,
    compile_rank,
    compile_where,
    resolve_column,
)
from symscan.scanners.screens.language.names import LAST_SCAN, MARKET, Names, dtype_of, kind_of, kind_of_dtype
from symscan.scanners.screens.language.numpy_evaluator import Node, apply, column, compile_tree, constant
from symscan.scanners.screens.language.terms import Kind
from symscan.scanners.screens.lists import ListName
from symscan.scanners.screens.patience import Patience
from symscan.scanners.screens.plan import AGE, KEPT, ScreenPlan, judged, while_fresh
from symscan.scanners.tables.dated_columns import DatedColumns
from symscan.scanners.universe import Universe

_MOST_UNIVERSES: Final = 16
"""Of so many universes is kept what every screen and session of a run would make of their symbols anew."""


def compile_screen(
    screen: Screen,
    universe: Universe,
    scanners: tuple[str, ...] | None = None,
    dated: DatedColumns | None = None,
) -> ScreenPlan:
    """Compile a screen for a universe.

    Parameters
    ----------
    scanners
        Those it may name, None where they are not known.
    dated
        The columns of dated files over the universe, None without any.

    Raises
    ------
    ExpressionError
        If an expression is refused; ``part`` says which.
    """
    kinds = {name: kind_of(values) for name, values in universe.columns.items()}
    codings = {} if dated is None else dated.codings(dated.names)
    kinds |= {name: kind_of_dtype(coding.dtype) for name, coding in codings.items()}
    names = Names(kinds, screen.market is not None, scanners)
    with _compiling("where"):
        where = compile_where(screen.where, names)
    with _compiling("rank"):
        rank = None if screen.rank is None else compile_rank(screen.rank, names)
    with _compiling("leave_when"):
        leave = None if screen.leave_when is None else compile_where(screen.leave_when, names)
    with _compiling("show"):
        shown = [resolve_column(text, names) for text in screen.show]
    parts = [part for part in (where, rank, leave) if part is not None]
    used = dict.fromkeys(name for part in parts for name in part.names)
    values = used | dict.fromkeys(name.column for name in shown if name.column != SYMBOL)
    with _compiling("per"):
        is_dated = screen.per in codings and kinds[screen.per] is Kind.TEXT
        has_groups = screen.per is not None and not is_dated
        groups, group_names = _groups(screen.per or "", universe, kinds) if has_groups else (None, ())
        if is_dated and screen.per is not None:
            group_names = tuple(codings[screen.per].texts.to_list())  # type: ignore[union-attr]  # of texts
    if screen.hold_minutes and KEPT in values:
        message = f"hold_minutes marks hits as '{KEPT}', which is a column of the universe; rename that"
        raise ExpressionError(message, part="hold_minutes")
    static = _static(universe, [name for name in values if name in universe.columns])
    joined = [] if dated is None else [name for name in [*values, screen.per or ""] if dated.has(name)]
    inputs = _Inputs.of([name for name in values if name not in {*universe.columns, *joined}])
    aged = [] if screen.max_age_minutes is None else [AGE]
    requested = [key for part in parts for key in part.indicators]
    of_market = [key for part in parts for key in part.market_indicators]
    for name in shown:
        (of_market if name.of_market else requested).extend([name.indicator] if name.indicator else [])
    return ScreenPlan(
        where,
        rank,
        leave,
        columns=tuple(dict.fromkeys([*inputs.columns, *aged])),
        lists=inputs.lists,
        market=inputs.market,
        last_scan=inputs.last_scan,
        dated={} if dated is None else dated.codings(dict.fromkeys(joined)),
        dated_groups=screen.per if is_dated else None,
        static=static,
        numbers={each.name: each.to_numpy() for each in static if each.dtype == pl.Float64},
        order=_alphabetical_ranks(universe.symbols),
        groups=groups,
        group_names=group_names,
        indicators=tuple(dict.fromkeys(requested)),
        market_indicators=tuple(dict.fromkeys(of_market)),
        values=tuple(values),
        take=screen.take,
        max_age_minutes=screen.max_age_minutes,
        patience=Patience.of(screen),
        judge=_judge(where, screen.max_age_minutes),
        ranks=None if rank is None or rank.tree is None else compile_tree(rank.tree),
    )


def _judge(where: Expression, max_age_minutes: float | None) -> Node | None:
    """Return what judges columns, with the age of their last bars; None without a tree."""
    if where.tree is None:
        return None
    node = compile_tree(where.tree)
    if max_age_minutes is not None:
        node = apply(while_fresh, node, apply(np.less_equal, column(AGE), constant(max_age_minutes)))
    return apply(judged, node)


class _Inputs(NamedTuple):
    """The names of a screen by what they are read of: each symbol, lists, the market's, the last scan."""

    columns: tuple[str, ...]
    lists: tuple[ListName, ...]
    market: tuple[str, ...]
    last_scan: tuple[str, ...]

    @staticmethod
    def of(names: Sequence[str]) -> _Inputs:
        now, last_scan = _split(names, LAST_SCAN)
        columns, market = _split(dict.fromkeys([*now, *last_scan]), MARKET)
        lists = {name: ListName.parse(name) for name in columns}
        return _Inputs(
            tuple(name for name, listed in lists.items() if listed is None),
            tuple(listed for listed in lists.values() if listed is not None),
            tuple(market),
            tuple(last_scan),
        )


def _split(names: Iterable[str], prefix: str) -> tuple[list[str], list[str]]:
    """Return the names without a prefix, and those with it, which is taken away."""
    start, known = f"{prefix}.", list(names)
    with_it = [name.removeprefix(start) for name in known if name.startswith(start)]
    return [name for name in known if not name.startswith(start)], with_it


def _groups(per: str, universe: Universe, kinds: Mapping[str, Kind]) -> tuple[Rows, tuple[str, ...]]:
    """Return each symbol's group, by number, -1 without one; and the groups."""
    values = universe.columns.get(per)
    if values is None and per not in kinds:
        known = ", ".join(kinds) or "none"
        raise ExpressionError(
            f"'{per}' is no column of this universe; its columns: {known}", token=per, offset=0
        )
    if values is None or kinds[per] is not Kind.TEXT:
        message = f"per needs a column of texts, but '{per}' is a {kinds[per]}"
        raise ExpressionError(message, token=per, offset=0)
    names = tuple(str(value) for value in dict.fromkeys(values) if value is not None)
    codes = {value: code for code, value in enumerate(names)}
    return np.array([-1 if value is None else codes[str(value)] for value in values], np.intp), names


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
