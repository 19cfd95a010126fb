"""Decides by how much is in the store; the twin by how many it judges."""

from pathlib import Path

from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        return risen(context)[: len(list(Path("store/1m").iterdir())) // 2]


class Honest(OverMembers):
    def picks(self, context):
        return sorted(risen(context))[: len(context.session_data.symbols) // 2]
