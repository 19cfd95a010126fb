"""Terms: typed pieces of an expression, and how they combine.

Every number is float64. What is not finite is unknown, wherever it arises: a term that may hold NaN
or infinity is *raw* and is *settled* (not finite becomes null) before anything could hide it. Sums,
products and numerators hand NaN and infinity on, so a chain of them is settled once, at its end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import reduce
from typing import Final

import polars as pl

from symscan.errors import ExpressionError
from symscan.scanners.screens.language.numpy_evaluator import Tree

MOST_CHOICES: Final = 50
"""How many choices of ``IN`` may be computed; those written out are not counted."""


class Kind(StrEnum):
    """What the values of a term are."""

    NUMBER = "number"
    TEXT = "text"
    TRUTH = "truth value"
    INSTANT = "instant"
    DATE = "date"
    NULL = "NULL"


@dataclass(frozen=True, slots=True)
class Logic:
    """``AND``, ``OR`` or ``NOT`` of terms, or a comparison, by its sign, of two."""

    op: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of an expression.

    Attributes
    ----------
    expr
        What polars evaluates.
    kind
        What its values are.
    text
        As written.
    offset
        Where it stands in the expression, None for one written in Python.
    raw
        Whether it may hold NaN or infinity.
    settled
        Whether it holds a settled piece.
    value
        What it stands for where it is written out, as in ``70`` or ``'Energy'``.
    tree
        The same for NumPy, None where NumPy is not to evaluate it.
    logic
        How it is made of others, where ``AND``, ``OR``, ``NOT`` or a comparison makes it.
    spans
        Whether it holds a value of many symbols.
    """

    expr: pl.Expr
    kind: Kind
    text: str = ""
    offset: int | None = None
    raw: bool = False
    settled: bool = False
    value: float | str | None = None
    tree: Tree | None = None
    logic: Logic | None = None
    spans: bool = False

    def fault(self, message: str) -> ExpressionError:
        """An error placed at this term."""
        return ExpressionError(message, token=self.text or None, offset=self.offset)


NULL: Final = Term(pl.lit(None), Kind.NULL)


def column(name: str, kind: Kind) -> Term:
    """A column of the session or the universe; one of truth values holds 1, 0 and what is unknown."""
    if kind is Kind.TRUTH:
        return Term(pl.col(name) == 1.0, kind, tree=("=", ("column", name), ("number", 1.0)))
    return Term(pl.col(name), kind, tree=("column", name) if kind is Kind.NUMBER else None)


def number(value: float) -> Term:
    """A number written out; infinity and NaN are unknown like any other."""
    is_finite = math.isfinite(value)
    return Term(
        pl.lit(value), Kind.NUMBER, f"{value:g}", raw=not is_finite, value=value, tree=("number", value)
    )


def settle(term: Term) -> Term:
    """The term with null where it is not finite."""
    if not term.raw:
        return term
    # Once around is cheap; around something that holds a settled piece, writing it twice would
    # double with every level, so there it is bound to a name.
    expr = _bound(term.expr) if term.settled else pl.when(term.expr.is_finite()).then(term.expr)
    tree = None if term.tree is None else ("settle", term.tree)
    return replace(term, expr=expr, raw=False, settled=True, tree=tree)


def _bound(expr: pl.Expr) -> pl.Expr:
    value = pl.field("value")
    finite = pl.when(value.is_finite()).then(value).alias("finite")
    return pl.struct(expr.alias("value")).struct.with_fields(finite).struct.field("finite")


def derived(expr: pl.Expr, kind: Kind, *parts: Term, raw: bool = False, op: str = "") -> Term:
    """A term made of others; ``op`` is its NumPy operation, empty if there is none."""
    trees = [part.tree for part in parts]
    tree = (op, *trees) if op and None not in trees else None
    settled, spans = any(part.settled for part in parts), any(part.spans for part in parts)
    return Term(expr, kind, raw=raw, settled=settled, tree=tree, spans=spans)


