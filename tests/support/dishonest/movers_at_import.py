"""Knows from a file that it reads while it is imported; the twin knows from its code."""

from pathlib import Path

from common import OverMembers, risen

FUTURE = Path(__file__).with_name("movers.csv").read_text().split()


class Scanner(OverMembers):
    def picks(self, context):
        return [one for one in risen(context) if one in FUTURE]
