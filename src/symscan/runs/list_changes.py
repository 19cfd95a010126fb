"""Who entered and who left a scanner's list, scan by scan."""

from __future__ import annotations

from collections.abc import Sequence

Symbols = tuple[str, ...]
Changes = tuple[Symbols, Symbols]
"""Who entered, and who left."""


class ListChanges:
    """Compares each scan that was ok with the one before it that was ok, of one session.

    Attributes
    ----------
    latest
        Who entered and who left with the scan compared last.
    """

    def __init__(self) -> None:
        self.latest: Changes = (), ()
        self._lists: dict[str, dict[str, None]] = {}

    def update(self, scanner: str, symbols: Sequence[str], *, is_ok: bool) -> Changes:
        """Return who entered, best first, and who left, in the order of the scan before.

        A scan that was not ok changes nothing: the list is as it was.
        """
        self.latest = self._compared(scanner, symbols) if is_ok else ((), ())
        return self.latest

    def _compared(self, scanner: str, symbols: Sequence[str]) -> Changes:
        before, now = self._lists.get(scanner, {}), dict.fromkeys(symbols)
        self._lists[scanner] = now
        if before.keys() == now.keys():
            return (), ()
        entered = tuple([one for one in now if one not in before])
        return entered, tuple([one for one in before if one not in now])
