"""Takes the first of a set; the twin of a sorted one."""

from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        return list(set(risen(context)))[:4]


class Honest(OverMembers):
    def picks(self, context):
        return sorted(set(risen(context)))[:4]
