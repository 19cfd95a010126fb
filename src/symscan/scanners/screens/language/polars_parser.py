"""Read an expression written with Python's polars into a term.

Only what an expression of SQL can say is read: each row by itself, or an aggregate of the universe.
So there is one meaning of NaN, null and types, whichever way a screen is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from symscan.errors import ExpressionError
from symscan.scanners.screens.language import functions, terms
from symscan.scanners.screens.language import functions as aggregates
from symscan.scanners.screens.language.names import Name, Names, UnknownNameError
from symscan.scanners.screens.language.polars_json import (
    Node,
    function_name,
    literal,
    literal_list,
    refusal,
    shown,
    single,
)
from symscan.scanners.screens.language.terms import Kind, Term

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

    def _term(self, node: Node) -> Term:
        term = self._read(node)
        return term if term.text else replace(term, text=shown(node))

    def _read(self, node: Node) -> Term:
        if node == "Len":
            return aggregates.count_rows()
        kind, content = single(node)
        readers: Mapping[str, Callable[[Node], Term]] = {
            "Column": lambda name: self._name(name, None),
            "Literal": literal,
            "Alias": lambda parts: self._term(parts[0]),
            "BinaryExpr": self._binary,
            "Ternary": self._ternary,
            "Agg": self._aggregate,
            "Function": self._function,
            "Cast": self._cast,
            "Over": self._over,
        }
        if kind not in readers:
            raise refusal(kind)
        return readers[kind](content)

    def _name(self, text: str, output: str | None) -> Term:
        try:
            name = self._names.resolve(text, output)
        except UnknownNameError as error:
            raise ExpressionError(str(error), token=text) from None
        self.used[name.column] = name
        return replace(terms.column(name.column, name.kind), text=text)

    def _binary(self, node: Node) -> Term:
        left, right, op = self._term(node["left"]), self._term(node["right"]), node["op"]
        if op in _COMPARISONS:
            return terms.compare(_COMPARISONS[op], left, right)
        if op in _ARITHMETIC:
            texts = op == "Plus" and left.kind is Kind.TEXT
            return terms.arithmetic("||" if texts else _ARITHMETIC[op], left, right)
        if op in _LOGIC:
            return _LOGIC[op](left, right)
        raise refusal(op)

    def _ternary(self, node: Node) -> Term:
        condition, yes = self._term(node["predicate"]), self._term(node["truthy"])
        return terms.choose([(condition, yes)], self._term(node["falsy"]))

    def _cast(self, node: Node) -> Term:
        """A cast to Float64, which every number is already; the other way round for counting."""
        term = self._term(node["expr"])
        if node["dtype"] != {"Literal": "Float64"} or term.kind not in (Kind.NUMBER, Kind.TRUTH):
            raise ExpressionError("a screen casts to Float64 only; every number is one already")
        truth = term.kind is Kind.TRUTH
        return terms.derived(term.expr.cast(pl.Float64), Kind.NUMBER, term) if truth else term

    def _aggregate(self, node: Node) -> Term:
        kind, content = single(node)
        if kind == "NUnique":
            return aggregates.count_distinct(self._term(content))
        if kind not in _AGGREGATES:
            raise refusal(kind)
        if isinstance(content, list):
            content, degrees = content
            if degrees != 1:
                raise ExpressionError(f"{_AGGREGATES[kind]} with ddof={degrees}: a screen knows ddof=1 only")
        if isinstance(content, dict) and "input" in content:
            if content.get("include_nulls"):
                return aggregates.count_rows()
            content = content["input"]
        return self._call(_AGGREGATES[kind], content)

    def _over(self, node: Node) -> Term:
        """``over``: an aggregate or a rank among the symbols of the same group."""
        partition = node["partition_by"]
        if len(partition) != 1 or node["order_by"] is not None or node["mapping"] != "GroupsToRows":
            raise ExpressionError("over takes one column of groups, as in over('sector'), and nothing else")
        nested, called = [], self._term(node["function"])
        if not called.spans:
            raise called.fault(f"over groups aggregates and rank; '{called.text}' is none of them")
        for part in _arguments(node["function"]):
            nested.append(self._term(part))
        aggregates.refuse_nested(nested)
        return aggregates.grouped(called, self._term(partition[0]))

    def _rank(self, nodes: list[Node], options: Node) -> Term:
        if options["options"] != {"method": "Min", "descending": True}:
            raise ExpressionError("a screen knows rank(method='min', descending=True) only: 1 is the highest")
        return self._call("RANK", *nodes)

    def _call(self, name: str, *nodes: Node) -> Term:
        return functions.call(name, [self._term(node) for node in nodes], Term(pl.lit(None), Kind.NULL, name))

    def _function(self, node: Node) -> Term:
        name, options = function_name(node["function"])
        inputs = node["input"]
        if name in _CALLS:
            return self._call(_CALLS[name], *inputs)
        special: Mapping[str, Callable[[list[Node], Node], Term]] = {
            "Negate": lambda nodes, _: terms.negative(self._term(nodes[0])),
            "Round": self._round,
            "Quantile": self._quantile,
            "Clip": self._clip,
            "Rank": self._rank,
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
            raise refusal(name)
        return special[name](inputs, options)

    def _fold(self, join: Callable[[Term, Term], Term], nodes: list[Node]) -> Term:
        first, *others = (self._term(node) for node in nodes)
        for other in others:
            first = join(first, other)
        return first

    def _round(self, nodes: list[Node], options: Node) -> Term:
        if options["mode"] != "HalfToEven":
            raise ExpressionError(f"round(mode={options['mode']}): a screen knows half_to_even only")
        return self._call("ROUND", nodes[0], {"Literal": {"Dyn": {"Int": options["decimals"]}}})

    def _quantile(self, nodes: list[Node], options: Node) -> Term:
        names = {"Linear": "QUANTILE_CONT", "Equiprobable": "QUANTILE_DISC"}
        if options["method"] not in names:
            raise ExpressionError("quantile: give interpolation='linear' or 'equiprobable'")
        return self._call(names[options["method"]], *nodes)

    def _clip(self, nodes: list[Node], options: Node) -> Term:
        """``clip``: unlike LEAST and GREATEST, unknown where the value is."""
        value, *bounds = (terms.expect(self._term(node), Kind.NUMBER, "clip") for node in nodes)
        low = bounds.pop(0).expr if options["has_min"] else None
        high = bounds.pop(0).expr if options["has_max"] else None
        return terms.derived(value.expr.clip(low, high), Kind.NUMBER, value)

    def _field(self, nodes: list[Node], output: str) -> Term:
        kind, name = single(nodes[0])
        if kind != "Column":
            raise refusal("struct.field")
        return self._name(name, output)

    def _contains(self, nodes: list[Node], options: Node) -> Term:
        text, pattern = (self._term(node) for node in nodes)
        if not options["literal"]:
            return functions.matching(text, pattern, "str.contains")
        a, b = terms.expect(text, Kind.TEXT, "str.contains"), terms.expect(pattern, Kind.TEXT, "str.contains")
        return terms.derived(a.expr.str.contains(b.expr, literal=True), Kind.TRUTH, a, b)

    def _between(self, nodes: list[Node], options: Node) -> Term:
        value, low, high = (self._term(node) for node in nodes)
        closed = options["closed"]
        above = ">=" if closed in ("Both", "Left") else ">"
        below = "<=" if closed in ("Both", "Right") else "<"
        return terms.within(value, (above, low), (below, high))

    def _is_in(self, nodes: list[Node], _: Node) -> Term:
        return terms.is_among(self._term(nodes[0]), literal_list(nodes[1]))


def _arguments(node: Node) -> list[Node]:
    """Return what an aggregate or a rank is of."""
    while isinstance(node, dict) and ("Alias" in node or "Cast" in node):
        node = node["Alias"][0] if "Alias" in node else node["Cast"]["expr"]
    if node == "Len":
        return []
    kind, content = single(node)
    if kind == "Function":
        return list(content["input"])
    if kind != "Agg":
        raise ExpressionError("over takes an aggregate or a rank alone; calculate with what it gives")
    _, of = single(content)
    of = of[0] if isinstance(of, list) else of
    return [of["input"] if isinstance(of, dict) and "input" in of else of]
