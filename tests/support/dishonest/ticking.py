"""Decides by the microsecond."""

import time

from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        return risen(context) if time.time_ns() // 1000 % 2 else []
