"""Which symbols have bars on which date, as bit masks, so that no bar file has to be read for it."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import repeat
from typing import Any

import numpy as np
from msgspec import Struct, field

from symscan.model.bar import Mask


class Presence(Struct, frozen=True):
    """The symbols of one interval by date; immutable.

    Attributes
    ----------
    symbols
        In the order they were first stored: a symbol's place is that of its bit on every date.
    packed
        The bits of each date that is known, compressed; a date stored by an earlier version is missing.
    """

    symbols: tuple[str, ...] = ()
    packed: Mapping[date, bytes] = field(default_factory=dict)

    def with_dates(self, symbols_by_date: Mapping[date, Collection[str]]) -> Presence:
        """Return a presence with these dates added or replaced."""
        place = {symbol: bit for bit, symbol in enumerate(self.symbols)}
        for day in sorted(symbols_by_date):
            for symbol in sorted(set(symbols_by_date[day]) - place.keys()):
                place[symbol] = len(place)
        packed = {day: _packed(symbols, place) for day, symbols in symbols_by_date.items()}
        return Presence(tuple(place), dict(sorted({**self.packed, **packed}.items())))

    def mask(self, day: date) -> Mask | None:
        """Which of ``symbols`` have bars on a date, shape ``(len(symbols),)``; None if it is not known."""
        try:
            packed = zlib.decompress(self.packed[day])
        except (KeyError, zlib.error):  # what cannot be read here is read from the bars
            return None
        mask = np.zeros(len(self.symbols), np.bool_)
        bits = np.unpackbits(np.frombuffer(packed, np.uint8))[: len(mask)]
        mask[: len(bits)] = bits
        return mask

    def content(self) -> dict[str, Any]:
        """What the catalogue's file holds of it."""
        return {
            "symbols": list(self.symbols),
            "dates": {day.isoformat(): base64.b64encode(bits).decode() for day, bits in self.packed.items()},
        }

    @staticmethod
    def parse(content: Mapping[str, Any]) -> Presence:
        """The presence of a catalogue's file.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is damaged.
        """
        packed = {date.fromisoformat(day): base64.b64decode(bits) for day, bits in content["dates"].items()}
        return Presence(tuple(content["symbols"]), packed)


def _packed(symbols: Collection[str], place: Mapping[str, int]) -> bytes:
    bits = np.zeros(len(place), np.bool_)
    bits[[place[symbol] for symbol in symbols]] = True
    return zlib.compress(np.packbits(bits).tobytes())


class SymbolDays:
    """Which symbols of an interval have bars on a date: from the catalogue, else read once and cached.

    Parameters
    ----------
    presence
        The catalogue's presence.
    symbols
        Every symbol of the interval.
    read
        Reads the symbols of a date from its bars.
    """

    def __init__(
        self, presence: Presence, symbols: Iterable[str], read: Callable[[date], Iterable[str]]
    ) -> None:
        self._presence = presence
        self._place = {symbol: bit for bit, symbol in enumerate(dict.fromkeys([*presence.symbols, *symbols]))}
        self._read = read
        self._masks: dict[date, Mask] = {}

    def on(self, day: date, symbols: Sequence[str]) -> Mask:
        """Which of ``symbols`` have bars on a date, shape ``(len(symbols),)``."""
        nobody = len(self._place)
        places = np.fromiter(map(self._place.get, symbols, repeat(nobody)), np.intp, len(symbols))
        found: Mask = np.append(self._mask(day), False)[places]
        return found

    def has_others(self, days: Iterable[date], symbols: Sequence[str]) -> bool:
        """Whether other symbols than these may have bars on any of the dates; reads no bars to know it."""
        place, nobody = self._place, len(self._place)
        wanted = np.zeros(nobody + 1, np.bool_)
        wanted[np.fromiter((place.get(one, nobody) for one in symbols), np.intp, len(symbols))] = True
        masks = (self._presence.mask(day) for day in days)
        return any(mask is None or bool((mask & ~wanted[: len(mask)]).any()) for mask in masks)

    def on_any(self, days: Iterable[date]) -> list[str]:
        """The symbols that have bars on any of the dates, in the order of the alphabet."""
        mask = np.zeros(len(self._place), np.bool_)
        for day in days:
            mask |= self._mask(day)
        return sorted(symbol for symbol, has in zip(self._place, mask.tolist(), strict=True) if has)

    def _mask(self, day: date) -> Mask:
        mask = self._masks.get(day)
        if mask is None:
            mask = self._masks[day] = np.zeros(len(self._place), np.bool_)
            known = self._presence.mask(day)
            if known is None:
                mask[[self._place[symbol] for symbol in self._read(day)]] = True
            else:
                mask[: len(known)] = known
        return mask