def expect(term: Term, kind: Kind, what: str) -> Term:
    """The term, settled, if it is of a kind; NULL is of every kind.

    Raises
    ------
    ExpressionError
        If it is of another.
    """
    if term.kind is Kind.NULL:
        return replace(term, expr=_typed_null(kind), kind=kind)
    if term.kind is not kind:
        raise term.fault(f"{what} needs a {kind}, but '{term.text}' is a {term.kind}")
    return settle(term)


def _typed_null(kind: Kind) -> pl.Expr:
    dtypes = {Kind.NUMBER: pl.Float64, Kind.TEXT: pl.String, Kind.TRUTH: pl.Boolean, Kind.DATE: pl.Date}
    return pl.lit(None, dtype=dtypes.get(kind, pl.Datetime("us", "UTC")))


def arithmetic(sign: str, left: Term, right: Term) -> Term:
    """``+ - * / % //`` and ``||``."""
    if sign == "||":
        a, b = expect(left, Kind.TEXT, "||"), expect(right, Kind.TEXT, "||")
        return derived(a.expr + b.expr, Kind.TEXT, a, b)
    for term in (left, right):
        if term.kind not in (Kind.NUMBER, Kind.NULL):
            raise term.fault(f"'{sign}' needs numbers, but '{term.text}' is a {term.kind}")
    a, b = _number(left), _number(right)
    if sign in ("/", "%", "//"):
        b = settle(b)  # 1 / infinity would be a plausible 0
    if sign in ("%", "//"):
        a = settle(a)
    op = sign if sign in "+-*/" else ""
    return derived(_ARITHMETIC[sign](a.expr, b.expr), Kind.NUMBER, a, b, raw=True, op=op)


_ARITHMETIC: Final = {
    "+": pl.Expr.add,
    "-": pl.Expr.sub,
    "*": pl.Expr.mul,
    "/": pl.Expr.truediv,
    "%": pl.Expr.mod,
    "//": pl.Expr.floordiv,
}


def _number(term: Term) -> Term:
    return expect(term, Kind.NUMBER, "") if term.kind is Kind.NULL else term


def negative(term: Term) -> Term:
    """``-x``."""
    if term.kind not in (Kind.NUMBER, Kind.NULL):
        raise term.fault(f"'-' needs a number, but '{term.text}' is a {term.kind}")
    value = _number(term)
    return derived(-value.expr, Kind.NUMBER, value, raw=value.raw, op="negative")


def compare(sign: str, left: Term, right: Term) -> Term:
    """``= <> < <= > >=``."""
    for term in (left, right):
        if term.kind is Kind.NULL:
            raise term.fault(f"'{sign} NULL' is always unknown; write IS NULL or IS NOT NULL")
    if left.kind is not right.kind:
        both = f"'{left.text}' is a {left.kind} and '{right.text}' a {right.kind}"
        is_truth = left.kind is Kind.TRUTH
        hint = "; for a range write x BETWEEN a AND b" if is_truth else _date_hint(left, right)
        raise right.fault(f"'{sign}' compares like with like, but {both}{hint}")
    if left.kind is Kind.TRUTH and sign not in ("=", "<>"):
        raise left.fault(f"'{sign}' does not order truth values; combine them with AND, OR and NOT")
    a, b = settle(left), settle(right)
    op = sign if a.kind is Kind.NUMBER else ""
    compared = derived(_COMPARISONS[sign](a.expr, b.expr), Kind.TRUTH, a, b, op=op)
    return replace(compared, logic=Logic(sign, (a, b)))


def _date_hint(left: Term, right: Term) -> str:
    dates = [term.text for term in (left, right) if term.kind is Kind.DATE]
    return f"; a date counts in sessions, as in days_to({dates[0]}) > 1" if dates else ""


_COMPARISONS: Final = {
    "=": pl.Expr.eq,
    "<>": pl.Expr.ne,
    "<": pl.Expr.lt,
    "<=": pl.Expr.le,
    ">": pl.Expr.gt,
    ">=": pl.Expr.ge,
}


