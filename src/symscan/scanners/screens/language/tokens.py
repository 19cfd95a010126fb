"""Cut a screen's expression into tokens; whatever is none of ours ends here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct

from symscan.errors import ExpressionError

LONGEST: Final = 10_000
"""How many characters an expression may have."""

KEYWORDS: Final = frozenset(
    {"AND", "OR", "NOT", "IS", "NULL", "TRUE", "FALSE", "UNKNOWN", "BETWEEN", "IN", "LIKE", "ILIKE"}
    | {"CASE", "WHEN", "THEN", "ELSE", "END", "FILTER", "WHERE", "DISTINCT"}
)
"""Words with a meaning of their own; as a name they need double quotes."""

REFUSED: Final = frozenset(
    {"SELECT", "FROM", "OVER", "WITH", "UNION", "EXCEPT", "INTERSECT", "EXISTS", "JOIN", "GROUP", "ORDER"}
    | {"BY", "HAVING", "LIMIT", "WINDOW", "PARTITION", "QUALIFY", "VALUES", "TABLE", "INTO", "INSERT"}
    | {"UPDATE", "DELETE", "DROP", "CREATE", "COPY", "CAST", "TRY_CAST", "EXTRACT", "INTERVAL", "ARRAY"}
    | {"ANY", "ALL", "SOME"}
)
"""Words of SQL that reach beyond the session and the universe, or have no use here."""


class TokenKind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    QUOTED = "quoted name"
    KEYWORD = "keyword"
    SIGN = "sign"
    END = "end"


class Token(Struct, frozen=True):
    """A piece of an expression.

    Attributes
    ----------
    kind
        What it is.
    text
        As written.
    value
        Its meaning: keywords upper-case, unquoted names lower-case, texts and quoted names without
        their quotes.
    offset
        Its position in the expression, in characters from 0.
    """

    kind: TokenKind
    text: str
    value: str
    offset: int

    @property
    def end(self) -> int:
        """The position after its last character."""
        return self.offset + len(self.text)


_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>--|/\*)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><>|<=|>=|!=|==|\|\||//|[-+*/%<>=(),.])""",
    re.VERBOSE,
)
_REFUSALS: Final = {
    ";": "an expression is one expression, without a semicolon",
    "?": "placeholders are not known; write the value",
    "$": "placeholders are not known; write the value",
    ":": "casts and placeholders are not known; every number is a float already",
    "'": "the text is not closed; end it with a single quote",
    '"': "the quoted name is not closed; end it with a double quote",
    "`": "the quoted name is not closed; end it with a backtick",
}


def tokenize(text: str) -> list[Token]:
    """The tokens of an expression, the last one of kind ``END``.

    Raises
    ------
    ExpressionError
        At the first piece that is no token of ours, or is a refused word.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"the expression has {len(text)} characters; {LONGEST} is the most")
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _refusal(text, at)
        if match.lastgroup != "space":
            tokens.append(_token(match))
        at = match.end()
    return [*tokens, Token(TokenKind.END, "", "", len(text))]


def _refusal(text: str, at: int) -> ExpressionError:
    sign = text[at]
    why = _REFUSALS.get(sign, "this sign is not known in an expression")
    return ExpressionError(f"'{sign}': {why}", token=sign, offset=at)


def _token(match: re.Match[str]) -> Token:
    text, at = match[0], match.start()
    match match.lastgroup:
        case "comment":
            raise ExpressionError(f"'{text}': comments are not known in an expression", token=text, offset=at)
        case "number":
            return _number(text, at, match.string)
        case "text":
            return Token(TokenKind.TEXT, text, text[1:-1].replace("''", "'"), at)
        case "quoted":
            return Token(TokenKind.QUOTED, text, text[1:-1].replace('""', '"'), at)
        case "name":
            return _word(text, at)
        case _:
            return Token(TokenKind.SIGN, text, text, at)


def _number(text: str, at: int, whole: str) -> Token:
    end = at + len(text)
    if whole[end : end + 1].isalnum() or whole[end : end + 1] == "_":
        run = re.match(r"\w+", whole[at:])
        word = run[0] if run else text
        raise ExpressionError(f"'{word}' is neither a number nor a name", token=word, offset=at)
    if float(text) == float("inf"):
        raise ExpressionError(f"'{text}' is too large for a number", token=text, offset=at)
    return Token(TokenKind.NUMBER, text, text, at)


def _word(text: str, at: int) -> Token:
    upper = text.upper()
    if upper in REFUSED:
        why = "an expression reads the session and the universe's columns, and nothing else"
        raise ExpressionError(f"'{text}' is not allowed: {why}", token=text, offset=at)
    if upper in KEYWORDS:
        return Token(TokenKind.KEYWORD, text, upper, at)
    return Token(TokenKind.NAME, text, text.lower(), at)


class Cursor:
    """Walks over tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def next(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._at]

    @property
    def is_at_end(self) -> bool:
        """Whether all tokens are taken."""
        return self.next.kind is TokenKind.END

    @property
    def end(self) -> int:
        """Where the last token taken ends."""
        return self._tokens[self._at - 1].end

    def keyword(self, ahead: int) -> str | None:
        """The keyword some tokens ahead, None if there is none."""
        token = self._tokens[min(self._at + ahead, len(self._tokens) - 1)]
        return token.value if token.kind is TokenKind.KEYWORD else None

    def take(self) -> Token:
        """Take the next token."""
        token = self.next
        self._at += 1
        return token

    def step_back(self) -> None:
        """Give the last token back."""
        self._at -= 1

    def accept(self, *values: str) -> Token | None:
        """Take the next token if it is one of these keywords or signs."""
        is_fixed = self.next.kind in (TokenKind.KEYWORD, TokenKind.SIGN)
        return self.take() if is_fixed and self.next.value in values else None

    def expect(self, value: str, where: str = "") -> Token:
        """Take the next token, which must be this keyword or sign."""
        token = self.accept(value)
        if token is None:
            raise self.unexpected(f"'{value}'{where}")
        return token

    def unexpected(self, wanted: str) -> ExpressionError:
        """The error of a next token that is not what is wanted."""
        found = f"'{self.next.text}'" if self.next.text else "the end of the expression"
        return self.fault(f"expected {wanted}, found {found}")

    def fault(self, message: str, token: Token | None = None) -> ExpressionError:
        """An error placed at a token, the next one if none is given."""
        at = token or self.next
        return ExpressionError(message, token=at.text or None, offset=at.offset)
