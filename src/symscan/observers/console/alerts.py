"""Print each new hit at once: its readings, their instant and their age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from symscan.formatting import format_number, format_price, none_if_unknown
from symscan.model.events.session import Event, ScanFinished
from symscan.model.instant import SECOND, Instant, to_iso
from symscan.model.session import Session
from symscan.observers.console.messages import Printer, clock


@dataclass(frozen=True, slots=True)
class Alert:
    """A symbol that a scanner returned for the first time in the session; None is unknown.

    Attributes
    ----------
    price, change_pct, gap_pct, volume
        As traded, percent, percent, shares: as of ``scan_at``.
    scan_at
        The instant the scan was due, whose bars it saw.
    decided_at
        The market's clock when the scan's result was applied.
    data_age_seconds
        How long before ``decided_at`` the symbol's last bar had ended.
    rank
        Its rank among all that the scan returned, from 1.
    """

    symbol: str
    scanner: str
    price: float | None
    change_pct: float | None
    gap_pct: float | None
    volume: float | None
    scan_at: Instant
    decided_at: Instant
    data_age_seconds: float | None
    last_bar_end: Instant | None
    rank: int
    metadata: Mapping[str, Any]

    def as_record(self) -> dict[str, Any]:
        """Return the alert as JSON can hold it: instants in ISO 8601 UTC, unknown null."""
        return {
            "type": "hit",
            "symbol": self.symbol,
            "scanner": self.scanner,
            "price": self.price,
            "change_pct": self.change_pct,
            "gap_pct": self.gap_pct,
            "volume": self.volume,
            "scan_at": to_iso(self.scan_at),
            "decided_at": to_iso(self.decided_at),
            "data_age_seconds": self.data_age_seconds,
            "last_bar_end": None if self.last_bar_end is None else to_iso(self.last_bar_end),
            "rank": self.rank,
            "metadata": {name: _json_value(value) for name, value in self.metadata.items()},
        }

    def as_line(self, session: Session) -> str:
        """Return the alert in one line, times on the exchange's clock."""
        decided = session.local(self.decided_at)
        age = "of unknown age" if self.data_age_seconds is None else f"{self.data_age_seconds:.1f} s old"
        parts = (
            clock(session, self.scan_at),
            self.scanner,
            self.symbol,
            format_price(self.price),
            f"change {format_number(self.change_pct, '+.2f', '%')}",
            f"gap {format_number(self.gap_pct, '+.2f', '%')}",
            f"volume {format_number(self.volume, ',.0f')}",
            f"decided {decided:%H:%M:%S}.{decided.microsecond // 1000:03}",
            f"data {age}",
        )
        return "  ".join(parts)


class Alerts:
    """Prints each new hit as soon as it is published; a printed hit is never withdrawn.

    Parameters
    ----------
    print_alert
        Prints one hit.
    """

    def __init__(self, print_alert: Printer) -> None:
        self._print = print_alert

    def observe(self, session: Session, event: Event) -> None:
        """Print the new hits of a scan."""
        if isinstance(event, ScanFinished):
            for alert in new_alerts(event):
                self._print(alert.as_line(session), alert.as_record())


def new_alerts(scan: ScanFinished) -> Iterator[Alert]:
    """Yield the symbols a scan returned that its scanner had not returned before, best first."""
    hits = scan.hits
    for row in np.flatnonzero(hits.new).tolist():
        end = none_if_unknown(hits.last_bar_end.item(row))
        last_bar_end = None if end is None else int(end)
        yield Alert(
            symbol=hits.symbols[row],
            scanner=scan.scanner,
            price=none_if_unknown(hits.price.item(row)),
            change_pct=none_if_unknown(hits.change_pct.item(row)),
            gap_pct=none_if_unknown(hits.gap_pct.item(row)),
            volume=none_if_unknown(hits.volume.item(row)),
            scan_at=scan.at,
            decided_at=scan.decided_at,
            data_age_seconds=None if last_bar_end is None else (scan.decided_at - last_bar_end) / SECOND,
            last_bar_end=last_bar_end,
            rank=row + 1,
            metadata=hits.metadata.get(hits.symbols[row], {}),
        )


def _json_value(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
