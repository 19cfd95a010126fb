"""What goes wrong with scanners, told when it begins and when it is over, not at every scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from symscan.model.events.session import Event, Outcome, ScanFinished, ScannerDisabled, ScannerDone
from symscan.observers.result_warnings import flaws_of
from symscan.observers.saying import Condition, Kind

UNKNOWN_SHARE: Final = 0.1
"""Above this share of symbols that could not be judged, a scanner's silence says little."""

_SKIPS_TOLD: Final = 2
_ENDED_BADLY: Final = {
    Outcome.FAILED: (Kind.SCAN_FAILED, "failed"),
    Outcome.TIMED_OUT: (Kind.SCAN_TIMED_OUT, "timed out"),
}


class ScannerWatch:
    """Follows the scans of a session."""

    def __init__(self) -> None:
        self._skips: Counter[str] = Counter()
        self._disabled: set[str] = set()
        self._in_the_dark: set[str] = set()
        self._flawed: set[tuple[str, str]] = set()

    def look(self, event: Event) -> Iterator[Condition]:
        """What an event says of scanners."""
        match event:
            case ScanFinished(outcome=Outcome.SKIPPED):
                yield from self._skipped(event)
            case ScanFinished():
                yield from self._ran(event)
            case ScannerDisabled():
                self._disabled.add(event.scanner)
                message = f"scanner '{event.scanner}' takes no part: {event.reason}"
                yield Condition(event.at, Kind.SCANNER_DISABLED, message, event.scanner)
            case ScannerDone(error=str(error)):
                message = f"scanner '{event.scanner}': {error}"
                yield Condition(event.at, Kind.TEARDOWN_FAILED, message, event.scanner)

    def _skipped(self, scan: ScanFinished) -> Iterator[Condition]:
        if scan.scanner in self._disabled:
            return  # which was said, once and for all
        self._skips[scan.scanner] += 1
        if self._skips[scan.scanner] == _SKIPS_TOLD:
            reason = f": {scan.error}" if scan.error else ""
            message = f"scanner '{scan.scanner}' was skipped twice in a row{reason}"
            yield Condition(scan.at, Kind.SCANNER_SKIPPED, message, scan.scanner)

    def _ran(self, scan: ScanFinished) -> Iterator[Condition]:
        skips = self._skips.pop(scan.scanner, 0)
        if skips >= _SKIPS_TOLD:
            message = f"scanner '{scan.scanner}' scans again, after {skips} skipped scans"
            yield Condition(scan.at, Kind.SCANNER_RESUMED, message, scan.scanner)
        if scan.outcome is Outcome.OK:
            yield from self._judged(scan)
            yield from self._flaws(scan)
        else:
            kind, what = _ENDED_BADLY[scan.outcome]
            message = f"scanner '{scan.scanner}' {what}: {scan.error or 'no reason given'}"
            yield Condition(scan.at, kind, message, scan.scanner)

    def _flaws(self, scan: ScanFinished) -> Iterator[Condition]:
        """Each kind once a scanner; the closing table counts them."""
        for kind, message in flaws_of(scan):
            if (scan.scanner, kind) not in self._flawed:
                self._flawed.add((scan.scanner, kind))
                yield Condition(scan.at, Kind.WARNING, message, scan.scanner)

    def _judged(self, scan: ScanFinished) -> Iterator[Condition]:
        is_dark = scan.unknown > UNKNOWN_SHARE * scan.universe
        if is_dark is (scan.scanner in self._in_the_dark):
            return
        share = f"{scan.unknown:,} of {scan.universe:,} symbols"
        if is_dark:
            self._in_the_dark.add(scan.scanner)
            message = f"scanner '{scan.scanner}' cannot judge {share} ({scan.unknown / scan.universe:.0%})"
            yield Condition(scan.at, Kind.UNKNOWN_ABOVE, message, scan.scanner)
        else:
            self._in_the_dark.remove(scan.scanner)
            message = f"scanner '{scan.scanner}' judges again: {share} are unknown to it"
            yield Condition(scan.at, Kind.UNKNOWN_BELOW, message, scan.scanner)
