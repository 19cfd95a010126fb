"""Read an expression written with Python's polars into a term.

Only what an expression of SQL can say is read: each row by itself, or an aggregate of the universe.
So there is one meaning of NaN, null and types, whichever way a screen is written.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import polars as pl

from symscan.errors import ExpressionError
from symscan.scanners import expression_functions as functions
from symscan.scanners import expression_terms as terms
from symscan.scanners.expression_names import Name, Names, UnknownNameError
from symscan.scanners.expression_terms import Kind, Term

_Node = Any
"""A piece of polars' own description of an expression, as JSON."""

_COMPARISONS: Final = {"Eq": "=", "NotEq": "<>", "Lt": "<", "LtEq": "<=", "Gt": ">", "GtEq": ">="}
_ARITHMETIC: Final = {
    "Plus": "+",
    "Minus": "-",
    "Multiply": "*",
    "TrueDivide": "/",
    "FloorDivide": "//",
    "Modulus": "%",
}
_LOGIC: Final = {"And": terms.both, "Or": terms.either}

_CALLS: Final = {
    "Abs": "ABS",
    "Sign": "SIGN",
    "Ceil": "CEIL",
    "Floor": "FLOOR",
    "Exp": "EXP",
    "Log": "LOG",
    "Log1p": "LOG1P",
    "Pow.Generic": "POW",
    "Pow.Sqrt": "SQRT",
    "Pow.Cbrt": "CBRT",
    "MinHorizontal": "LEAST",
    "MaxHorizontal": "GREATEST",
    "Coalesce": "COALESCE",
    "FillNull": "COALESCE",
    "StringExpr.Uppercase": "UPPER",
    "StringExpr.Lowercase": "LOWER",
    "StringExpr.LenChars": "LENGTH",
    "StringExpr.StartsWith": "STARTS_WITH",
    "StringExpr.EndsWith": "ENDS_WITH",
}
_AGGREGATES: Final = {
    "Mean": "AVG",
    "Median": "MEDIAN",
    "Min": "MIN",
    "Max": "MAX",
    "Sum": "SUM",
    "Std": "STDDEV",
    "Var": "VARIANCE",
    "Count": "COUNT",
}


