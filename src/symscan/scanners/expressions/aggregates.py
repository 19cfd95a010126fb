"""Aggregates: one value of the whole universe, or a symbol's standing in it."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from symscan.scanners.expressions.terms import Kind, Term, choose, derived, expect, settle


def total(values: pl.Expr) -> pl.Expr:
    """The sum; that of nothing known is unknown, not 0."""
    return pl.when(values.count() > 0).then(values.sum())


def count_rows() -> Term:
    """``COUNT(*)``: how many symbols the universe has."""
    return derived(pl.len().cast(pl.Float64), Kind.NUMBER)


def count(_: str, arguments: Sequence[Term]) -> Term:
    """``COUNT(x)``: how many known values there are."""
    term = settle(arguments[0])
    return derived(term.expr.count().cast(pl.Float64), Kind.NUMBER, term)


def count_distinct(argument: Term) -> Term:
    """``COUNT(DISTINCT x)``: how many different known values there are."""
    term = settle(argument)
    return derived(term.expr.drop_nulls().n_unique().cast(pl.Float64), Kind.NUMBER, term)


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
    return Term(term.expr, term.kind, argument.text, argument.offset, settled=term.settled)
