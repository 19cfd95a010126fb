"""Pieces of polars' own description of an expression, as JSON."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl

from symscan.errors import ExpressionError
from symscan.scanners.screens.language import terms
from symscan.scanners.screens.language.terms import Kind, Term

Node = Any
"""A piece: text, or a mapping from its kind to its content."""


def single(node: Node) -> tuple[str, Node]:
    """The kind of a node and its content."""
    if isinstance(node, str):
        raise refusal(node)
    [(kind, content)] = node.items()
    return kind, content


def function_name(node: Node) -> tuple[str, Node]:
    """``Abs``, ``Boolean.IsNull``, ``Round`` and its options."""
    if isinstance(node, str):
        return node, None
    kind, content = single(node)
    if kind not in ("Boolean", "StringExpr", "StructExpr", "Pow"):
        return kind, content
    name, options = (content, None) if isinstance(content, str) else single(content)
    return f"{kind}.{name}", options


def literal(node: Node) -> Term:
    """A value written out."""
    _, content = single(node)
    if not isinstance(content, dict):
        raise refusal("a literal Series")
    [(kind, value)] = content.items()
    return _value(value if kind != "Null" else None, kind)


def _value(value: object, kind: str) -> Term:
    match value:
        case None:
            return terms.NULL
        case bool():
            return Term(pl.lit(value), Kind.TRUTH, str(value))
        case int() | float() if kind.startswith(("Int", "UInt", "Float")):  # a date is an integer too
            return terms.number(float(value))
        case str():
            return Term(pl.lit(value), Kind.TEXT, f"'{value}'", value=value)
    raise refusal(f"a literal of type {kind}")


def literal_list(node: Node) -> list[Term]:
    """The values of a written-out list, which polars keeps in its own binary form."""
    kind, _ = single(node)
    if kind != "Literal":
        raise ExpressionError("is_in needs a list written out, as in is_in(['Energy', 'Utilities'])")
    series = pl.select(pl.Expr.deserialize(io.StringIO(json.dumps(node)), format="json")).to_series()
    values = series.explode(empty_as_null=False) if series.dtype == pl.List else series
    return [_value(value, str(values.dtype)) for value in values.to_list()]


def shown(node: Node) -> str:
    """The piece as polars writes it, for errors."""
    try:
        return str(pl.Expr.deserialize(io.StringIO(json.dumps(node)), format="json"))
    except pl.exceptions.PolarsError:
        return json.dumps(node)


def refusal(what: str) -> ExpressionError:
    """The error of something a screen may not use."""
    allowed = (
        "comparisons, arithmetic, & | ~, when/then, is_null, is_in, is_between, rounding, roots, logarithms, "
    )
    allowed += "text functions and plain aggregates"
    return ExpressionError(f"'{what}' is not what a screen may use; there are {allowed}")