class PythonReader:
    """Walks polars' description of an expression.

    Parameters
    ----------
    source
        The expression.
    names
        What its names stand for.
    """

    def __init__(self, source: pl.Expr, names: Names) -> None:
        self.used: dict[str, Name] = {}
        self._source = source
        self._names = names

    def parse(self) -> Term:
        """The whole expression.

        Raises
        ------
        ExpressionError
            If it does what a screen may not do, or its types do not fit.
        """
        if not isinstance(self._source, pl.Expr):
            raise ExpressionError(
                f"{self._source!r} is not an expression; give a text or a polars expression"
            )
        try:
            described = self._source.meta.serialize(format="json")
        except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise ExpressionError(
                f"the expression cannot be read ({error}); Python functions are not allowed"
            ) from None
        try:
            return self._term(json.loads(described))
        except RecursionError:
            raise ExpressionError("the expression nests too deep; split the screen") from None

    def _term(self, node: _Node) -> Term:
        term = self._read(node)
        return term if term.text else replace(term, text=_shown(node))

    def _read(self, node: _Node) -> Term:
        if node == "Len":
            return functions.count_rows()
        kind, content = _single(node)
        readers: Mapping[str, Callable[[_Node], Term]] = {
            "Column": lambda name: self._name(name, None),
            "Literal": _literal,
            "Alias": lambda parts: self._term(parts[0]),
            "BinaryExpr": self._binary,
            "Ternary": self._ternary,
            "Agg": self._aggregate,
            "Function": self._function,
            "Cast": self._cast,
        }
        if kind not in readers:
            raise _refused(kind)
        return readers[kind](content)

    def _name(self, text: str, output: str | None) -> Term:
        try:
            name = self._names.resolve(text, output)
        except UnknownNameError as error:
            raise ExpressionError(str(error), token=text) from None
        self.used[name.column] = name
        return replace(terms.column(name.column, name.kind), text=text)

    def _binary(self, node: _Node) -> Term:
        left, right, op = self._term(node["left"]), self._term(node["right"]), node["op"]
        if op in _COMPARISONS:
            return terms.compare(_COMPARISONS[op], left, right)
        if op in _ARITHMETIC:
            texts = op == "Plus" and left.kind is Kind.TEXT
            return terms.arithmetic("||" if texts else _ARITHMETIC[op], left, right)
        if op in _LOGIC:
            return _LOGIC[op](left, right)
        raise _refused(op)

    def _ternary(self, node: _Node) -> Term:
        condition, yes = self._term(node["predicate"]), self._term(node["truthy"])
        return terms.choose([(condition, yes)], self._term(node["falsy"]))

    def _cast(self, node: _Node) -> Term:
        """A cast to Float64, which every number is already; the other way round for counting."""
        term = self._term(node["expr"])
        if node["dtype"] != {"Literal": "Float64"} or term.kind not in (Kind.NUMBER, Kind.TRUTH):
            raise ExpressionError("a screen casts to Float64 only; every number is one already")
        truth = term.kind is Kind.TRUTH
        return terms.derived(term.expr.cast(pl.Float64), Kind.NUMBER, term) if truth else term

    def _aggregate(self, node: _Node) -> Term:
        kind, content = _single(node)
        if kind == "NUnique":
            return functions.count_distinct(self._term(content))
        if kind not in _AGGREGATES:
            raise _refused(kind)
        if isinstance(content, list):
            content, degrees = content
            if degrees != 1:
                raise ExpressionError(f"{_AGGREGATES[kind]} with ddof={degrees}: a screen knows ddof=1 only")
        if isinstance(content, dict) and "input" in content:
            if content.get("include_nulls"):
                return functions.count_rows()
            content = content["input"]
        return self._call(_AGGREGATES[kind], content)

    def _call(self, name: str, *nodes: _Node) -> Term:
        return functions.call(name, [self._term(node) for node in nodes], Term(pl.lit(None), Kind.NULL, name))

    def _function(self, node: _Node) -> Term:
        name, options = _function_name(node["function"])
        inputs = node["input"]
        if name in _CALLS:
            return self._call(_CALLS[name], *inputs)
        special: Mapping[str, Callable[[list[_Node], _Node], Term]] = {
            "Negate": lambda nodes, _: terms.negative(self._term(nodes[0])),
            "Round": self._round,
            "Quantile": self._quantile,
            "Clip": self._clip,
            "StructExpr.FieldByName": self._field,
            "StringExpr.Contains": self._contains,
            "Boolean.Not": lambda nodes, _: terms.negation(self._term(nodes[0])),
            "Boolean.IsNull": lambda nodes, _: terms.is_null(self._term(nodes[0])),
            "Boolean.IsNotNull": lambda nodes, _: terms.negation(terms.is_null(self._term(nodes[0]))),
            "Boolean.IsBetween": self._between,
            "Boolean.IsIn": self._is_in,
            "Boolean.AllHorizontal": lambda nodes, _: self._fold(terms.both, nodes),
            "Boolean.AnyHorizontal": lambda nodes, _: self._fold(terms.either, nodes),
        }
        if name not in special:
            raise _refused(name)
        return special[name](inputs, options)

    def _fold(self, join: Callable[[Term, Term], Term], nodes: list[_Node]) -> Term:
        first, *others = (self._term(node) for node in nodes)
        for other in others:
            first = join(first, other)
        return first

    def _round(self, nodes: list[_Node], options: _Node) -> Term:
        if options["mode"] != "HalfToEven":
            raise ExpressionError(f"round(mode={options['mode']}): a screen knows half_to_even only")
        return self._call("ROUND", nodes[0], {"Literal": {"Dyn": {"Int": options["decimals"]}}})

    def _quantile(self, nodes: list[_Node], options: _Node) -> Term:
        names = {"Linear": "QUANTILE_CONT", "Equiprobable": "QUANTILE_DISC"}
        if options["method"] not in names:
            raise ExpressionError("quantile: give interpolation='linear' or 'equiprobable'")
        return self._call(names[options["method"]], *nodes)

    def _clip(self, nodes: list[_Node], options: _Node) -> Term:
        """``clip``: unlike LEAST and GREATEST, unknown where the value is."""
        value, *bounds = (terms.expect(self._term(node), Kind.NUMBER, "clip") for node in nodes)
        low = bounds.pop(0).expr if options["has_min"] else None
        high = bounds.pop(0).expr if options["has_max"] else None
        return terms.derived(value.expr.clip(low, high), Kind.NUMBER, value)

    def _field(self, nodes: list[_Node], output: str) -> Term:
        kind, name = _single(nodes[0])
        if kind != "Column":
            raise _refused("struct.field")
        return self._name(name, output)

    def _contains(self, nodes: list[_Node], options: _Node) -> Term:
        text, pattern = (self._term(node) for node in nodes)
        if not options["literal"]:
            return functions.matching(text, pattern, "str.contains")
        a, b = terms.expect(text, Kind.TEXT, "str.contains"), terms.expect(pattern, Kind.TEXT, "str.contains")
        return terms.derived(a.expr.str.contains(b.expr, literal=True), Kind.TRUTH, a, b)

    def _between(self, nodes: list[_Node], options: _Node) -> Term:
        value, low, high = (self._term(node) for node in nodes)
        closed = options["closed"]
        above = terms.compare(">=" if closed in ("Both", "Left") else ">", value, low)
        return terms.both(above, terms.compare("<=" if closed in ("Both", "Right") else "<", value, high))

    def _is_in(self, nodes: list[_Node], _: _Node) -> Term:
        return terms.is_among(self._term(nodes[0]), _list(nodes[1]))


