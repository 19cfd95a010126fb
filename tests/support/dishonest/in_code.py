"""Has its list in its code."""

from common import OverMembers, risen

LIKED = ("LIQ00", "LIQ03", "LIQ05", "LIQ07", "LIQ08", "LIQ09")


class Honest(OverMembers):
    def picks(self, context):
        return [one for one in risen(context) if one in LIKED]
