"""Ranks over everybody in the session; the twin over its universe."""

from common import OverMembers


def _best(view, symbols):
    prices = {one: view.get_latest_price(one) for one in symbols}
    known = [one for one in prices if prices[one] == prices[one]]
    return sorted(known, key=lambda one: (-prices[one], one))


class Scanner(OverMembers):
    def picks(self, context):
        view = context.session_data
        everybody = sorted({*view.get_active_symbols(), *self._universe})
        return [one for one in _best(view, everybody)[:6] if one in self._universe]


class Honest(OverMembers):
    def picks(self, context):
        return _best(context.session_data, sorted(self._universe))[:6]
