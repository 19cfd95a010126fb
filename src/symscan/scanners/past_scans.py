"""The scans of a scanner so far in the session, as another scanner reads them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from symscan.model.instant import MINUTE, Instant


class PastScan(Struct, frozen=True):
    """One scan that was ok.

    Attributes
    ----------
    at
        The instant it was as of, UTC microseconds.
    hits
        The symbols it returned, best first.
    unknown
        The symbols it could not judge.
    """

    at: Instant
    hits: tuple[str, ...]
    unknown: tuple[str, ...] = ()


class PastScans(Struct, frozen=True):
    """The scans of one scanner that were ok so far in the session, oldest first.

    Attributes
    ----------
    universe
        The symbols it judges.
    scans
        Its scans, those of this instant included.
    """

    universe: tuple[str, ...] = ()
    scans: tuple[PastScan, ...] = ()

    def within(self, at: Instant, minutes: float | None = None) -> Sequence[PastScan]:
        """Return the scans of the last ``minutes`` before an instant, that minute excluded; None: all."""
        if minutes is None:
            return self.scans
        since = at - round(minutes * MINUTE)
        return [scan for scan in self.scans if scan.at > since]
