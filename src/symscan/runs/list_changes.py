"""Who entered and who left a scanner's list, scan by scan."""

from __future__ import annotations

from collections.abc import Sequence

Symbols = tuple[str, ...]


class ListChanges:
    """Compares each scan that was ok with the one before it that was ok, of one session."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, None]] = {}

    def update(self, scanner: str, symbols: Sequence[str], *, is_ok: bool) -> tuple[Symbols, Symbols]:
        """Return who entered, best first, and who left, in the order of the scan before.

        A scan that was not ok changes nothing: the list is as it was.
        """
        if not is_ok:
            return (), ()
        before, now = self._lists.get(scanner, {}), dict.fromkeys(symbols)
        self._lists[scanner] = now
        if before.keys() == now.keys():
            return (), ()
        entered = tuple(one for one in now if one not in before)
        return entered, tuple(one for one in before if one not in now)
