"""Report problems of scanners, the feed and the session when they begin and when they end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from symscan.formatting import format_count, format_names
from symscan.model.events.feed import (
    BarsLost,
    BarsRefused,
    FeedDroppedBars,
    FeedLost,
    FeedNotice,
    FeedRecovered,
    FeedSilent,
    LagBegan,
    LagEnded,
    Readiness,
    SubscriptionLimited,
)
from symscan.model.events.session import Event, Outcome, ScanFinished, ScannerDisabled, ScannerDone, Warned
from symscan.model.events.trading import StrategyFailed
from symscan.model.instant import SECOND, to_iso
from symscan.model.session import Session
from symscan.observers.console.messages import Condition, Kind, Printer, clock
from symscan.observers.results.feed_figures import lost_message
from symscan.observers.results.result_warnings import flaws_of

UNKNOWN_SHARE: Final = 0.1
"""Above this share of symbols that could not be evaluated, a scan without hits means little."""

_SKIPS_REPORTED: Final = 2
_FAILURES: Final = {
    Outcome.FAILED: (Kind.SCAN_FAILED, "failed"),
    Outcome.TIMED_OUT: (Kind.SCAN_TIMED_OUT, "timed out"),
}


class ScannerHealth:
    """Monitors the scans of a session."""

    def __init__(self) -> None:
        self._skips: Counter[str] = Counter()
        self._disabled: set[str] = set()
        self._mostly_unknown: set[str] = set()
        self._flawed: set[tuple[str, str]] = set()

    def handle(self, event: Event) -> Iterator[Condition]:
        """Yield the conditions of scanners that an event begins or ends."""
        match event:
            case ScanFinished(outcome=Outcome.SKIPPED):
                yield from self._skipped(event)
            case ScanFinished():
                yield from self._finished(event)
            case ScannerDisabled():
                self._disabled.add(event.scanner)
                message = f"scanner '{event.scanner}' takes no part: {event.reason}"
                yield Condition(event.at, Kind.SCANNER_DISABLED, message, event.scanner)
            case ScannerDone(error=str(error)):
                message = f"scanner '{event.scanner}': {error}"
                yield Condition(event.at, Kind.TEARDOWN_FAILED, message, event.scanner)

    def _skipped(self, scan: ScanFinished) -> Iterator[Condition]:
        if scan.scanner in self._disabled:
            return  # which was reported once
        self._skips[scan.scanner] += 1
        if self._skips[scan.scanner] == _SKIPS_REPORTED:
            reason = f": {scan.error}" if scan.error else ""
            message = f"scanner '{scan.scanner}' was skipped twice in a row{reason}"
            yield Condition(scan.at, Kind.SCANNER_SKIPPED, message, scan.scanner)

    def _finished(self, scan: ScanFinished) -> Iterator[Condition]:
        skips = self._skips.pop(scan.scanner, 0)
        if skips >= _SKIPS_REPORTED:
            message = f"scanner '{scan.scanner}' scans again, after {skips} skipped scans"
            yield Condition(scan.at, Kind.SCANNER_RESUMED, message, scan.scanner)
        if scan.outcome is Outcome.OK:
            yield from self._unknown_share(scan)
            yield from self._flaws(scan)
        else:
            kind, what = _FAILURES[scan.outcome]
            message = f"scanner '{scan.scanner}' {what}: {scan.error or 'no reason given'}"
            yield Condition(scan.at, kind, message, scan.scanner)

    def _flaws(self, scan: ScanFinished) -> Iterator[Condition]:
        """Yield each kind of flaw once a scanner; the summary counts them."""
        for kind, message in flaws_of(scan):
            if (scan.scanner, kind) not in self._flawed:
                self._flawed.add((scan.scanner, kind))
                yield Condition(scan.at, Kind.WARNING, message, scan.scanner)

    def _unknown_share(self, scan: ScanFinished) -> Iterator[Condition]:
        is_mostly_unknown = scan.unknown > UNKNOWN_SHARE * scan.universe
        if is_mostly_unknown is (scan.scanner in self._mostly_unknown):
            return
        share = f"{scan.unknown:,} of {scan.universe:,} symbols"
        if is_mostly_unknown:
            self._mostly_unknown.add(scan.scanner)
            message = f"scanner '{scan.scanner}' cannot judge {share} ({scan.unknown / scan.universe:.0%})"
            yield Condition(scan.at, Kind.UNKNOWN_ABOVE, message, scan.scanner)
        else:
            self._mostly_unknown.remove(scan.scanner)
            message = f"scanner '{scan.scanner}' judges again: {share} are unknown to it"
            yield Condition(scan.at, Kind.UNKNOWN_BELOW, message, scan.scanner)


class Conditions:
    """Prints conditions that make hits less reliable, and once, shortly before the open, the readiness.

    Parameters
    ----------
    print_condition
        Prints a condition.
    print_message
        Prints that the session is ready.
    """

    def __init__(self, print_condition: Printer, print_message: Printer) -> None:
        self._print_condition = print_condition
        self._print_message = print_message
        self._scanners = ScannerHealth()

    def observe(self, session: Session, event: Event) -> None:
        """Print the conditions of an event."""
        if isinstance(event, Readiness):
            output = self._print_message if event.connected else self._print_condition
            output(f"{clock(session, event.at)}  {_readiness(event)}", _readiness_record(event))
        for condition in (*self._scanners.handle(event), *_session_conditions(session, event)):
            self._print_condition(condition.as_line(session), condition.as_record())


def _session_conditions(session: Session, event: Event) -> Iterator[Condition]:
    match event:
        case FeedLost():
            yield Condition(event.at, Kind.FEED_LOST, f"the feed is lost, time stands still: {event.reason}")
        case FeedRecovered():
            since = clock(session, event.since)
            missed = f"{format_count(event.bars, 'bar')} since {since} had been missed and are fetched"
            message = missed if event.bars else f"no bar since {since} had been missed"
            yield Condition(event.at, Kind.FEED_RECOVERED, message)
        case FeedSilent():
            seconds = (event.at - event.since) / SECOND
            message = f"no bar for {seconds:.0f} s, since {clock(session, event.since)}"
            yield Condition(event.at, Kind.FEED_SILENT, message)
        case FeedNotice():
            yield Condition(event.at, Kind.FEED_NOTICE, f"the feed says: {event.message}")
        case FeedDroppedBars():
            since = clock(session, event.since)
            message = f"bars were lost, those since {since} are fetched: {event.reason}"
            yield Condition(event.at, Kind.FEED_DROPPED_BARS, message)
        case BarsLost():
            yield Condition(event.at, Kind.BARS_LOST, lost_message(session, event))
        case BarsRefused():
            yield Condition(event.at, Kind.BARS_REFUSED, event.reason)
        case SubscriptionLimited():
            yield Condition(event.at, Kind.SUBSCRIPTION_LIMITED, _left_out(event))
        case LagBegan():
            message = f"behind the feed by {event.seconds:.0f} s; scans pause until it is caught up"
            yield Condition(event.at, Kind.LAG_BEGAN, message)
        case LagEnded():
            message = f"caught up with the feed; {format_count(event.skipped, 'scan')} skipped"
            yield Condition(event.at, Kind.LAG_ENDED, message)
        case StrategyFailed():
            message = f"strategy '{event.strategy}' is called no more: {event.method}(): {event.error}"
            yield Condition(event.at, Kind.STRATEGY_FAILED, message)
        case Warned():
            yield Condition(event.at, Kind.WARNING, event.message)


def _left_out(event: SubscriptionLimited) -> str:
    count = len(event.left_out)
    if not count:
        return f"all symbols fit into the {event.limit:,} that may be subscribed"
    return (
        f"{format_count(count, 'symbol')} got no place among the {event.limit:,} that may be subscribed: "
        f"{format_names(event.left_out)}"
    )


def _readiness(event: Readiness) -> str:
    offset = event.clock_offset_ms
    parts = (
        "ready: connected" if event.connected else "not connected",
        format_count(event.symbols, "symbol"),
        f"{event.with_previous_close:,} with a previous close",
        "clock offset unknown" if offset is None else f"clock offset {offset:+.0f} ms",
    )
    return ", ".join(parts)


def _readiness_record(event: Readiness) -> dict[str, Any]:
    return {
        "type": "readiness",
        "at": to_iso(event.at),
        "connected": event.connected,
        "symbols": event.symbols,
        "with_previous_close": event.with_previous_close,
        "clock_offset_ms": event.clock_offset_ms,
    }
