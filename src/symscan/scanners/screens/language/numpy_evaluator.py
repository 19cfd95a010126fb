"""The common part of an expression in NumPy: at a few hundred symbols it takes a tenth of polars' time.

A tree computes the same as a term's polars expression; where a term has no tree, polars evaluates
the whole. Both give the same values, bit for bit, which a property test holds them to.

A tree is compiled into functions. What they compute of the same arrays is computed once, whichever
expression needs it first: screens over the same symbols share more than their columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any, Final

import numpy as np

from symscan.model.bar import Floats, Mask
from symscan.session.shared_columns import Computed

Tree = tuple[Any, ...]
"""An operation and what it takes: ``(">", ("column", "close"), ("number", 5.0))``."""

Columns = Mapping[str, Floats]
Truth = tuple[Mask, Mask]
"""Where it is true and where it is false; it is unknown in between. So NOT swaps and AND needs no null."""

Node = Callable[[Columns, Computed], Any]
"""Evaluates a part of an expression."""


def compile_tree(tree: Tree) -> Node:
    """Compile a tree: of a number to ``Floats``, NaN where unknown; of a condition to :data:`Truth`."""
    folded = _folded(tree)
    node = _compiled(folded)
    return _without_warnings(node) if _may_warn(folded) else node


def numbers(tree: Tree, columns: Columns) -> Floats:
    """The values of a number's tree, NaN where unknown."""
    values: Floats = compile_tree(tree)(columns, {})
    return values


def truth(tree: Tree, columns: Columns) -> Truth:
    """Where a condition's tree is true and where it is false."""
    found: Truth = compile_tree(tree)(columns, {})
    return found


def apply(function: Callable[..., Any], *nodes: Node) -> Node:
    """Return a node that applies a function, once to the same arrays."""
    if len(nodes) == 2:
        return _apply_to_two(function, *nodes)

    def applied(columns: Columns, computed: Computed) -> Any:
        values = [node(columns, computed) for node in nodes]
        key = (function, *map(id, values))
        found = computed.get(key)
        if found is None:
            found = computed[key] = (function(*values), values)
        return found[0]

    return applied


def constant(value: float) -> Node:
    """Return a node that is a number: the same object wherever it is used."""
    array = _constant(float(value).hex())
    return lambda columns, computed: array  # noqa: ARG005 - a node's arguments


def column(name: str) -> Node:
    """Return a node that is a column."""
    return lambda columns, computed: columns[name]  # noqa: ARG005 - a node's arguments


def _apply_to_two(function: Callable[..., Any], left: Node, right: Node) -> Node:
    """Return :func:`apply` of two nodes, as most are: in half the time."""

    def applied(columns: Columns, computed: Computed) -> Any:
        a, b = left(columns, computed), right(columns, computed)
        key = (function, id(a), id(b))
        found = computed.get(key)
        if found is None:
            found = computed[key] = (function(a, b), a, b)
        return found[0]

    return applied


def _compiled(tree: Tree) -> Node:
    operation, *parts = tree
    if operation == "column":
        return column(parts[0])
    if operation == "number":
        return constant(parts[0])
    return apply(_FUNCTIONS[operation], *map(_compiled, parts))


def _folded(tree: Tree) -> Tree:
    """Return a tree whose calculations with nothing but numbers are done: ``5 * 1000`` is one number."""
    operation, *parts = tree
    parts = [_folded(part) if isinstance(part, tuple) else part for part in parts]
    if operation not in _OF_NUMBERS or any(part[0] != "number" for part in parts):
        return (operation, *parts)
    with np.errstate(all="ignore"):
        return ("number", float(_FUNCTIONS[operation](*(_constant(float(part[1]).hex()) for part in parts))))


@cache
def _constant(text: str) -> Floats:
    """Return a number as an array without dimensions: compared in half a scalar's time."""
    value = np.array(float.fromhex(text))
    value.flags.writeable = False
    return value


def _may_warn(tree: Tree) -> bool:
    """Whether a tree calculates: comparisons give no warnings, whatever they compare."""
    operation, *parts = tree
    return operation in _ARITHMETIC or any(isinstance(part, tuple) and _may_warn(part) for part in parts)


def _without_warnings(node: Node) -> Node:
    def quiet(columns: Columns, computed: Computed) -> Any:
        with np.errstate(all="ignore"):
            return node(columns, computed)

    return quiet


def _settled(values: Any) -> Any:
    finite = np.isfinite(values)
    return values if np.count_nonzero(finite) == finite.size else np.where(finite, values, np.nan)


def _first_known(*values: Any) -> Any:
    return reduce(lambda known, other: np.where(np.isnan(known), other, known), values)


def _equal(a: Any, b: Any) -> Truth:
    return a == b, (a < b) | (a > b)  # NaN differs from everything, but is neither less nor greater


def _different(a: Any, b: Any) -> Truth:
    return _equal(a, b)[::-1]


def _less(a: Any, b: Any) -> Truth:
    return a < b, a >= b


def _at_most(a: Any, b: Any) -> Truth:
    return a <= b, a > b


def _greater(a: Any, b: Any) -> Truth:
    return a > b, a <= b


def _at_least(a: Any, b: Any) -> Truth:
    return a >= b, a < b


def _null(values: Any) -> Truth:
    unknown = np.isnan(values)
    return unknown, ~unknown


def _and(a: Truth, b: Truth) -> Truth:
    return a[0] & b[0], a[1] | b[1]


def _or(a: Truth, b: Truth) -> Truth:
    return a[0] | b[0], a[1] & b[1]


def _not(a: Truth) -> Truth:
    return a[1], a[0]


_ARITHMETIC: Final[dict[str, Callable[..., Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
}
_OF_NUMBERS: Final = frozenset({*_ARITHMETIC, "negative", "abs", "settle"})
"""What makes a number of numbers."""

_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    **_ARITHMETIC,
    "negative": np.negative,
    "abs": np.abs,
    "coalesce": _first_known,
    "settle": _settled,
    "=": _equal,
    "<>": _different,
    "<": _less,
    "<=": _at_most,
    ">": _greater,
    ">=": _at_least,
    "is null": _null,
    "and": _and,
    "or": _or,
    "not": _not,
}