def _single(node: _Node) -> tuple[str, _Node]:
    """The kind of a node and its content."""
    if isinstance(node, str):
        raise _refused(node)
    [(kind, content)] = node.items()
    return kind, content


def _function_name(node: _Node) -> tuple[str, _Node]:
    """``Abs``, ``Boolean.IsNull``, ``Round`` and its options."""
    if isinstance(node, str):
        return node, None
    kind, content = _single(node)
    if kind not in ("Boolean", "StringExpr", "StructExpr", "Pow"):
        return kind, content
    name, options = (content, None) if isinstance(content, str) else _single(content)
    return f"{kind}.{name}", options


def _literal(node: _Node) -> Term:
    _, content = _single(node)
    if not isinstance(content, dict):
        raise _refused("a literal Series")
    [(kind, value)] = content.items()
    return _value(value if kind != "Null" else None, kind)


def _value(value: object, kind: str) -> Term:
    match value:
        case None:
            return terms.NULL
        case bool():
            return Term(pl.lit(value), Kind.TRUTH, str(value))
        case int() | float():
            return terms.number(float(value))
        case str():
            return Term(pl.lit(value), Kind.TEXT, f"'{value}'", value=value)
    raise _refused(f"a literal of type {kind}")


def _list(node: _Node) -> list[Term]:
    """The values of a written-out list, which polars keeps in its own binary form."""
    kind, _ = _single(node)
    if kind != "Literal":
        raise ExpressionError("is_in needs a list written out, as in is_in(['Energy', 'Utilities'])")
    series = pl.select(pl.Expr.deserialize(io.StringIO(json.dumps(node)), format="json")).to_series()
    values = series.explode(empty_as_null=False) if series.dtype == pl.List else series
    return [_value(value, str(values.dtype)) for value in values.to_list()]


def _shown(node: _Node) -> str:
    """The piece as polars writes it, for errors."""
    try:
        return str(pl.Expr.deserialize(io.StringIO(json.dumps(node)), format="json"))
    except pl.exceptions.PolarsError:
        return json.dumps(node)


def _refused(what: str) -> ExpressionError:
    allowed = (
        "comparisons, arithmetic, & | ~, when/then, is_null, is_in, is_between, rounding, roots, logarithms, "
    )
    allowed += "text functions and plain aggregates"
    return ExpressionError(f"'{what}' is not what a screen may use; there are {allowed}")
