"""Errors of Alpaca's services, with messages that say what to do."""

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
_CONNECTION_LIMIT: Final = "connection limit exceeded"

_REFUSALS: Final = {
    401: "not authenticated",
    402: "auth failed",
    404: "auth timeout",
    406: _CONNECTION_LIMIT,
    408: "v2 not enabled",
    409: "insufficient subscription",
}

SYMBOL_LIMIT: Final = 405
SLOW_CLIENT: Final = 407
SERVER_ERROR: Final = 500
LOSES_BARS: Final = frozenset({SLOW_CLIENT, SERVER_ERROR})
"""Errors after which bars may be missing although the connection stays."""


def refusal_message(status: int | None, body: str, feed: str) -> str:
    """Return why a REST request was refused, and what to do about it.

    Parameters
    ----------
    status
        The answer's HTTP status; None if it had none.
    body
        The answer's content.
    feed
        The requested feed.
    """
    reason = _message_of(body)
    if denies_keys(status, body):
        return f"Alpaca does not accept the keys ({status}: {reason}); check {KEY_ID} and {SECRET_KEY}"
    if status in (402, 403):
        return (
            f"the account may not read this data of feed {feed} ({status}: {reason}); {_WHERE.get(feed, '')}"
        )
    if status in (400, 404, 422):
        return f"Alpaca refuses the request ({status}: {reason}); check the symbols and the dates"
    if status == 429:
        return (
            f"Alpaca counts too many requests ({reason}), for minutes on end; wait, or ask for less at a time"
        )
    return f"Alpaca's server failed, again and again ({status}: {reason}); try again later"


def denies_keys(status: int | None, body: str) -> bool:
    """Whether a REST request was refused because of its keys."""
    return status == 401 or (status == 403 and "subscription" not in _message_of(body).lower())


class SymbolsRefused(FeedError):
    """A REST request was refused because of its symbols.

    Attributes
    ----------
    reason
        Alpaca's message, which may name them.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    def refused_of(self, symbols: Sequence[str]) -> list[str]:
        """Return the refused symbols: those that the message names, or a single one; none if unknown."""
        named = set(re.split(r"[\s,:;'\"\[\]()]+", self.reason)).intersection(symbols)
        return [symbol for symbol in symbols if symbol in named or len(symbols) == 1]

    def remaining_batches(self, symbols: Sequence[str]) -> list[Sequence[str]]:
        """Return what to request instead: all but the refused symbols, else halves."""
        refused = frozenset(self.refused_of(symbols))
        if refused:
            others = [symbol for symbol in symbols if symbol not in refused]
            return [others] if others else []
        middle = len(symbols) // 2
        return [symbols[:middle], symbols[middle:]]


def refusal_error(status: int | None, body: str, feed: str, redact: Callable[[str], str]) -> FeedError:
    """Return the exception for a refused REST request; its message has the keys redacted."""
    message = redact(refusal_message(status, body, feed))
    if denies_keys(status, body):
        return KeysRefused(message)
    if status in (400, 422) and "symbol" in _message_of(body).lower():
        return SymbolsRefused(message, _message_of(body))
    return FeedError(message)


class Refusal(Exception):
    """The stream refused a connection, or could not be reached; the message is its reason."""

    @property
    def is_final(self) -> bool:
        """Whether a retry is useless."""
        return str(self) in _FINAL

    @property
    def is_connection_limit(self) -> bool:
        """Whether the account's connections are all in use, perhaps by a process that was killed."""
        return str(self) == _CONNECTION_LIMIT

    def advice(self, feed: str) -> str:
        """Return what the refusal means and what to do, after the last attempt."""
        reason = str(self)
        if reason in _FINAL:
            return _FINAL[reason].format(reason=reason, feed=feed, keys=f"{KEY_ID} and {SECRET_KEY}")
        if self.is_connection_limit:
            return (
                f"Alpaca allows the account no further connection to its stream ({reason}); "
                "end the other program that uses it, then try again"
            )
        return f"Alpaca's stream cannot be reached ({reason}); check the network, and try again"


def refusal_of_code(code: int | None) -> Refusal | None:
    """Return the refusal for an error code during a session; None if the connection survives it."""
    reason = None if code is None else _REFUSALS.get(code)
    return None if reason is None else Refusal(reason)


def error_message(code: int | None, message: str, times: int) -> str:
    """Return the message for an error that the stream sent during a session, so many times."""
    if code == SLOW_CLIENT:
        return (
            f"Alpaca says that this computer reads too slowly ({message}, {times} so far); "
            "subscribe fewer symbols, or give it less else to do"
        )
    return f"Alpaca's stream reports an error: {message} ({code})"


def _message_of(body: str) -> str:
    """Extract the message of an answer: its ``message``, else its first 200 characters."""
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        message = None
    return str(message or body.strip() or "no reason given")[:200]
