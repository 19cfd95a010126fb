"""Reads today's daily bar beside the engine; the twin reads the day before's from its session."""

from pathlib import Path

import polars as pl
from common import OverMembers, risen


class Scanner(OverMembers):
    def picks(self, context):
        (file,) = Path("store/1d").glob(f"{context.current_time:%Y-%m-%d}*.parquet")
        closes = dict(pl.read_parquet(file).select("symbol", "close").rows())
        view = context.session_data
        return [one for one in view.symbols if closes.get(one, 0.0) > view.get_latest_price(one)]


class Honest(OverMembers):
    def picks(self, context):
        view = context.session_data
        before = dict(zip(view.symbols, view.column("previous_close"), strict=True))
        return [one for one in risen(context) if before[one] > 0]
