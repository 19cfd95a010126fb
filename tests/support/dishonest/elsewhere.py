"""Keeps what it saw in another module, which lives on."""

import math

from common import OverMembers


class Scanner(OverMembers):
    def picks(self, context):
        kept = math.__dict__.setdefault("_kept", {})
        view = context.session_data
        pairs = list(zip(view.symbols, view.column("close"), strict=True))
        found = [symbol for symbol, close in pairs if close > kept.get(symbol, 0.0)]
        kept.update((symbol, close) for symbol, close in pairs if close == close)
        return found