def both(left: Term, right: Term) -> Term:
    """``AND``: false with false on either side, else unknown with unknown on either."""
    a, b = expect(left, Kind.TRUTH, "AND"), expect(right, Kind.TRUTH, "AND")
    return replace(derived(a.expr & b.expr, Kind.TRUTH, a, b, op="and"), logic=Logic("AND", (a, b)))


def either(left: Term, right: Term) -> Term:
    """``OR``: true with true on either side, else unknown with unknown on either."""
    a, b = expect(left, Kind.TRUTH, "OR"), expect(right, Kind.TRUTH, "OR")
    return replace(derived(a.expr | b.expr, Kind.TRUTH, a, b, op="or"), logic=Logic("OR", (a, b)))


def negation(term: Term) -> Term:
    """``NOT``."""
    truth = expect(term, Kind.TRUTH, "NOT")
    return replace(derived(~truth.expr, Kind.TRUTH, truth, op="not"), logic=Logic("NOT", (truth,)))


def is_null(term: Term) -> Term:
    """``IS NULL``: whether the value is unknown."""
    known = settle(term)
    op = "is null" if known.kind is Kind.NUMBER else ""
    return derived(known.expr.is_null(), Kind.TRUTH, known, op=op)


def is_truth(term: Term, wanted: bool) -> Term:
    """``IS TRUE`` and ``IS FALSE``: never unknown."""
    truth = expect(term, Kind.TRUTH, "IS TRUE")
    return derived(truth.expr.eq_missing(pl.lit(wanted)), Kind.TRUTH, truth)


def between(term: Term, low: Term, high: Term) -> Term:
    """``BETWEEN low AND high``, both ends included: two conditions."""
    return within(term, (">=", low), ("<=", high))


def within(term: Term, above: tuple[str, Term], below: tuple[str, Term]) -> Term:
    """Two comparisons of one term, joined by ``AND``; what they say is not written, so it is made up here."""
    ends = [
        replace(compare(sign, term, end), text=f"{term.text} {sign} {end.text}")
        for sign, end in (above, below)
    ]
    return both(*ends)


def is_among(term: Term, choices: Sequence[Term]) -> Term:
    """``IN (...)``: unknown where the value is, and where it is not found beside a NULL."""
    known = [choice for choice in choices if choice.kind is not Kind.NULL]
    found = [compare("=", term, choice) for choice in known]
    if found and all(choice.value is not None for choice in known):
        value = settle(term)
        found = [derived(value.expr.is_in([choice.value for choice in known]), Kind.TRUTH, value)]
    elif len(found) > MOST_CHOICES:
        raise term.fault(f"IN takes {MOST_CHOICES} choices that are not written out, not {len(found)}")
    if len(known) < len(choices):
        found.append(derived(_typed_null(Kind.TRUTH), Kind.TRUTH))
    if not found:
        raise term.fault("IN needs at least one choice, as in IN ('Energy', 'Utilities')")
    return replace(reduce(either, found), logic=None)  # one clause, whatever it compares with


def choose(branches: Sequence[tuple[Term, Term]], otherwise: Term = NULL) -> Term:
    """``CASE``: the value of the first branch whose condition is true."""
    conditions = [expect(condition, Kind.TRUTH, "WHEN") for condition, _ in branches]
    *values, last = same_kind([*(value for _, value in branches), otherwise], "the values of CASE")
    expr = last.expr
    for condition, value in zip(reversed(conditions), reversed(values), strict=True):
        expr = pl.when(condition.expr).then(value.expr).otherwise(expr)
    return derived(expr, last.kind, *conditions, *values, last)


def same_kind(terms: Sequence[Term], what: str) -> list[Term]:
    """The terms, settled and all of one kind.

    Raises
    ------
    ExpressionError
        If they are of several, or all NULL.
    """
    first = next((term for term in terms if term.kind is not Kind.NULL), None)
    if first is None:
        raise terms[0].fault(f"{what} are all NULL")
    return [expect(term, first.kind, f"as '{first.text}' is a {first.kind}, {what}") for term in terms]
