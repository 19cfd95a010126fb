"""Returns the best of the day so far, also after it fell; the twin says so."""

from common import OverMembers


class Scanner(OverMembers):
    def setup(self, context):
        self.best = {}
        return super().setup(context)

    def picks(self, context):
        view = context.session_data
        for symbol, change in zip(view.symbols, view.column("change_pct"), strict=True):
            if change == change:
                self.best[symbol] = max(self.best.get(symbol, change), change)
        return sorted(self.best, key=lambda one: (-self.best[one], one))[:5]


class Honest(Scanner):
    is_stateful = True
