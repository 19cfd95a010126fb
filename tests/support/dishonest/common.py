"""What the scanners share: a project's own module, imported by its name."""

from __future__ import annotations

from symscan import BaseScanner, ScanContext, ScanResult


def risen(context: ScanContext) -> list[str]:
    """Who rose since the previous close."""
    view = context.session_data
    changes = view.column("change_pct")
    return sorted(symbol for symbol, change in zip(view.symbols, changes, strict=True) if change > 0)


class OverMembers(BaseScanner):
    """A scanner over the universe of its configuration."""

    def setup(self, context: ScanContext) -> bool:  # noqa: ARG002 - a hook
        self._universe = self._load_universe()
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        return ScanResult(self.picks(context))

    def picks(self, context: ScanContext) -> list[str]:
        """Return what is found."""
        return risen(context)
