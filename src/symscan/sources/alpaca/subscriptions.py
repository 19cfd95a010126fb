"""Which symbols are wanted, which are subscribed, and what to ask for next.

Where more is wanted than the account may subscribe, the stream refuses a request as a whole and does not say
how many it would have taken: that number is found by halving, so that those wanted first do get their bars.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

_SHOWN: Final = 10


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
        self._told: tuple[str, ...] = ()

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

    def next_change(self) -> Change | None:
        """What to ask for next; None if nothing is to be done."""
        self._take_wishes()
        gone = tuple(symbol for symbol in self._subscribed if symbol not in self._wanted)
        if gone:
            return Change("unsubscribe", gone)
        missing = self._missing()[: self._room()]
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
        return self._refuse([symbol for symbol in change.symbols if symbol not in present], "no reason given")

    def refuse(self, change: Change, reason: str) -> str | None:
        """The stream said no for another reason than their number; a message."""
        if change.action == "unsubscribe":
            for symbol in change.symbols:
                self._subscribed.pop(symbol, None)
            return f"Alpaca does not unsubscribe {shown(change.symbols)} ({reason})"
        return self._refuse(change.symbols, reason)

    def exceed(self, change: Change) -> None:
        """The stream said that these would be too many."""
        self._too_many = len(self._subscribed) + len(change.symbols)
        self._most = min(self._most, self._too_many - 1)

    def left_out(self) -> str | None:
        """A message about who finds no room, whenever that has changed."""
        missing = tuple(self._missing())
        if missing == self._told:
            return None
        self._told = missing
        if not missing:
            return None
        return (
            f"Alpaca takes {self.limit} symbols of this account (symbol limit exceeded): {len(missing)} get "
            f"no bars, {shown(missing)}; set max_symbols to {self.limit}"
        )

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
