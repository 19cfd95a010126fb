"""Honest: takes its time."""

import time

from common import OverMembers, risen


class Honest(OverMembers):
    def picks(self, context):
        time.sleep(0.001)
        return risen(context)
