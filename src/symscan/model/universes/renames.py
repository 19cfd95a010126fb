"""Changes of ticker: under which symbol a company is known on which date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Final

from msgspec import Struct


class Rename(Struct, frozen=True):
    """A change of ticker: from ``day`` on the company of ``old`` is ``new``."""

    day: date
    old: str
    new: str


class Renames(Struct, frozen=True):
    """Changes of ticker, in the order of their dates.

    Attributes
    ----------
    changes
        The changes. A symbol may be given to another company once it is free.
    """

    changes: tuple[Rename, ...] = ()

    @property
    def symbols(self) -> frozenset[str]:
        """Every symbol that is an old or a new one."""
        return frozenset(symbol for one in self.changes for symbol in (one.old, one.new))

    def on(self, symbol: str, day: date) -> str:
        """Return how the company is called on a date that a list calls by any of its symbols.

        A list may be of the date, and say FB in 2021; older, and say FB in 2023; or newer, and say META in
        2021.
        """
        later = self._forward(symbol, day)
        return self._backward(symbol, day) if later == symbol else later

    def last(self, symbol: str, day: date) -> str:
        """Return how the company is called last that a list calls by a symbol: the same for all of its."""
        found, since = self.on(symbol, day), day
        for one in self.changes:
            if one.old == found and one.day > since:
                found, since = one.new, one.day
        return found

    def stored(self, symbol: str, day: date, has_bars: Callable[[str], bool]) -> str:
        """Return under which of a company's symbols there are bars: the one of the date before all others.

        Parameters
        ----------
        has_bars
            Whether there are bars of a symbol. Where there are of none, it is the symbol of the date.
        """
        own = self.on(symbol, day)
        return next((one for one in self._all(own, day) if has_bars(one)), own)

    def _forward(self, symbol: str, day: date) -> str:
        found, since = symbol, date.min
        for one in self.changes:
            if one.old == found and since < one.day <= day:
                found, since = one.new, one.day
        return found

    def _backward(self, symbol: str, day: date) -> str:
        found, until = symbol, date.max
        for one in reversed(self.changes):
            if one.new == found and day < one.day < until:
                found, until = one.old, one.day
        return found

    def _all(self, own: str, day: date) -> Sequence[str]:
        """Return the symbols of the company that is called ``own`` on a date: it, later and earlier ones."""
        found, later, since = [own], own, day
        for one in self.changes:
            if one.old == later and one.day > since:
                later, since = one.new, one.day
                found.append(later)
        earlier, until = own, date.max
        for one in reversed(self.changes):
            if one.new == earlier and one.day <= day and one.day < until:
                earlier, until = one.old, one.day
                found.append(earlier)
        return list(dict.fromkeys(found))


NO_RENAMES: Final = Renames()


def renamed(
    symbols: Sequence[str], renames: Renames, day: date, stored: Callable[[], Sequence[Collection[str]]]
) -> dict[str, str]:
    """Return the store's symbols of those that it has under another one.

    Parameters
    ----------
    stored
        Gives the symbols with bars of the date, and with bars of any date.
    """
    affected = [symbol for symbol in symbols if symbol in renames.symbols]
    if not affected:
        return {}
    found: dict[str, str] = {}
    for symbol in affected:
        for known in stored():
            other = renames.stored(symbol, day, known.__contains__)
            if other in known:
                break
        else:
            other = renames.on(symbol, day)
        if other != symbol:
            found[symbol] = other
    return found
