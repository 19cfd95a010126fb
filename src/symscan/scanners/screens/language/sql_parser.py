"""Read an expression of polars SQL into a term."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from symscan.errors import ExpressionError
from symscan.scanners.screens.language import functions, terms
from symscan.scanners.screens.language import functions as aggregates
from symscan.scanners.screens.language.names import PRIOR, Name, Names, UnknownNameError
from symscan.scanners.screens.language.terms import Kind, Term
from symscan.scanners.screens.language.tokens import Cursor, Token, TokenKind, tokenize
from symscan.scanners.screens.lists import ListName

DEEPEST: Final = 30
"""How deep parentheses, calls, NOT, minus and CASE may nest."""

LONGEST_CHAIN: Final = 200
"""How many operators an expression may have."""

IN_SCANNER: Final = "in_scanner"
"""What asks whether a symbol is on another scanner's list."""

DAYS_TO: Final = "days_to"
"""What counts the sessions until a date."""

PER: Final = "per"
"""What names the groups of the call before it; elsewhere a name like any other."""

_COMPARISONS: Final = {
    "=": "=",
    "==": "=",
    "<>": "<>",
    "!=": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}


class ExpressionParser:
    """A recursive descent, one method per level of binding, loosest first.

    Parameters
    ----------
    text
        The expression.
    names
        What its names stand for.
    """

    def __init__(self, text: str, names: Names) -> None:
        self.used: dict[str, Name] = {}
        self._text = text
        self._names = names
        self._tokens = Cursor(tokenize(text))
        self._depth = 0
        self._operators = 0

    def parse(self) -> Term:
        """The whole expression.

        Raises
        ------
        ExpressionError
            At the first thing that cannot be read, or whose types do not fit.
        """
        if self._tokens.is_at_end:
            raise self._tokens.fault("the expression is empty")
        term = self._or()
        if not self._tokens.is_at_end:
            raise self._tokens.unexpected("an operator such as AND, or the end")
        return term

    def _placed(self, term: Term, start: int) -> Term:
        """The term with its place: from ``start`` to the last token taken."""
        return replace(term, text=self._text[start : self._tokens.end], offset=start)

    def _count_operator(self, token: Token) -> None:
        self._operators += 1
        if self._operators > LONGEST_CHAIN:
            message = f"the expression has more than {LONGEST_CHAIN} operators; split the screen"
            raise self._tokens.fault(message, token)

    def _nested(self, parse: Callable[[], Term]) -> Term:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._tokens.fault(f"the expression nests deeper than {DEEPEST} levels")
        term = parse()
        self._depth -= 1
        return term

    # -- truth values

    def _or(self) -> Term:
        return self._chain(self._and, {"OR": terms.either})

    def _and(self) -> Term:
        return self._chain(self._not, {"AND": terms.both})

    def _chain(self, part: Callable[[], Term], operators: dict[str, Callable[[Term, Term], Term]]) -> Term:
        """Parts joined by operators of one level, from left to right."""
        start = self._tokens.next.offset
        left = part()
        while token := self._tokens.accept(*operators):
            self._count_operator(token)
            left = self._placed(operators[token.value](left, part()), start)
        return left

    def _not(self) -> Term:
        token = self._tokens.accept("NOT")
        if token is None:
            return self._is()
        return self._placed(terms.negation(self._nested(self._not)), token.offset)

    def _is(self) -> Term:
        start = self._tokens.next.offset
        term = self._comparison()
        while token := self._tokens.accept("IS"):
            self._count_operator(token)
            negated = self._tokens.accept("NOT") is not None
            word = self._tokens.accept("NULL", "UNKNOWN", "TRUE", "FALSE")
            if word is None:
                raise self._tokens.unexpected("NULL, TRUE or FALSE after IS")
            known = word.value in ("NULL", "UNKNOWN")
            found = terms.is_null(term) if known else terms.is_truth(term, word.value == "TRUE")
            term = self._placed(terms.negation(found) if negated else found, start)
        return term

    def _comparison(self) -> Term:
        start = self._tokens.next.offset
        left = self._sum()
        while True:
            if token := self._tokens.accept(*_COMPARISONS):
                self._count_operator(token)
                left = self._placed(terms.compare(_COMPARISONS[token.value], left, self._sum()), start)
            elif self._is_predicate():
                negated = self._tokens.accept("NOT") is not None
                found = self._predicate(left, self._tokens.take())
                left = self._placed(terms.negation(found) if negated else found, start)
            else:
                return left

    def _is_predicate(self) -> bool:
        """Whether BETWEEN, IN or LIKE comes next, NOT before it or not."""
        word = self._tokens.keyword(0)
        return (self._tokens.keyword(1) if word == "NOT" else word) in ("BETWEEN", "IN", "LIKE", "ILIKE")

    def _predicate(self, left: Term, word: Token) -> Term:
        self._count_operator(word)
        if word.value == "BETWEEN":
            low = self._sum()
            self._tokens.expect("AND", " between the two ends of BETWEEN")
            return terms.between(left, low, self._sum())
        if word.value == "IN":
            self._tokens.expect("(", " after IN")
            return terms.is_among(left, self._list(self._sum))
        return functions.like(left, self._sum(), ignore_case=word.value == "ILIKE")

    # -- numbers and texts

    def _sum(self) -> Term:
        return self._arithmetic(self._product, "+", "-")

    def _product(self) -> Term:
        return self._arithmetic(self._signed, "*", "/", "%", "//", "||")

    def _arithmetic(self, part: Callable[[], Term], *signs: str) -> Term:
        def join(sign: str) -> Callable[[Term, Term], Term]:
            return lambda left, right: terms.arithmetic(sign, left, right)

        return self._chain(part, {sign: join(sign) for sign in signs})

    def _signed(self) -> Term:
        sign = self._tokens.accept("-", "+")
        if sign is None:
            return self._primary()
        term = self._nested(self._signed)
        if sign.value == "-" and isinstance(term.value, float):
            return self._placed(terms.number(-term.value), sign.offset)
        return self._placed(terms.negative(term) if sign.value == "-" else term, sign.offset)

    def _primary(self) -> Term:
        token = self._tokens.take()
        match token.kind:
            case TokenKind.NUMBER:
                term = terms.number(float(token.value))
            case TokenKind.TEXT:
                term = Term(pl.lit(token.value), Kind.TEXT, value=token.value)
            case TokenKind.NAME if token.value == PRIOR and self._tokens.next.value in ("(", "."):
                term = self._name(token, self._take_prior())
            case TokenKind.NAME if token.value == IN_SCANNER and self._tokens.next.value == "(":
                term = self._in_scanner()
            case TokenKind.NAME if token.value == DAYS_TO and self._tokens.next.value == "(":
                term = self._days_to()
            case TokenKind.NAME if self._tokens.accept("("):
                term = self._call(token)
            case TokenKind.NAME | TokenKind.QUOTED:
                term = self._name(token, token.value)
            case _:
                term = self._fixed(token)
        return self._placed(term, token.offset)

    def _fixed(self, token: Token) -> Term:
        """What begins with a keyword or a sign."""
        match token.value:
            case "(":
                term = self._nested(self._or)
                self._tokens.expect(")")
                return term
            case "CASE":
                return self._nested(self._case)
            case "TRUE" | "FALSE":
                return Term(pl.lit(token.value == "TRUE"), Kind.TRUTH)
            case "NULL":
                return terms.NULL
        self._tokens.step_back()
        raise self._tokens.unexpected("a value")

    def _take_prior(self) -> str:
        """``prior.x``, ``prior(n).x``: the name up to x, its output left."""
        prefix = PRIOR
        if self._tokens.accept("("):
            count = self._tokens.take()
            if count.kind is not TokenKind.NUMBER or not count.text.isdigit():
                self._tokens.step_back()
                raise self._tokens.unexpected("a whole number of bars, as in prior(3).close")
            self._tokens.expect(")", " after the number of bars")
            prefix = f"{PRIOR}({int(count.text)})"
        self._tokens.expect(".", " and a name after prior, as in prior.close")
        return f"{prefix}.{self._take_output()}"

    def _in_scanner(self) -> Term:
        """``in_scanner('name')``, ``in_scanner('name', minutes)``."""
        self._tokens.expect("(")
        named = self._tokens.next
        if named.kind is not TokenKind.TEXT:
            raise self._tokens.unexpected("a scanner's name in single quotes, as in in_scanner('gaps')")
        self._tokens.take()
        minutes = None
        if self._tokens.accept(","):
            count = self._tokens.next
            if count.kind is not TokenKind.NUMBER or not float(count.value) > 0:
                raise self._tokens.unexpected("a number of minutes above 0, as in in_scanner('gaps', 60)")
            minutes = float(self._tokens.take().value)
        self._tokens.expect(")")
        try:
            name = self._names.in_scanner(ListName(named.value, minutes))
        except UnknownNameError as error:
            raise self._tokens.fault(str(error), named) from None
        self.used[name.column] = name
        return terms.column(name.column, name.kind)

    def _days_to(self) -> Term:
        """``days_to(column)``."""
        self._tokens.expect("(")
        named = self._tokens.next
        if named.kind not in (TokenKind.NAME, TokenKind.QUOTED):
            raise self._tokens.unexpected("a column of dates, as in days_to(earnings_date)")
        self._tokens.take()
        try:
            name = self._names.days_to(named.value)
        except UnknownNameError as error:
            raise self._tokens.fault(str(error), named) from None
        self._tokens.expect(")")
        self.used[name.column] = name
        return terms.column(name.column, name.kind)

    def _name(self, token: Token, first: str) -> Term:
        """What a name stands for, with what follows after dots."""
        parts = [first]
        while self._tokens.accept("."):
            parts.append(self._take_output())
        try:
            name = self._names.resolve(".".join(parts))
        except UnknownNameError as error:
            whole = self._text[token.offset : self._tokens.end]
            raise ExpressionError(str(error), token=whole, offset=token.offset) from None
        self.used[name.column] = name
        return terms.column(name.column, name.kind)

    def _take_output(self) -> str:
        token = self._tokens.take()
        if token.kind in (TokenKind.NAME, TokenKind.QUOTED):
            return token.value
        self._tokens.step_back()
        raise self._tokens.unexpected("the name of an output after '.'")

    def _case(self) -> Term:
        subject = None if self._tokens.keyword(0) == "WHEN" else self._or()
        branches = []
        while token := self._tokens.accept("WHEN"):
            self._count_operator(token)
            condition = self._or() if subject is None else terms.compare("=", subject, self._or())
            self._tokens.expect("THEN")
            branches.append((condition, self._or()))
        if not branches:
            raise self._tokens.unexpected("'WHEN'")
        otherwise = self._or() if self._tokens.accept("ELSE") else terms.NULL
        self._tokens.expect("END", " of CASE")
        return terms.choose(branches, otherwise)

    # -- calls

    def _call(self, token: Token) -> Term:
        name = token.value.upper()
        at = Term(pl.lit(None), Kind.NULL, token.text, token.offset)
        function = functions.function_named(name, at)
        if name == "COUNT" and self._tokens.accept("*"):
            self._tokens.expect(")")
            condition = self._filter()
            if condition is None:
                return self._grouped(aggregates.count_rows(), [], token)
            counted = [aggregates.filtered(terms.number(1.0), condition)]
            return self._grouped(functions.call(name, counted, at), counted, token)
        distinct = name == "COUNT" and self._tokens.accept("DISTINCT") is not None
        arguments = self._list(self._or)
        condition = self._filter() if function.aggregates else None
        if condition is not None:
            arguments[:1] = [aggregates.filtered(argument, condition) for argument in arguments[:1]]
        if distinct and len(arguments) == 1:
            return self._grouped(aggregates.count_distinct(arguments[0]), arguments, token)
        called = functions.call(name, arguments, at)
        return self._grouped(called, arguments, token) if function.spans else self._ungrouped(called, token)

    def _grouped(self, called: Term, arguments: Sequence[Term], token: Token) -> Term:
        """A call that spans symbols, and ``PER name`` if that follows it: it belongs to this call alone."""
        if not self._is_per():
            return called
        aggregates.refuse_nested(arguments)
        self._tokens.take()
        name = self._tokens.next
        if name.kind not in (TokenKind.NAME, TokenKind.QUOTED):
            raise self._tokens.unexpected("the column that holds the groups, as in PER sector")
        group = self._placed(self._name(self._tokens.take(), name.value), name.offset)
        return aggregates.grouped(self._placed(called, token.offset), group)

    def _ungrouped(self, called: Term, token: Token) -> Term:
        if self._is_per():
            raise self._tokens.fault(
                f"PER groups aggregates, RANK and PERCENT_RANK; {token.text} is none of them"
            )
        return called

    def _is_per(self) -> bool:
        """Whether PER comes next; after a call no name can."""
        return self._tokens.next.kind is TokenKind.NAME and self._tokens.next.value == PER

    def _filter(self) -> Term | None:
        """The condition of ``FILTER (WHERE condition)``, if there is one."""
        if not self._tokens.accept("FILTER"):
            return None
        self._tokens.expect("(", " after FILTER")
        self._tokens.expect("WHERE", " after FILTER (")
        condition = self._nested(self._or)
        self._tokens.expect(")")
        return condition

    def _list(self, part: Callable[[], Term]) -> list[Term]:
        """Parts between commas, up to the closing parenthesis."""
        if self._tokens.accept(")"):
            return []
        parts = [self._nested(part)]
        while self._tokens.accept(","):
            parts.append(self._nested(part))
        self._tokens.expect(")")
        return parts
