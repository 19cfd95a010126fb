"""Leaves a note for the next session when it is thrown away."""

import builtins

from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        return sorted(risen(context))[: 4 - 2 * getattr(builtins, "_note", 0)]

    def __del__(self):
        builtins._note = 1
