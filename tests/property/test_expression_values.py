"""Random expressions against a few lines of Python that know nothing of NumPy or polars."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from symscan.errors import ExpressionError
from symscan.scanners.screens.language import numpy_evaluator as arrays
from symscan.scanners.screens.language.clauses import split
from symscan.scanners.screens.language.compiler import compile_expression, compile_where
from symscan.scanners.screens.language.names import Kind, Names

NAMES = Names({"sector": Kind.TEXT})
COLUMNS = ("close", "volume", "gap_pct")
ROWS = 6

Node = tuple[Any, ...]
cells = st.sampled_from([0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, 1e200, -1e200, 1e-200, None])
literals = st.sampled_from([0.0, 1.0, 2.0, 0.5, 1e200])

number: st.SearchStrategy[Node] = st.recursive(
    st.one_of(
        st.sampled_from(COLUMNS).map(lambda name: ("column", name)), literals.map(lambda x: ("number", x))
    ),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from("+-*/"), inner, inner),
        st.tuples(st.just("negative"), inner),
        st.tuples(st.just("ABS"), inner),
        st.tuples(st.just("COALESCE"), inner, inner),
        st.tuples(st.just("GREATEST"), inner, inner),
    ),
    max_leaves=6,
)
compared = st.one_of(
    st.tuples(st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), number, number),
    st.tuples(st.just("IS NULL"), number),
)
condition: st.SearchStrategy[Node] = st.recursive(
    compared,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["AND", "OR"]), inner, inner), st.tuples(st.just("NOT"), inner)
    ),
    max_leaves=5,
)
rows = st.lists(st.tuples(*[cells] * len(COLUMNS)), min_size=ROWS, max_size=ROWS)


def text(node: Node) -> str:
    match node:
        case ("column", name):
            return str(name)
        case ("number", value):
            return repr(value)
        case ("negative", inner):
            return f"(- {text(inner)})"
        case ("NOT", inner):
            return f"(NOT {text(inner)})"
        case ("IS NULL", inner):
            return f"({text(inner)} IS NULL)"
        case (("ABS" | "COALESCE" | "GREATEST") as name, *inner):
            return f"{name}({', '.join(map(text, inner))})"
        case (sign, left, right):
            return f"({text(left)} {sign} {text(right)})"
    raise AssertionError(node)


SIGNS = {"+": operator.add, "-": operator.sub, "*": operator.mul}
ORDERS = {"=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le}
ORDERS |= {">": operator.gt, ">=": operator.ge}


def value(node: Node, row: dict[str, float | None]) -> Any:
    """What an expression is worth; None is unknown, and so is every number that is not finite."""
    operation, *parts = node
    if operation == "column":
        return row[parts[0]]
    if operation == "number":
        return parts[0]
    values = [value(part, row) for part in parts]
    if operation == "IS NULL":
        return values[0] is None
    if operation == "AND":
        return False if False in values else None if None in values else True
    if operation == "OR":
        return True if True in values else None if None in values else False
    if operation == "COALESCE":
        return values[0] if values[0] is not None else values[1]
    if operation == "GREATEST":
        return max((one for one in values if one is not None), default=None)
    if None in values:
        return None
    if operation in ORDERS:
        return ORDERS[operation](*values)
    return single(operation, values)


def single(operation: str, values: list[Any]) -> Any:
    match operation:
        case "NOT":
            return not values[0]
        case "negative":
            return -values[0]
        case "ABS":
            return abs(values[0])
        case "/":
            result = values[0] / values[1] if values[1] else math.nan
        case sign:
            result = SIGNS[sign](*values)
    return result if math.isfinite(result) else None


def evaluated(frame: pl.DataFrame, expr: pl.Expr) -> list[Any]:
    """What polars makes of an expression; one value stands for every row."""
    values = frame.select(expr).to_series().to_list()
    return values if len(values) == ROWS else values * ROWS


def unknown_as_nan(values: list[float | None]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([math.nan if one is None else one for one in values], np.float64)


@settings(max_examples=150, deadline=None)
@given(node=st.one_of(number, condition), data=rows)
def test_every_way_gives_the_same_values(node: Node, data: list[tuple[float | None, ...]]) -> None:
    frame = pl.DataFrame(data, schema=dict.fromkeys(COLUMNS, pl.Float64), orient="row")
    try:
        compiled = compile_expression(text(node), NAMES)
    except ExpressionError as error:
        assert "the same for every symbol" in str(error)
        return
    expected = [value(node, row) for row in frame.iter_rows(named=True)]
    assert evaluated(frame, compiled.expr) == expected
    if compiled.tree is None:
        assert "GREATEST" in text(node)
        return
    columns = {name: unknown_as_nan(frame[name].to_list()) for name in COLUMNS}
    if compiled.kind is Kind.NUMBER:
        numbers = arrays.numbers(compiled.tree, columns)
        assert np.array_equal(numbers, unknown_as_nan(expected), equal_nan=True)
    else:
        true, false = arrays.truth(compiled.tree, columns)
        assert true.tolist() == [one is True for one in expected]
        assert false.tolist() == [one is False for one in expected]


@settings(max_examples=60, deadline=None)
@given(node=condition, data=rows)
def test_clauses_add_up_to_their_condition(node: Node, data: list[tuple[float | None, ...]]) -> None:
    frame = pl.DataFrame(data, schema=dict.fromkeys(COLUMNS, pl.Float64), orient="row")
    try:
        clauses = split(compile_where(text(node), NAMES).term)
    except ExpressionError:
        return
    truths = []
    for one in clauses:
        truth = evaluated(frame, one.truth.expr)
        if one.value is not None and one.limit is not None and one.op is not None:
            sides = zip(evaluated(frame, one.value.expr), evaluated(frame, one.limit.expr), strict=True)
            assert truth == [None if None in pair else ORDERS[one.op](*pair) for pair in sides]
        if one.depth == 0:
            truths.append(truth)
    together = [False if False in row else None if None in row else True for row in zip(*truths, strict=True)]
    assert together == [value(node, row) for row in frame.iter_rows(named=True)]


@settings(max_examples=150, deadline=None)
@given(node=condition, data=rows)
def test_polars_own_sql_agrees_where_all_is_known(node: Node, data: list[tuple[float | None, ...]]) -> None:
    known = [tuple(1.5 if one is None else one for one in row) for row in data]
    frame = pl.DataFrame(known, schema=dict.fromkeys(COLUMNS, pl.Float64), orient="row")
    expected = [value(node, row) for row in frame.iter_rows(named=True)]
    if not all(_is_finite_throughout(node, row) for row in frame.iter_rows(named=True)):
        return
    assert evaluated(frame, pl.sql_expr(text(node))) == expected


def _is_finite_throughout(node: Node, row: dict[str, float | None]) -> bool:
    operation, *parts = node
    if operation in ("column", "number"):
        return True
    return value(node, row) is not None and all(_is_finite_throughout(part, row) for part in parts)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="close volume()'\"`;-+*/<>=,.%|1eE AND OR NOT IN CASE WHEN SELECT\n\\é", max_size=40))
def test_any_text_compiles_or_is_refused(source: str) -> None:
    try:
        compile_where(source, NAMES)
    except ExpressionError as error:
        assert error.offset is None or 0 <= error.offset <= len(source)
