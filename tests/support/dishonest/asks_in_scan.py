"""Honest: asks for data in its first scan."""

from common import OverMembers


class Honest(OverMembers):
    def setup(self, context):
        self.asked = False
        return super().setup(context)

    def picks(self, context):
        view = context.session_data
        if not self.asked:
            self.asked = True
            view.add_indicator(self._universe, "sma_5_1m")
            return []
        pairs = zip(view.symbols, view.column("sma_5_1m"), view.column("close"), strict=True)
        return [symbol for symbol, mean, close in pairs if close > mean]
