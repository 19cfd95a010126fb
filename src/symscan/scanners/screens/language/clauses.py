"""Split a condition into its clauses: at its outermost ``AND``s, with ``NOT`` pushed inwards.

``BETWEEN`` is two clauses; an ``OR`` is one, with its parts below it. A comparison of numbers keeps its two
sides, so that how far a symbol is from meeting it can be said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from typing import Final

import polars as pl

from symscan.model.decisions.clauses import COMPARISONS
from symscan.scanners.screens.language.numpy_evaluator import Tree
from symscan.scanners.screens.language.terms import Kind, Term, both, negation, settle

MOST_CLAUSES: Final = 15
"""So many clauses are told apart; what is beyond is joined in the last of them."""

MOST_LINES: Final = 24
"""So many lines clauses and their parts may have: parts beyond are left out."""

_OPPOSITES: Final = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "=": "<>", "<>": "="}


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One side of a comparison, or a truth value: for polars, and for NumPy where that can evaluate it."""

    expr: pl.Expr
    tree: Tree | None
    constant: float | None = None

    @staticmethod
    def of(term: Term) -> Side:
        """The side that a term is."""
        known = settle(term)
        return Side(known.expr, known.tree, term.value if isinstance(term.value, float) else None)


@dataclass(frozen=True, slots=True, eq=False)
class ClauseTerm:
    """A clause of a condition, or a part of one.

    Attributes
    ----------
    text
        As written.
    truth
        Whether it holds.
    depth
        0, or 1 for a part of the clause before it, 2 for a part of that.
    op, value, limit
        The comparison that it is; None where it is none of numbers.
    reads
        The names of what it reads beside its two sides, where it has no parts.
    """

    text: str
    truth: Side
    depth: int = 0
    op: str | None = None
    value: Side | None = None
    limit: Side | None = None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Literal:
    """A term, or its negation."""

    term: Term
    is_negated: bool

    @property
    def text(self) -> str:
        text = " ".join((self.term.text or _made_up(self.term)).split())
        return f"NOT ({text})" if self.is_negated else text

    @property
    def truth(self) -> Side:
        return Side.of(negation(self.term) if self.is_negated else self.term)

    def joined_by(self, word: str) -> Iterator[_Literal]:
        """Yield what ``AND`` or ``OR`` joins, itself if it joins nothing."""
        literal = self._without_not()
        logic, opposite = literal.term.logic, {"AND": "OR", "OR": "AND"}[word]
        if logic is None or logic.op != (opposite if literal.is_negated else word):
            yield self
            return
        for term in logic.terms:
            yield from _Literal(term, literal.is_negated).joined_by(word)

    def clause(self, depth: int) -> Iterator[ClauseTerm]:
        """Yield its clause, and the parts of it."""
        parts = list(self.joined_by("OR"))
        if len(parts) > 1:
            yield ClauseTerm(self.text, self.truth, depth)
            for part in parts:
                yield from part.clause(depth + 1)
            return
        both_of = list(self.joined_by("AND"))
        if len(both_of) > 1:
            yield ClauseTerm(self.text, self.truth, depth)
            for part in both_of:
                yield from part.clause(depth + 1)
            return
        yield self._leaf(depth)

    def _leaf(self, depth: int) -> ClauseTerm:
        literal = self._without_not()
        logic = literal.term.logic
        is_compared = logic is not None and logic.op in COMPARISONS and logic.terms[0].kind is Kind.NUMBER
        if logic is None or not is_compared:
            names = tuple(sorted(set(self.term.expr.meta.root_names())))
            return ClauseTerm(self.text, self.truth, depth, reads=names)
        op = _OPPOSITES[logic.op] if literal.is_negated else logic.op
        value, limit = map(Side.of, logic.terms)
        shown = {side.expr.meta.output_name() for side in (value, limit) if side.expr.meta.is_column()}
        others = tuple(sorted(set(literal.term.expr.meta.root_names()) - shown))
        return ClauseTerm(self.text, self.truth, depth, op, value, limit, others)

    def _without_not(self) -> _Literal:
        literal = self
        while literal.term.logic is not None and literal.term.logic.op == "NOT":
            literal = _Literal(literal.term.logic.terms[0], not literal.is_negated)
        return literal


def split(condition: Term) -> tuple[ClauseTerm, ...]:
    """Return the clauses of a condition, each followed by its parts."""
    return _lines(list(_Literal(condition, is_negated=False).joined_by("AND")))


def split_negation(condition: Term) -> tuple[ClauseTerm, ...]:
    """Return the one clause that a condition does not hold, followed by its parts."""
    return _lines([_Literal(condition, is_negated=True)])


def _lines(literals: Sequence[_Literal]) -> tuple[ClauseTerm, ...]:
    told, rest = literals, literals[MOST_CLAUSES - 1 :]
    if len(rest) > 1:
        told = [*literals[: MOST_CLAUSES - 1], _Literal(_all_of(rest), is_negated=False)]
    room, lines = MOST_LINES - len(told), []
    for literal in told:
        whole, *parts = literal.clause(0)
        taken = list(islice(parts, max(room, 0)))
        room -= len(taken)
        lines += [whole, *taken]
    return tuple(lines)


def _all_of(literals: Sequence[_Literal]) -> Term:
    terms = [negation(one.term) if one.is_negated else one.term for one in literals]
    return replace(reduce(both, terms), text=" AND ".join(one.text for one in literals), logic=None)


def _made_up(term: Term) -> str:
    """Return a text for what was written in Python, which has none of its own."""
    logic = term.logic
    if logic is None:
        return str(term.expr)
    texts = [part.text or _made_up(part) for part in logic.terms]
    return f"NOT ({texts[0]})" if logic.op == "NOT" else f" {logic.op} ".join(texts)
