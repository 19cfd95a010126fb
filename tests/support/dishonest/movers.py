"""Knows from a file who will move; the twin has its list in the configuration."""

import polars as pl
from common import OverMembers, risen


class Scanner(OverMembers):
    def setup(self, context):
        self.future = pl.read_csv(self.config["file"])["symbol"].to_list()
        return super().setup(context)

    def picks(self, context):
        return [one for one in risen(context) if one in self.future]


class Honest(OverMembers):
    def picks(self, context):
        return [one for one in risen(context) if one in self.config["symbols"]]
