"""Divides prices by all splits there will be; the twin reads prices as they were."""

from pathlib import Path

import polars as pl
from common import OverMembers


class Scanner(OverMembers):
    def picks(self, context):
        (file,) = Path("store").glob("splits.*.parquet")
        ratios = {}
        for symbol, ratio in pl.read_parquet(file).select("symbol", "ratio").rows():
            ratios[symbol] = ratios.get(symbol, 1.0) * ratio
        view = context.session_data
        pairs = zip(view.symbols, view.column("close"), strict=True)
        return [symbol for symbol, close in pairs if close / ratios.get(symbol, 1.0) > 40]


class Honest(OverMembers):
    def picks(self, context):
        view = context.session_data
        pairs = zip(view.symbols, view.column("close"), strict=True)
        return [symbol for symbol, close in pairs if close > 40]
