"""What Alpaca refuses, in words that say what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Final

from symscan.errors import FeedError, KeysRefused
from symscan.sources.alpaca.credentials import KEY_ID, SECRET_KEY

_WHERE: Final = {
    "iex": "the free plan has feed iex",
    "sip": "the free plan has feed iex only, and sip bars older than 15 minutes",
}

_NO_KEYS: Final = "Alpaca does not accept the keys ({reason}); check {keys}"
_NO_RIGHT: Final = (
    "the account may not use the stream of feed {feed} ({reason}); the free plan has feed iex: "
    "set feed to iex, or subscribe the plan that has it"
)
_NOT_HERE: Final = "there is no stream of Alpaca's at this address ({reason}); check APCA_API_STREAM_URL"

_FINAL: Final = {
    "auth failed": _NO_KEYS,
    "HTTP 401": _NO_KEYS,
    "HTTP 403": _NO_KEYS,
    "insufficient subscription": _NO_RIGHT,
    "v2 not enabled": _NO_RIGHT,
    "HTTP 404": _NOT_HERE,
}
_CROWDED: Final = "connection limit exceeded"

_REFUSALS: Final = {
    401: "not authenticated",
    402: "auth failed",
    404: "auth timeout",
    406: _CROWDED,
    408: "v2 not enabled",
    409: "insufficient subscription",
}

SYMBOL_LIMIT: Final = 405
SLOW_CLIENT: Final = 407
SERVER_ERROR: Final = 500
LOSES_BARS: Final = frozenset({SLOW_CLIENT, SERVER_ERROR})
"""Errors after which bars may be missing although the connection stays."""


def refusal(status: int | None, body: str, feed: str) -> str:
    """Why a REST request was refused, and what to do about it.

    Parameters
    ----------
    status
        The answer's HTTP status; None if it had none.
    body
        What the answer says.
    feed
        The feed that was asked for.
    """
    said = _said(body)
    if denies_keys(status, body):
        return f"Alpaca does not accept the keys ({status}: {said}); check {KEY_ID} and {SECRET_KEY}"
    if status in (402, 403):
        return f"the account may not read this data of feed {feed} ({status}: {said}); {_WHERE.get(feed, '')}"
    if status in (400, 404, 422):
        return f"Alpaca refuses the request ({status}: {said}); check the symbols and the dates"
    if status == 429:
        return (
            f"Alpaca counts too many requests ({said}), for minutes on end; wait, or ask for less at a time"
        )
    return f"Alpaca's server failed, again and again ({status}: {said}); try again later"


def denies_keys(status: int | None, body: str) -> bool:
    """Whether a REST request was refused for its keys, not for what it asked."""
    return status == 401 or (status == 403 and "subscription" not in _said(body).lower())


class SymbolsRefused(FeedError):
    """A REST request was refused for its symbols.

    Attributes
    ----------
    said
        Alpaca's own words, which may name them.
    """

    def __init__(self, message: str, said: str) -> None:
        super().__init__(message)
        self.said = said

    def of(self, symbols: Sequence[str]) -> list[str]:
        """Which of the symbols are refused: those that it names, or one alone; none if it is not known."""
        named = set(re.split(r"[\s,:;'\"\[\]()]+", self.said)).intersection(symbols)
        return [symbol for symbol in symbols if symbol in named or len(symbols) == 1]

    def parts(self, symbols: Sequence[str]) -> list[Sequence[str]]:
        """What to ask for instead: all but those that are refused, else halves."""
        refused = frozenset(self.of(symbols))
        if refused:
            others = [symbol for symbol in symbols if symbol not in refused]
            return [others] if others else []
        middle = len(symbols) // 2
        return [symbols[:middle], symbols[middle:]]


def refused(status: int | None, body: str, feed: str, redact: Callable[[str], str]) -> FeedError:
    """The error that a refused REST request is; its message without the keys."""
    message = redact(refusal(status, body, feed))
    if denies_keys(status, body):
        return KeysRefused(message)
    if status in (400, 422) and "symbol" in _said(body).lower():
        return SymbolsRefused(message, _said(body))
    return FeedError(message)


class Refusal(Exception):
    """The stream refused a connection, or could not be reached; the message is its reason."""

    @property
    def is_final(self) -> bool:
        """Whether another try is of no use."""
        return str(self) in _FINAL

    @property
    def is_crowded(self) -> bool:
        """Whether others use the account's connections: perhaps only a former self, not yet given up."""
        return str(self) == _CROWDED

    def advice(self, feed: str) -> str:
        """What it means and what to do, when it has been the last try."""
        reason = str(self)
        if reason in _FINAL:
            return _FINAL[reason].format(reason=reason, feed=feed, keys=f"{KEY_ID} and {SECRET_KEY}")
        if self.is_crowded:
            return (
                f"Alpaca allows the account no further connection to its stream ({reason}); "
                "end the other program that uses it, then try again"
            )
        return f"Alpaca's stream cannot be reached ({reason}); check the network, and try again"


def refused_by(code: int | None) -> Refusal | None:
    """The refusal that an error in the middle of a session amounts to; None if the connection outlives it."""
    reason = None if code is None else _REFUSALS.get(code)
    return None if reason is None else Refusal(reason)


def meaning(code: int | None, message: str, times: int) -> str:
    """What an error means that the stream sent in the middle of a session; it came so many times."""
    if code == SLOW_CLIENT:
        return (
            f"Alpaca says that this computer reads too slowly ({message}, {times} so far); "
            "subscribe fewer symbols, or give it less else to do"
        )
    return f"Alpaca's stream reports an error: {message} ({code})"


def _said(body: str) -> str:
    """The message in an answer: its ``message``, else its first words."""
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        message = None
    return str(message or body.strip() or "no reason given")[:200]
