"""A scanner that makes trouble: it sleeps for ever, takes longer than its interval, spins, or raises."""

from __future__ import annotations

from threading import Event

from symscan.scanners.base import BaseScanner, ScanContext, ScanResult


class Scanner(BaseScanner):
    """What it does is said by its ``how``."""

    def setup(self, context: ScanContext) -> bool:  # noqa: ARG002
        """Ready: the trouble comes with the scans."""
        self._universe = self._load_universe()
        return True

    def scan(self, context: ScanContext) -> ScanResult:  # noqa: ARG002
        """Make it."""
        how = self.config["how"]
        if how == "sleeps":
            Event().wait()
        elif how == "is_late":
            Event().wait(self.config["seconds"])
        elif how == "raises":
            raise RuntimeError("as it does always")
        while how == "spins":
            pass
        return ScanResult([])
