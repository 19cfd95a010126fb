"""Aggregates: one value of the whole universe, or a symbol's standing in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final, Literal

import polars as pl

from symscan.scanners.screens.language.terms import (
    Kind,
    Term,
    arithmetic,
    choose,
    compare,
    derived,
    expect,
    negation,
    same_kind,
    settle,
)


def total(values: pl.Expr) -> pl.Expr:
    """The sum; that of nothing known is unknown, not 0."""
    return pl.when(values.count() > 0).then(values.sum())


def count_rows() -> Term:
    """``COUNT(*)``: how many symbols the universe has."""
    return replace(derived(pl.len().cast(pl.Float64), Kind.NUMBER), spans=True)


def grouped(aggregate: Term, group: Term) -> Term:
    """What an aggregate, or a standing, is among the symbols of the same group; unknown without a group.

    Raises
    ------
    ExpressionError
        If groups are no texts.
    """
    if group.kind is not Kind.TEXT:
        raise group.fault(f"PER needs a column of texts, as sector, but '{group.text}' is a {group.kind}")
    of_group = pl.when(group.expr.is_not_null()).then(aggregate.expr.over(group.expr))
    return derived(of_group, aggregate.kind, aggregate, group, raw=aggregate.raw)


def refuse_nested(arguments: Sequence[Term]) -> None:
    """Refuse an aggregate inside one that is grouped: it would span the group, not the universe.

    Raises
    ------
    ExpressionError
        At the first of them.
    """
    for argument in arguments:
        if argument.spans:
            raise argument.fault(
                f"'{argument.text}' spans the universe; PER groups a call without another in it"
            )


def count(_: str, arguments: Sequence[Term]) -> Term:
    """``COUNT(x)``: how many known values there are."""
    term = settle(arguments[0])
    return derived(term.expr.count().cast(pl.Float64), Kind.NUMBER, term)


def count_distinct(argument: Term) -> Term:
    """``COUNT(DISTINCT x)``: how many different known values there are."""
    term = settle(argument)
    return replace(derived(term.expr.drop_nulls().n_unique().cast(pl.Float64), Kind.NUMBER, term), spans=True)


def standing(name: str, arguments: Sequence[Term]) -> Term:
    """``RANK(x)``: 1 for the highest; ``PERCENT_RANK(x)``: 0 for the lowest to 1 for the highest."""
    number = expect(arguments[0], Kind.NUMBER, name)
    if name == "RANK":
        return derived(number.expr.rank("min", descending=True).cast(pl.Float64), Kind.NUMBER, number)
    lowest = number.expr.rank("min").cast(pl.Float64) - 1.0
    return derived(lowest / (number.expr.count() - 1), Kind.NUMBER, number, raw=True)


def filtered(argument: Term, condition: Term) -> Term:
    """What an aggregate with ``FILTER (WHERE condition)`` sees of its argument."""
    term = choose([(condition, argument)])
    return replace(term, text=argument.text, offset=argument.offset, tree=None)


MANY: Final = 100
"""How many arguments a function without a fixed number of them may have."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function an expression may call.

    Attributes
    ----------
    takes
        Its arguments, for the reader: ``number, digits``.
    least, most
        How many arguments it has.
    build
        Makes the call's term from the arguments.
    aggregates
        Whether it makes one value of the whole universe.
    is_standing
        Whether it compares each symbol with the whole universe.
    """

    takes: str
    least: int
    most: int
    build: Callable[[str, Sequence[Term]], Term]
    aggregates: bool = False
    is_standing: bool = False

    @property
    def spans(self) -> bool:
        """Whether its value depends on many symbols."""
        return self.aggregates or self.is_standing


def call(name: str, arguments: Sequence[Term], at: Term) -> Term:
    """The term of a call; ``at`` is the function's name as written, for errors.

    Raises
    ------
    ExpressionError
        If there is no such function, or its arguments do not fit.
    """
    function = function_named(name, at)
    if not function.least <= len(arguments) <= function.most:
        hint = "; the natural logarithm is LN" if name == "LOG" else ""
        raise at.fault(f"{name} takes ({function.takes}), not {len(arguments)} arguments{hint}")
    term = function.build(name, arguments)
    return replace(term, spans=True) if function.spans else term


def function_named(name: str, at: Term) -> Function:
    """The function of an upper-case name.

    Raises
    ------
    ExpressionError
        If there is none.
    """
    function = FUNCTIONS.get(name)
    if function is None:
        close = get_close_matches(name, FUNCTIONS, n=1)
        guess = f"did you mean {close[0]}? " if close else ""
        there_are = f"{guess}there are {', '.join(FUNCTIONS)}"
        raise at.fault(f"'{at.text}' is not a function an expression may call; {there_are}")
    return function


_Unary = Callable[[pl.Expr], pl.Expr]


def _numeric(apply: _Unary, *, raw: bool = True, op: str = "") -> Function:
    """A function of one number."""

    def build(name: str, arguments: Sequence[Term]) -> Term:
        number = expect(arguments[0], Kind.NUMBER, name)
        return derived(apply(number.expr), Kind.NUMBER, number, raw=raw, op=op)

    return Function("number", 1, 1, build)


def _textual(apply: _Unary, kind: Kind = Kind.TEXT) -> Function:
    """A function of one text."""

    def build(name: str, arguments: Sequence[Term]) -> Term:
        text = expect(arguments[0], Kind.TEXT, name)
        return derived(apply(text.expr), kind, text)

    return Function("text", 1, 1, build)


def _of_two_texts(takes: str, apply: Callable[[pl.Expr, pl.Expr], pl.Expr], kind: Kind) -> Function:
    def build(name: str, arguments: Sequence[Term]) -> Term:
        a, b = (expect(argument, Kind.TEXT, name) for argument in arguments)
        return derived(apply(a.expr, b.expr), kind, a, b)

    return Function(takes, 2, 2, build)


def _aggregate(apply: _Unary, *kinds: Kind, raw: bool = True) -> Function:
    """One number from the known values of the whole universe."""

    def build(name: str, arguments: Sequence[Term]) -> Term:
        term = settle(arguments[0])
        if term.kind not in kinds:
            raise term.fault(f"{name} needs a {' or '.join(kinds)}, but '{term.text}' is a {term.kind}")
        values = term.expr.cast(pl.Float64) if term.kind is Kind.TRUTH else term.expr
        return derived(apply(values), Kind.NUMBER, term, raw=raw)

    return Function(" or ".join(kinds), 1, 1, build, aggregates=True)


def _literal_number(term: Term, what: str, low: float, high: float) -> float:
    if not isinstance(term.value, float) or not low <= term.value <= high:
        raise term.fault(f"{what} must be a number written out, from {low:g} to {high:g}, not '{term.text}'")
    return term.value


def _literal_text(term: Term, what: str) -> str:
    if not isinstance(term.value, str):
        raise term.fault(f"{what} must be a text written out, not '{term.text}'")
    return term.value


def _quantile(interpolation: Literal["linear", "equiprobable"]) -> Function:
    def build(name: str, arguments: Sequence[Term]) -> Term:
        number = expect(arguments[0], Kind.NUMBER, name)
        share = _literal_number(arguments[1], f"{name}'s share", 0.0, 1.0)
        return derived(number.expr.quantile(share, interpolation), Kind.NUMBER, number)

    return Function("number, share from 0 to 1", 2, 2, build, aggregates=True)


def _round(name: str, arguments: Sequence[Term]) -> Term:
    number = expect(arguments[0], Kind.NUMBER, name)
    digits = _literal_number(arguments[1], "ROUND's digits", 0, 12) if len(arguments) > 1 else 0.0
    if digits != int(digits):
        raise arguments[1].fault(f"ROUND's digits must be a whole number, not '{arguments[1].text}'")
    return derived(number.expr.round(int(digits)), Kind.NUMBER, number, raw=True)


def _power(name: str, arguments: Sequence[Term]) -> Term:
    base, exponent = (expect(argument, Kind.NUMBER, name) for argument in arguments)
    return derived(base.expr.pow(exponent.expr), Kind.NUMBER, base, exponent, raw=True)


def _logarithm(name: str, arguments: Sequence[Term]) -> Term:
    number, base = (expect(argument, Kind.NUMBER, name) for argument in arguments)
    # Settled in between: LN(0) / LN(2) is an infinity, LN(2) / LN(0) would be a plausible 0.
    numerator = derived(number.expr.log(), Kind.NUMBER, number, raw=True)
    denominator = derived(base.expr.log(), Kind.NUMBER, base, raw=True)
    return arithmetic("/", numerator, denominator)


def _of_two_numbers(sign: str) -> Function:
    return Function("number, number", 2, 2, lambda _, arguments: arithmetic(sign, *arguments))


def _extreme(apply: Callable[..., pl.Expr]) -> Function:
    def build(name: str, arguments: Sequence[Term]) -> Term:
        numbers = [expect(argument, Kind.NUMBER, name) for argument in arguments]
        return derived(apply(*(number.expr for number in numbers)), Kind.NUMBER, *numbers)

    return Function("number, number, ...", 2, MANY, build)


def _first_known(name: str, arguments: Sequence[Term]) -> Term:
    terms = same_kind(arguments, f"the arguments of {name}")
    op = "coalesce" if terms[0].kind is Kind.NUMBER else ""
    return derived(pl.coalesce([term.expr for term in terms]), terms[0].kind, *terms, op=op)


def _null_if(_: str, arguments: Sequence[Term]) -> Term:
    """``NULLIF(a, b)``: NULL where they are equal, else a."""
    value, other = arguments
    equal = derived(
        compare("=", value, other).expr.fill_null(False), Kind.TRUTH, settle(value), settle(other)
    )
    return choose([(negation(equal), value)])


def _if(_: str, arguments: Sequence[Term]) -> Term:
    condition, yes, no = arguments
    return choose([(condition, yes)], no)


def _slice(name: str, arguments: Sequence[Term]) -> Term:
    text = expect(arguments[0], Kind.TEXT, name)
    numbers = [int(_literal_number(term, f"{name}'s position", 0, 10_000)) for term in arguments[1:]]
    expr = {
        "LEFT": lambda: text.expr.str.head(numbers[0]),
        "RIGHT": lambda: text.expr.str.tail(numbers[0]),
        "SUBSTR": lambda: text.expr.str.slice(max(numbers[0] - 1, 0), *numbers[1:]),
    }[name]()
    return derived(expr, Kind.TEXT, text)


def _replace(name: str, arguments: Sequence[Term]) -> Term:
    text = expect(arguments[0], Kind.TEXT, name)
    old, new = (_literal_text(argument, f"{name}'s text") for argument in arguments[1:])
    return derived(text.expr.str.replace_all(old, new, literal=True), Kind.TEXT, text)


def _matches(name: str, arguments: Sequence[Term]) -> Term:
    return matching(arguments[0], arguments[1], name)


def matching(text: Term, pattern: Term, name: str) -> Term:
    """``REGEXP_LIKE(text, pattern)``: whether a regular expression is found in a text."""
    known, written = expect(text, Kind.TEXT, name), _literal_text(pattern, f"{name}'s pattern")
    expr = known.expr.str.contains(written)
    try:
        pl.select(pl.lit("").str.contains(written))
    except pl.exceptions.PolarsError:
        raise pattern.fault(f"'{written}' is not a regular expression") from None
    return derived(expr, Kind.TRUTH, known)


def like(text: Term, pattern: Term, *, ignore_case: bool) -> Term:
    """``LIKE``: ``%`` is any text, ``_`` any one character."""
    name = "ILIKE" if ignore_case else "LIKE"
    known, written = expect(text, Kind.TEXT, name), _literal_text(pattern, f"{name}'s pattern")
    parts = ({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in written)
    flags = "(?si)" if ignore_case else "(?s)"
    return derived(known.expr.str.contains(f"{flags}^{''.join(parts)}$"), Kind.TRUTH, known)


_NUMBER_OR_TRUTH: Final = (Kind.NUMBER, Kind.TRUTH)

FUNCTIONS: Final[dict[str, Function]] = {
    "ABS": _numeric(pl.Expr.abs, raw=False, op="abs"),
    "SIGN": _numeric(pl.Expr.sign, raw=False),
    "CEIL": _numeric(pl.Expr.ceil, raw=False),
    "FLOOR": _numeric(pl.Expr.floor, raw=False),
    "ROUND": Function("number, digits", 1, 2, _round),
    "SQRT": _numeric(pl.Expr.sqrt),
    "CBRT": _numeric(pl.Expr.cbrt, raw=False),
    "EXP": _numeric(pl.Expr.exp),
    "LN": _numeric(pl.Expr.log),
    "LOG2": _numeric(lambda number: number.log(2.0)),
    "LOG10": _numeric(pl.Expr.log10),
    "LOG1P": _numeric(pl.Expr.log1p),
    "LOG": Function("number, base", 2, 2, _logarithm),
    "POW": Function("number, exponent", 2, 2, _power),
    "POWER": Function("number, exponent", 2, 2, _power),
    "MOD": _of_two_numbers("%"),
    "DIV": _of_two_numbers("//"),
    "LEAST": _extreme(pl.min_horizontal),
    "GREATEST": _extreme(pl.max_horizontal),
    "COALESCE": Function("value, value, ...", 1, MANY, _first_known),
    "IFNULL": Function("value, value", 2, 2, _first_known),
    "NULLIF": Function("value, value", 2, 2, _null_if),
    "IF": Function("condition, value, value", 3, 3, _if),
    "AVG": _aggregate(pl.Expr.mean, *_NUMBER_OR_TRUTH),
    "MIN": _aggregate(pl.Expr.min, Kind.NUMBER, raw=False),
    "MAX": _aggregate(pl.Expr.max, Kind.NUMBER, raw=False),
    "SUM": _aggregate(total, *_NUMBER_OR_TRUTH),
    "COUNT": Function("value", 1, 1, count, aggregates=True),
    "MEDIAN": _aggregate(pl.Expr.median, Kind.NUMBER),
    "STDDEV": _aggregate(pl.Expr.std, Kind.NUMBER),
    "VARIANCE": _aggregate(pl.Expr.var, Kind.NUMBER),
    "QUANTILE_CONT": _quantile("linear"),
    "QUANTILE_DISC": _quantile("equiprobable"),
    "RANK": Function("number", 1, 1, standing, is_standing=True),
    "PERCENT_RANK": Function("number", 1, 1, standing, is_standing=True),
    "UPPER": _textual(lambda text: text.str.to_uppercase()),
    "LOWER": _textual(lambda text: text.str.to_lowercase()),
    "TRIM": _textual(lambda text: text.str.strip_chars()),
    "LENGTH": _textual(lambda text: text.str.len_chars().cast(pl.Float64), Kind.NUMBER),
    "LEFT": Function("text, characters", 2, 2, _slice),
    "RIGHT": Function("text, characters", 2, 2, _slice),
    "SUBSTR": Function("text, start from 1, characters", 2, 3, _slice),
    "REPLACE": Function("text, old, new", 3, 3, _replace),
    "STARTS_WITH": _of_two_texts("text, start", lambda a, b: a.str.starts_with(b), Kind.TRUTH),
    "ENDS_WITH": _of_two_texts("text, end", lambda a, b: a.str.ends_with(b), Kind.TRUTH),
    "REGEXP_LIKE": Function("text, pattern", 2, 2, _matches),
}
"""The functions, upper-case."""
