"""State of a feed's subscriptions: which symbols are requested, which are subscribed, what to send next.

The stream accepts or refuses a request as a whole. Beyond the account's limit it does not say how many
symbols it would accept: the limit is found by bisection, and reported. Where a symbol is refused, the request
is halved until the symbol is alone, so that the others are subscribed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from symscan.sources.ports import Limited

_SHOWN: Final = 10

_MOST_REFUSALS: Final = 16
"""After so many refusals of single symbols in a row, all are taken to be refused."""


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """A request to the stream."""

    action: str
    """``subscribe`` or ``unsubscribe``."""

    symbols: tuple[str, ...]


class Subscriptions:
    """State machine of one feed's subscriptions; ``subscribe`` and ``unsubscribe`` are thread-safe."""

    def __init__(self) -> None:
        self._commands: deque[tuple[bool, tuple[str, ...]]] = deque()
        self._requested: dict[str, None] = {}  # in the order they were asked for
        self._subscribed: dict[str, None] = {}
        self._refused: dict[str, None] = {}  # not for want of room
        self._accepted_count = 0  # so many were accepted at a time
        self._refused_count: int | None = None  # so many were not
        self._reported: tuple[str, ...] = ()
        self._batch_size: int | None = None  # so many are asked for in one request, None for all
        self._refusals = 0  # of single symbols, in a row

    @property
    def limit(self) -> int | None:
        """The number of symbols the stream accepts; None while it accepted all."""
        return None if self._refused_count is None else self._refused_count - 1

    def subscribe(self, symbols: Sequence[str]) -> None:
        """Request symbols."""
        self._commands.append((True, tuple(symbols)))

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Remove symbols."""
        self._commands.append((False, tuple(symbols)))

    def reset(self) -> None:
        """Reset for a new connection: nothing is subscribed."""
        self._subscribed.clear()
        self._refused.clear()
        self._batch_size, self._refusals = None, 0

    def next_request(self) -> SubscriptionRequest | None:
        """Return the next request to send; None if there is none."""
        self._apply_commands()
        gone = tuple(symbol for symbol in self._subscribed if symbol not in self._requested)
        if gone:
            return SubscriptionRequest("unsubscribe", gone)
        sizes = [size for size in (self._free_count(), self._batch_size) if size is not None]
        missing = self._missing()[: min(sizes, default=None)]
        return SubscriptionRequest("subscribe", tuple(missing)) if missing else None

    def handle_accepted(self, request: SubscriptionRequest, subscribed: Collection[str]) -> str | None:
        """Process an accepted request and what is subscribed now; return a message if symbols are missing."""
        if request.action == "unsubscribe":
            for symbol in request.symbols:
                self._subscribed.pop(symbol, None)
            return None
        present = frozenset(subscribed)
        self._subscribed |= dict.fromkeys(symbol for symbol in request.symbols if symbol in present)
        self._accepted_count = max(self._accepted_count, len(self._subscribed))
        self._refusals = 0
        if self._batch_size is not None:  # the refused one is found: back to large requests
            self._batch_size *= 2
        return self._mark_refused(
            [symbol for symbol in request.symbols if symbol not in present], "no reason given"
        )

    def handle_refused(self, request: SubscriptionRequest, reason: str) -> str | None:
        """Process a refusal other than the limit; return a message once the refused symbol is known."""
        if request.action == "unsubscribe":
            for symbol in request.symbols:
                self._subscribed.pop(symbol, None)
            return f"Alpaca does not unsubscribe {format_symbols(request.symbols)} ({reason})"
        if len(request.symbols) > 1:
            self._batch_size = len(request.symbols) // 2
            return None
        self._refusals += 1
        is_about_symbols = self._refusals < _MOST_REFUSALS
        return self._mark_refused(request.symbols if is_about_symbols else self._missing(), reason)

    def handle_limit(self, request: SubscriptionRequest) -> None:
        """Process a refusal because of the limit."""
        self._refused_count = len(self._subscribed) + len(request.symbols)
        self._accepted_count = min(self._accepted_count, self._refused_count - 1)

    def take_limit_change(self) -> Limited | None:
        """Return the limit and the symbols beyond it, if these have changed and are any."""
        missing = tuple(self._missing())
        if missing == self._reported:
            return None
        self._reported = missing
        return Limited(self.limit, missing) if missing and self.limit is not None else None

    def _apply_commands(self) -> None:
        while self._commands:
            is_added, symbols = self._commands.popleft()
            if is_added:
                self._requested |= dict.fromkeys(symbols)
                continue
            for symbol in symbols:
                self._requested.pop(symbol, None)
                self._refused.pop(symbol, None)

    def _missing(self) -> list[str]:
        return [
            symbol
            for symbol in self._requested
            if symbol not in self._subscribed and symbol not in self._refused
        ]

    def _free_count(self) -> int | None:
        """Return how many more symbols to request at once; None for all."""
        if self._refused_count is None:
            return None
        present = len(self._subscribed)
        if self._accepted_count > present:
            return self._accepted_count - present
        return (present + self._refused_count) // 2 - present

    def _mark_refused(self, symbols: Sequence[str], reason: str) -> str | None:
        self._refused |= dict.fromkeys(symbols)
        return f"Alpaca does not subscribe {format_symbols(symbols)} ({reason})" if symbols else None


def format_symbols(symbols: Sequence[str]) -> str:
    """Format symbols for a message: the first few, and how many more."""
    more = len(symbols) - _SHOWN
    return ", ".join(symbols[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
