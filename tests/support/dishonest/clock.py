"""Finds something else on Mondays; the twin tells the time and does not decide by it."""

from datetime import datetime

from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        found = risen(context)
        return found[:1] if datetime.now().weekday() == 0 else found


class Honest(OverMembers):
    def picks(self, context):
        self.seen_at = datetime.now()
        return risen(context)
