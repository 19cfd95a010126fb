"""Looks for the day's bars in the memory of the process; the twin at its view."""

import gc

import numpy as np
from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        sums = [
            float(np.nansum(one.fields[-1])) for one in gc.get_objects() if type(one).__name__ == "DenseBars"
        ]
        return risen(context)[: 1 + int(max(sums, default=0.0)) % 5]


class Honest(OverMembers):
    def picks(self, context):
        total = float(np.nansum(context.session_data.column("close")))
        return sorted(risen(context))[: 1 + int(total) % 5]
