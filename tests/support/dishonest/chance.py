"""Draws without a seed; the twin with one that follows from date and symbol."""

import random

from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        return random.sample(risen(context), len(risen(context)) // 2)


class Honest(OverMembers):
    def picks(self, context):
        day = context.current_time.date()
        return [one for one in risen(context) if random.Random(f"{day}{one}").random() < 0.5]
