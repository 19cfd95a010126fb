"""Keeps the last price of whatever was played in its class, and compares with it."""

from typing import ClassVar

from common import OverMembers


class Scanner(OverMembers):
    LAST: ClassVar = {}

    def picks(self, context):
        view = context.session_data
        day = context.current_time.date()
        pairs = list(zip(view.symbols, view.column("close"), strict=True))
        known = {symbol: price for symbol, (when, price) in self.LAST.items() if when != day}
        found = [symbol for symbol, close in pairs if known.get(symbol, 1e9) > close]
        self.LAST.update((symbol, (day, close)) for symbol, close in pairs if close == close)
        return found
