"""Expressions of a screen: compiled once, checked before the run starts, evaluated in one select."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import polars as pl
from msgspec import Struct

from symscan.errors import ExpressionError
from symscan.indicators.registry import user_definitions
from symscan.model.hit_metadata import SYMBOL
from symscan.scanners.screens.language.names import Name, Names, UnknownNameError
from symscan.scanners.screens.language.numpy_evaluator import Tree
from symscan.scanners.screens.language.polars_parser import PythonReader
from symscan.scanners.screens.language.sql_parser import ExpressionParser
from symscan.scanners.screens.language.terms import Kind, Term, settle


class Expression(Struct, frozen=True, eq=False):
    """An expression ready to be evaluated.

    Attributes
    ----------
    text
        As written.
    kind
        What its values are.
    names
        The columns it reads, by their canonical names, in the order of the text; ``symbol`` is not
        among them.
    indicators, market_indicators
        The keys of the indicators it reads, each once: of every symbol, and of the market's.
    expr
        What polars evaluates: null where unknown, never NaN or infinite; one value where it is the same
        for every symbol.
    term
        What it is made of, for what splits it.
    tree
        The same for NumPy, None where only polars can evaluate it.
    is_cross_sectional
        Whether a symbol's value depends on other symbols.
    """

    text: str
    kind: Kind
    names: tuple[str, ...]
    indicators: tuple[str, ...]
    expr: pl.Expr
    term: Term
    tree: Tree | None = None
    market_indicators: tuple[str, ...] = ()
    is_cross_sectional: bool = False


def compile_expression(source: str | pl.Expr, names: Names) -> Expression:
    """An expression of polars SQL or of Python's polars.

    Raises
    ------
    ExpressionError
        If it is malformed, uses what a screen may not use, or its types do not fit.
    """
    if isinstance(source, str) and not user_definitions():  # which may change with the next configuration
        return _compiled_text(source, tuple(names.static.items()), names.has_market, names.scanners)
    return _compiled(source, names)


@lru_cache(maxsize=1024)
def _compiled_text(
    source: str, static: tuple[tuple[str, Kind], ...], has_market: bool, scanners: tuple[str, ...] | None
) -> Expression:
    """Compile a text, once for all sessions of a run."""
    return _compiled(source, Names(dict(static), has_market, scanners))


def _compiled(source: str | pl.Expr, names: Names) -> Expression:
    term, used = _read(source, names)
    if not used:
        raise term.fault(f"'{_text(source)}' reads nothing of the session: it is the same for every symbol")
    settled = settle(term)
    columns = tuple(column for column in used if column != SYMBOL)
    keys: dict[bool, dict[str, None]] = {True: {}, False: {}}
    for name in used.values():
        if name.indicator:
            keys[name.of_market][name.indicator] = None
    return Expression(
        _text(source),
        settled.kind,
        columns,
        tuple(keys[False]),
        settled.expr,
        settled,
        settled.tree,
        tuple(keys[True]),
        settled.spans or any(name.of_market for name in used.values()),
    )


def compile_where(source: str | pl.Expr, names: Names) -> Expression:
    """A screen's condition.

    Raises
    ------
    ExpressionError
        As :func:`compile_expression`, and if it is not a truth value.
    """
    return _of_kind(compile_expression(source, names), Kind.TRUTH, "a condition, as in rsi_14_5m > 70")


def compile_rank(source: str | pl.Expr, names: Names) -> Expression:
    """What a screen's hits are ranked by.

    Raises
    ------
    ExpressionError
        As :func:`compile_expression`, and if it is not a number.
    """
    return _of_kind(compile_expression(source, names), Kind.NUMBER, "a number, as in rsi_14_5m")


def resolve_column(text: str, names: Names) -> Name:
    """What a name in a screen's ``show`` stands for.

    Raises
    ------
    ExpressionError
        If it stands for nothing.
    """
    try:
        return names.resolve(text)
    except UnknownNameError as error:
        raise ExpressionError(str(error), token=text, offset=0) from None


def _read(source: str | pl.Expr, names: Names) -> tuple[Term, Mapping[str, Name]]:
    reader = ExpressionParser(source, names) if isinstance(source, str) else PythonReader(source, names)
    return reader.parse(), reader.used


def _of_kind(expression: Expression, kind: Kind, wanted: str) -> Expression:
    if expression.kind is not kind:
        message = f"'{expression.text}' is a {expression.kind}; it must be {wanted}"
        raise ExpressionError(message, token=expression.text, offset=0)
    return expression


def _text(source: str | pl.Expr) -> str:
    return source.strip() if isinstance(source, str) else str(source)
