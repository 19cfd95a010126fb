"""Keeps highs over sessions in a global; the twin in itself, over the scans of none."""

from common import OverMembers

SEEN = {}


class Scanner(OverMembers):
    def picks(self, context):
        view = context.session_data
        found = []
        for symbol, high in zip(view.symbols, view.column("high"), strict=True):
            if high > SEEN.get(symbol, 0.0) * 0.995:
                found.append(symbol)
            SEEN[symbol] = max(SEEN.get(symbol, 0.0), high)
        return found


class Honest(OverMembers):
    def picks(self, context):
        view = context.session_data
        pairs = zip(view.symbols, view.column("high"), view.column("close"), strict=True)
        return [symbol for symbol, high, close in pairs if close > high * 0.995]
