"""The sessions that are played: configurations, scanners and strategies that use what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

STALLED: Final = "stalled until killed"

_PATTERNS = '''
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    """Remembers, asks, locks and lets go; its metadata are of every kind that JSON has."""

    def setup(self, context):
        self._universe = self._load_universe()
        self.count, self.locked = 0, []
        context.session_data.add_indicator(self._universe, "sma_5_1m")
        context.session_data.add_session_bars(self._universe, "15m")
        context.session_data.add_historical_bars(self._universe[:5], "1d", 4)
        return True

    def scan(self, context):
        self.count += 1
        view = context.session_data
        means, prices = view.column("sma_5_1m"), view.column("close")
        above = [one for one, mean, price in zip(view.symbols, means, prices) if price > mean]
        self._ask(view)
        metadata = {symbol: self._say(view, symbol) for symbol in above}
        return ScanResult(sorted(above, key=lambda one: (one[-1], one)), metadata)

    def _ask(self, view):
        this = self._universe[self.count * 5 % len(self._universe)]
        if self.count % 3 == 0:
            view.lock_symbol(this, f"locked at {self.count}")
            self.locked.append(this)
        if self.count % 4 == 0 and self.locked:
            view.unlock_symbol(self.locked.pop(0))
        if self.count % 5 == 0:
            view.remove_symbol(self._universe[(self.count + 3) % len(self._universe)])
        if self.count == 6:
            view.add_indicator(self._universe[:3], "ema_9_5m")
            view.add_symbol("LIQ07")
            view.add_symbol("NOWHERE")

    def _say(self, view, symbol):
        bar = view.get_latest_bar(symbol, "1m")
        bars = view.get_bars(symbol, "15m", 2)
        mean = view.get_indicator(symbol, "sma_5_1m")
        return {
            "count": self.count, "name": symbol.lower(), "is_odd": self.count % 2 == 1, "nothing": None,
            "not_a_number": float("nan"), "closes": [one.close for one in bars],
            "of_the_bar": {"high": bar.high if bar else None, "mean": round(float(mean), 6)},
        }
'''
_BRITTLE = '''
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    """Fails at every third scan, and returns what is not allowed at every fifth."""

    def setup(self, context):
        self._universe = self._load_universe()
        self.count = 0
        return True

    def scan(self, context):
        self.count += 1
        if self.count % 3 == 0:
            raise ValueError(f"scan {self.count} fails")
        return ScanResult([7] if self.count % 5 == 0 else self._universe[: self.count])

    def teardown(self, context):
        raise RuntimeError("so does its teardown")
'''
_UNWILLING = '''
from symscan import BaseScanner


class Scanner(BaseScanner):
    """Cannot be set up."""

    def setup(self, context):
        raise RuntimeError("not today")

    def scan(self, context):
        raise AssertionError
'''
_STALLING = f'''
import os
import sys
import threading
from datetime import time

from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    """Finds nobody; if STALL is set, its scan of 11:16 never returns, and says so on standard error."""

    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        if os.environ.get("STALL") and context.current_time.time() >= time(11, 16):
            print("{STALLED}", file=sys.stderr, flush=True)
            threading.Event().wait()
        return ScanResult([])
'''
_CHURNING = '''
from symscan import BaseStrategy, PaperRules, Passed, Signal


class Strategy(BaseStrategy):
    """Opens and closes trades by the minute, over members in turn."""

    paper = PaperRules(slippage_bps=8.0, allow_short=True)
    minute = 0

    def on_symbol_added(self, context, symbol):
        context.session_data.add_indicator(symbol, "ema_5_1m")

    def on_scan(self, context, report):
        return [Passed(symbol, "seen") for symbol in report.new[:1]]

    def on_slice(self, context):
        self.minute += 1
        view = context.session_data
        symbol = view.symbols[self.minute * 7 % len(view.symbols)]
        price = view.get_latest_price(symbol)
        if price == price and self.minute % 4 == 0:
            side = "long" if self.minute % 8 else "short"
            yield Signal(symbol, side, 20 + self.minute, price * 0.002, price * 0.003, reason="in turn")
        if self.minute % 9 == 0 and context.positions:
            yield Signal(context.positions[0].symbol, "exit", reason="long enough")
        if self.minute == 50:
            yield Signal("NOWHERE", "long", 10)
'''

_MODULES: Final = {
    "patterns": _PATTERNS,
    "brittle": _BRITTLE,
    "unwilling": _UNWILLING,
    "stalling": _STALLING,
    "churning": _CHURNING,
}

_EVERY_INDICATOR: Final = (
    *("sma_20_5m", "ema_20_5m", "macd_12_26_9_5m.hist", "rsi_14_5m", "roc_10_5m", "atr_14_5m", "atr_5_1d"),
    *("bbands_20_2_5m.upper", "bbands_20_2p5_15m.lower", "vwap_1m", "volume_sma_20_5m", "sma_3_1w"),
    *("volume_ratio_20_5m", "highest_20_5m", "lowest_20_1d", "relative_volume_5_1m.ratio", "rsi_14_60m"),
    *("same_bar_volume_5_5m.typical", "opening_range_15_1m.high", "vwap_cross_5_1m.vwap", "adx_14_5m"),
    *("stoch_5_3_0_3_0_5m.slowd", "cci_20_1d", "obv_5m", "cdlengulfing_5m", "sar_0p02_0p2_5m"),
)
_READINGS: Final = (
    *("open", "high", "low", "close", "volume", "vwap", "last_bar_end", "minutes_since_bar", "sector"),
    *("previous_close", "change_pct", "gap_pct", "premarket_volume", "premarket_high", "premarket_low"),
)


def _windows(interval: str, start: str = "09:35", end: str = "15:55") -> list[dict[str, str]]:
    return [{"start": start, "end": end, "interval": interval}]


def _scanner(
    module: str, interval: str, *, config: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    settings = {"universe": "sectors.csv", **(config or {})}
    return {"module": module, "config": settings, "regular_session": _windows(interval), **more}


def _screen(name: str, interval: str, where: str, **more: Any) -> dict[str, Any]:
    windows = _windows(interval)
    return {"name": name, "universe": "sectors.csv", "where": where, "regular_session": windows, **more}


_GAP: Final = _scanner(
    "scanners.gap_scanner",
    "5m",
    pre_session=True,
    config={"min_gap_percent": 1.0, "min_volume": 2000, "max_age_minutes": 20},
)
_WEIGHED: Final = _screen(
    "weighed",
    "10m",
    "change_pct > AVG(change_pct) AND RANK(volume) < 30 AND sector <> 'Energy'",
    rank="volume_ratio_20_5m",
    take=6,
    show=["sector", "bbands_20_2_5m.upper"],
    max_age_minutes=10,
    pre_session=[{"start": "09:00", "end": "09:25", "interval": "5m"}],
)
_TRADER: Final = {
    "module": "strategies.paper_trader",
    "config": {"scanner": "gap_scanner", "atr": "atr_5_1d", "direction": "with_change", "allow_short": True},
}


def _range() -> dict[str, Any]:
    """Every built-in scanner and every indicator, over some sessions."""
    scanners = [
        _GAP,
        _scanner("momentum", "15m", config={"min_rsi": 55, "min_volume_ratio": 0.8}),
        _scanner("volume", "15m", config={"sessions": 5, "min_ratio": 1.1}),
        _scanner("sector_rotation", "30m", config={"sessions": 3, "top_sectors": 2}),
        _scanner("opening_range_breakout", "15m", config={"max_minutes_since_break": 20}),
        _scanner("new_high", "30m", config={"sessions": 5}),
        _scanner("vwap_cross", "15m", config={"min_distance_percent": 0.05}),
        {
            "module": "premarket_movers",
            "config": {"universe": "sectors.csv", "min_change_percent": 0.5, "min_volume": 100},
            "pre_session": [{"start": "08:30", "end": "09:30", "interval": "30m"}],
        },
        _WEIGHED,
        _screen("everything", "2h", "close > 0", show=[*_READINGS, *_EVERY_INDICATOR], add_symbols=False),
        _scanner("patterns", "20m", config={"universe": "some.txt"}),
        _scanner("brittle", "30m"),
        _scanner("unwilling", "30m"),
    ]
    return _session("range", scanners, [_TRADER, {"module": "churning"}])


def _live() -> dict[str, Any]:
    """What a live session adds: a process of its own for one scanner, a limit of subscriptions."""
    scanners = [
        _GAP,
        _WEIGHED,
        _scanner("patterns", "3m", config={"universe": "some.txt"}),
        _scanner("momentum", "10m", config={"min_rsi": 50, "min_volume_ratio": 0.5}, isolation="process"),
        _scanner("brittle", "20m"),
        _scanner("unwilling", "20m"),
        {**_scanner("stalling", "1m"), "regular_session": _windows("1m", "11:16", "11:16")},
    ]
    live = {"live_config": {"max_symbols": 40, "closing_seconds": 2}}
    return {**_session("live", scanners, [_TRADER, {"module": "churning"}]), **live}


def _session(name: str, scanners: list[dict[str, Any]], strategies: list[dict[str, Any]]) -> dict[str, Any]:
    data = {
        "symbols": ["LIQ00", "HALT", "SPLT"],
        "streams": ["1m", "5m"],
        "indicators": ["rsi_5_1m", {"name": "sma", "type": "trend", "period": 3, "interval": "1d"}],
        "scanners": scanners,
        "strategies": strategies,
    }
    return {"name": name, "session_data_config": data}


def _mistaken() -> dict[str, Any]:
    """A configuration with mistakes, each of which has a message and a place."""
    scanners = [
        {**_GAP, "intervall": "5m"},
        {**_scanner("momentum", "5m"), "name": "gap_scanner", "timeout_seconds": 0},
        _screen("two", "7x", "close > ", take="many"),
    ]
    return {"nme": "mistaken", "session_data_config": {"symbols": ["A", "A"], "scanners": scanners}}


def _misnamed() -> dict[str, Any]:
    """A configuration of the right shape that names what there is not."""
    scanners = [
        _scanner("nowhere", "5m"),
        _scanner("volume", "5m", config={"sessions": 2, "min_ration": 1}),
        _screen("unknown_name", "5m", "clos > 1 AND FOO(close) > 2"),
        {**_screen("no_universe", "5m", "close > 1"), "universe": "nobody"},
    ]
    return {"session_data_config": {"scanners": scanners, "strategies": [_TRADER]}}


def write_project(folder: Path) -> None:
    """Write configurations and modules."""
    configurations = {"range": _range(), "live": _live(), "mistaken": _mistaken(), "misnamed": _misnamed()}
    for name, config in configurations.items():
        (folder / f"{name}.json").write_text(json.dumps(config, indent=2) + "\n")
    for name, code in _MODULES.items():
        (folder / f"{name}.py").write_text(code.lstrip())
