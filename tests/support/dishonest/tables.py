"""Reads a table it declares by itself, with the rows of later; the twin through its context."""

import polars as pl
from common import OverMembers, risen

TABLE = "earnings.csv"


class Scanner(OverMembers):
    rests_on = {TABLE: "announced_at"}  # noqa: RUF012 - as the guide has it

    def picks(self, context):
        symbols = pl.read_csv(TABLE)["symbol"].to_list()
        return [one for one in risen(context) if one in symbols]


class Honest(OverMembers):
    rests_on = {TABLE: "announced_at"}  # noqa: RUF012 - as the guide has it

    def picks(self, context):
        symbols = context.table(TABLE)["symbol"].to_list()
        return [one for one in risen(context) if one in symbols]
