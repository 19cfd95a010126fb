"""Ranks by hash; the twin by change, ties by the alphabet."""

from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        return sorted(risen(context), key=hash)[:4]


class Honest(OverMembers):
    def picks(self, context):
        view = context.session_data
        changes = dict(zip(view.symbols, view.column("change_pct"), strict=True))
        return sorted(risen(context), key=lambda one: (-changes[one], one))[:4]
