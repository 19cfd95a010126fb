"""Which symbols are wanted, which are subscribed, and what to ask for next.

The stream takes or refuses a request as a whole. Where more is wanted than the account may subscribe it does
not say how many it would have taken: that number is found by halving, and reported. Where a symbol is
refused, the request is halved until the symbol is alone, so that the others get their bars.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from symscan.sources.ports import Limited

_SHOWN: Final = 10

_MOST_REFUSALS: Final = 16
"""After so many single symbols in a row that were refused it is not the symbols that are refused."""


@dataclass(frozen=True, slots=True)
class Change:
    """A request to the stream."""

    action: str
    """``subscribe`` or ``unsubscribe``."""

    symbols: tuple[str, ...]


class Subscriptions:
    """The state of one feed's subscriptions: for one thread, but what is wanted any may say."""

    def __init__(self) -> None:
        self._wishes: deque[tuple[bool, tuple[str, ...]]] = deque()
        self._wanted: dict[str, None] = {}  # in the order they were asked for
        self._subscribed: dict[str, None] = {}
        self._refused: dict[str, None] = {}  # not for want of room
        self._most = 0  # so many were accepted at a time
        self._too_many: int | None = None  # so many were not
        self._reported: tuple[str, ...] = ()
        self._at_once: int | None = None  # so many are asked for in one request, None for all
        self._refusals = 0  # of single symbols, in a row

    @property
    def limit(self) -> int | None:
        """How many symbols the stream takes; None as long as it took all."""
        return None if self._too_many is None else self._too_many - 1

    def want(self, symbols: Sequence[str]) -> None:
        """These, too."""
        self._wishes.append((True, tuple(symbols)))

    def unwant(self, symbols: Sequence[str]) -> None:
        """These no more."""
        self._wishes.append((False, tuple(symbols)))

    def forget(self) -> None:
        """A new connection: nothing is subscribed."""
        self._subscribed.clear()
        self._refused.clear()
        self._at_once, self._refusals = None, 0

    def next_change(self) -> Change | None:
        """What to ask for next; None if nothing is to be done."""
        self._take_wishes()
        gone = tuple(symbol for symbol in self._subscribed if symbol not in self._wanted)
        if gone:
            return Change("unsubscribe", gone)
        sizes = [size for size in (self._room(), self._at_once) if size is not None]
        missing = self._missing()[: min(sizes, default=None)]
        return Change("subscribe", tuple(missing)) if missing else None

    def accept(self, change: Change, subscribed: Collection[str]) -> str | None:
        """The stream said yes, and what is subscribed now; a message if not all of it is."""
        if change.action == "unsubscribe":
            for symbol in change.symbols:
                self._subscribed.pop(symbol, None)
            return None
        present = frozenset(subscribed)
        self._subscribed |= dict.fromkeys(symbol for symbol in change.symbols if symbol in present)
        self._most = max(self._most, len(self._subscribed))
        self._refusals = 0
        if self._at_once is not None:  # the refused one is found: back to large requests
            self._at_once *= 2
        return self._refuse([symbol for symbol in change.symbols if symbol not in present], "no reason given")

    def refuse(self, change: Change, reason: str) -> str | None:
        """The stream said no for another reason than their number; a message, once it is known to whom."""
        if change.action == "unsubscribe":
            for symbol in change.symbols:
                self._subscribed.pop(symbol, None)
            return f"Alpaca does not unsubscribe {shown(change.symbols)} ({reason})"
        if len(change.symbols) > 1:
            self._at_once = len(change.symbols) // 2
            return None
        self._refusals += 1
        is_about_symbols = self._refusals < _MOST_REFUSALS
        return self._refuse(change.symbols if is_about_symbols else self._missing(), reason)

    def exceed(self, change: Change) -> None:
        """The stream said that these would be too many."""
        self._too_many = len(self._subscribed) + len(change.symbols)
        self._most = min(self._most, self._too_many - 1)

    def limited(self) -> Limited | None:
        """The limit and who finds no room for it, whenever that has changed to somebody."""
        missing = tuple(self._missing())
        if missing == self._reported:
            return None
        self._reported = missing
        return Limited(self.limit, missing) if missing and self.limit is not None else None

    def _take_wishes(self) -> None:
        while self._wishes:
            is_wanted, symbols = self._wishes.popleft()
            if is_wanted:
                self._wanted |= dict.fromkeys(symbols)
                continue
            for symbol in symbols:
                self._wanted.pop(symbol, None)
                self._refused.pop(symbol, None)

    def _missing(self) -> list[str]:
        return [
            symbol
            for symbol in self._wanted
            if symbol not in self._subscribed and symbol not in self._refused
        ]

    def _room(self) -> int | None:
        """How many more to ask for at once; None for all."""
        if self._too_many is None:
            return None
        present = len(self._subscribed)
        if self._most > present:
            return self._most - present
        return (present + self._too_many) // 2 - present

    def _refuse(self, symbols: Sequence[str], reason: str) -> str | None:
        self._refused |= dict.fromkeys(symbols)
        return f"Alpaca does not subscribe {shown(symbols)} ({reason})" if symbols else None


def shown(symbols: Sequence[str]) -> str:
    """Symbols for a message: the first few, and how many more."""
    more = len(symbols) - _SHOWN
    return ", ".join(symbols[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
