"""Configurations that use everything a session has, each with the files of its project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any

import polars as pl

from support.generated_market import DATES as ALL_DATES
from support.generated_market import SPLITS as ALL_SPLITS
from support.live_replay import configuration
from support.waiting import LIMIT
from symscan.config.model import SessionConfig

DATES = ALL_DATES[-6:]
HALF_DAY, DAY = DATES[-3], DATES[-2]
UNIVERSE = ("SPLT", "HALT", "STOP", "NEWC", "LIQ00", "LIQ01", "LIQ02", "LIQ03", "LIQ04", "THN00", "THN01")
SPLITS = [split for split in ALL_SPLITS if split[0] in UNIVERSE]

SEEKER = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()[:6]
        self.count = 0
        context.session_data.add_indicator(self._universe, "sma_5_1m")
        return True

    def scan(self, context):
        view, others = context.session_data, self._load_universe()[6:]
        self.count += 1
        this, before = others[self.count % len(others)], others[(self.count - 1) % len(others)]
        if self.count % 3 == 0:
            view.add_symbol(this)
            view.lock_symbol(this, "held")
        if self.count % 7 == 0:
            view.unlock_symbol(before)
            view.remove_symbol(before)
        if self.count == 5:
            view.add_indicator(others, "rsi_3_5m")
            view.add_historical_bars(others, "5m", 2)
        means, prices = view.column("sma_5_1m"), view.column("close")
        found = [one for one, mean, price in zip(view.symbols, means, prices) if price > mean]
        return ScanResult(found, {one: {"count": self.count} for one in found})
"""

STRANGER = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = ["LIQ00"]
        return True

    def scan(self, context):
        return ScanResult(["LIQ04", "THN01"])
"""

RESTLESS = """
from symscan.strategies.base import BaseStrategy, Signal
from symscan.strategies.paper.rules import PaperRules


class Strategy(BaseStrategy):
    paper = PaperRules(allow_short=True)
    minute = 0

    def on_slice(self, context):
        self.minute += 1
        view = context.session_data
        symbol = view.symbols[self.minute * 7 % len(view.symbols)]
        price = view.get_latest_price(symbol)
        if price == price:
            side = "long" if self.minute % 2 else "short"
            yield Signal(symbol, side, 20 + self.minute, price * 0.002, price * 0.003)
        if self.minute % 5 == 0 and context.positions:
            yield Signal(context.positions[0].symbol, "exit")
"""

FILES = {
    "seeker.py": SEEKER,
    "stranger.py": STRANGER,
    "restless.py": RESTLESS,
    "u.txt": "\n".join(UNIVERSE) + "\n",
}


def of_regular_hours(minutes: pl.DataFrame) -> pl.DataFrame:
    """The bars from the open on."""
    at = pl.col("ts").dt.convert_time_zone("America/New_York").dt.time()
    return minutes.filter(at >= time(9, 30))


def every(interval: str) -> list[dict[str, str]]:
    return [{"start": "09:30", "end": "16:00", "interval": interval}]


def module(name: str, interval: str = "10m", **more: Any) -> dict[str, Any]:
    config = {"universe": "u.txt", **more.pop("config", {})}
    return {"module": name, "config": config, "regular_session": every(interval), **more}


def screen(name: str, where: str, interval: str = "5m", **more: Any) -> dict[str, Any]:
    return {"name": name, "universe": "u.txt", "where": where, "regular_session": every(interval), **more}


GAPS = module(
    "gap_scanner",
    "5m",
    pre_session=True,
    config={"min_gap_percent": 0.2, "min_volume": 1000, "max_age_minutes": 30},
)


@dataclass(frozen=True)
class Project:
    """A configuration and what else there is to say of it."""

    scanners: list[dict[str, Any]]
    more: Mapping[str, Any] = field(default_factory=dict)

    def at(self, folder: Path, **more: Any) -> SessionConfig:
        """The configuration in a folder that has all its files."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in FILES.items():
            (folder / name).write_text(text)
        return configuration(folder, self.scanners, **{**self.more, **more})


PROJECTS = {
    "built-in": Project(
        [
            GAPS,
            module("momentum", "5m", config={"min_rsi": 55, "min_volume_ratio": 0.5}),
            module("new_high"),
            module("volume"),
            module("opening_range_breakout", "5m"),
            module("vwap_cross", "5m"),
            {
                "module": "premarket_movers",
                "config": {"universe": "u.txt"},
                "pre_session": [{"start": "08:00", "end": "09:30", "interval": "15m"}],
            },
        ]
    ),
    "screens": Project(
        [
            screen("best", "close > vwap", interval="3m", rank="change_pct", take=4),
            screen("relative", "change_pct > AVG(change_pct) AND RANK(volume) < 8", rank="volume"),
            screen(
                "indicators",
                "sma_5_5m > ema_9_1m OR rsi_14_5m > 60",
                show=["atr_5_5m", "bbands_20_2_1m.upper"],
            ),
        ],
        {"indicators": ["sma_20_5m", "rsi_14_1m"], "symbols": ["LIQ03", "THN01"]},
    ),
    "composed": Project(
        [
            screen(
                "listed",
                "close > prior.close",
                "3m",
                universe={"found_by": "movers", "within_minutes": 30},
                rank="vwap",
            ),
            screen("crossing", "close > vwap AND last_scan.close <= last_scan.vwap", interval="2m"),
            screen(
                "movers",
                "ABS(change_pct) > 0.2 AND sma_3_5m > prior(2).sma_3_5m",
                interval="3m",
                leave_when="ABS(change_pct) < 0.1",
                confirm_scans=2,
                hold_minutes=10,
                cooldown_minutes=9,
                rank="change_pct",
                take=5,
            ),
            screen("gone", "in_scanner('movers', 30) AND NOT in_scanner('movers')", interval="3m"),
            screen(
                "beating", "change_pct > market.change_pct AND NOT in_scanner('gap_scanner')", market="LIQ00"
            ),
            {**GAPS, "add_symbols": False},
        ]
    ),
    "own": Project(
        [module("seeker", "2m", pre_session=True), module("stranger", "30m", add_symbols=False), GAPS],
        {"streams": ["1m", "5m"]},
    ),
    "trading": Project(
        [GAPS],
        {
            "symbols": ["LIQ01", "LIQ02", "THN00", "HALT", "STOP"],
            "indicators": ["sma_5_1m"],
            "strategies": [
                {"module": "restless"},
                {
                    "module": "paper_trader",
                    "config": {"scanner": "gap_scanner", "max_positions": 3, "atr": "atr_5_1d"},
                },
            ],
        },
    ),
}
# A process of its own may be slow to start.
OWN_PROCESS: dict[str, Any] = {"isolation": "process", "timeout_seconds": LIMIT}
READER = screen(
    "reader", "close > last_scan.close", "10m", universe={"found_by": "gap_scanner"}, hold_minutes=15
)
ISOLATED = Project(
    [{**GAPS, **OWN_PROCESS}, module("seeker", "20m", **OWN_PROCESS), {**READER, **OWN_PROCESS}]
)
