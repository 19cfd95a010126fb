"""Decides by the place in the universe; the twin by the alphabet."""

from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        return [one for one in sorted(risen(context)) if self._universe.index(one) < 6]


class Honest(OverMembers):
    def picks(self, context):
        first = sorted(self._universe)[:6]
        return [one for one in sorted(risen(context)) if one in first]
