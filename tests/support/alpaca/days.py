"""Days for the stand-in server: bars by the clock times that a calendar on the wall would give."""

from __future__ import annotations

from datetime import UTC, datetime

from support.alpaca.rest import ServerBar
from symscan.model.instant import Instant, from_datetime
from symscan.sources.alpaca.http_client import HttpTimeouts
from symscan.sources.alpaca.rest import AlpacaRest

QUICK = HttpTimeouts(connect_seconds=2.0, read_seconds=5.0, retries=2, first_wait_seconds=0.01)


def at(text: str) -> Instant:
    """The instant of a time in UTC: ``2024-03-08 14:30``."""
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def bar(symbol: str, text: str, price: float = 10.0, volume: float = 100.0) -> ServerBar:
    """A bar that starts at a time in UTC, all its prices the same."""
    return ServerBar(symbol, at(text), price, price, price, price, volume)


class CountedRest(AlpacaRest):
    """Asks the server, and is interrupted before the n-th question for bars."""

    interrupt_at = 0
    questions = 0

    def bars(self, *arguments, **options):  # type: ignore[no-untyped-def]
        self.questions += 1
        if self.questions == self.interrupt_at:
            raise KeyboardInterrupt
        return super().bars(*arguments, **options)
