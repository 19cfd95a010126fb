"""A short live session in which everything happens that a resumed one must bring back."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from support.waiting import LIMIT
from symscan.clock.session_calendar import SessionCalendar
from symscan.demo.market import generate_market
from symscan.model.interval import Interval
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

HALF_DAY = date(2025, 11, 28)
FAULTS = (
    "late=0.02:5s,correct=0.01:70s,duplicate=0.02,drop=0.01,disconnect=09:50-09:53,silence=10:31-10:34,seed=3"
)

MINDFUL = '''
import json, os, pathlib, random, time
from symscan import BaseScanner, ScanResult

def write(scanner, context):
    """What it remembers in the end, for whoever compares."""
    folder = os.environ.get("STORY")
    if folder:
        kept = [scanner.count, scanner.seen[-5:], scanner.held, scanner.dice.random()]
        pathlib.Path(folder, f"{type(scanner).__name__}.json").write_text(json.dumps(kept))

class Mindful(BaseScanner):
    """Only what it remembers says what it finds and asks for next."""

    pause = 0.0

    def setup(self, context):
        self._universe = self._load_universe()
        self.count = 0
        self.seen = []
        self.held = {}
        self.dice = random.Random(11)
        context.session_data.add_indicator(self._universe, "sma_3_1m")
        return True

    def scan(self, context):
        time.sleep(self.pause)
        view = context.session_data
        self.count += 1
        symbol = self.dice.choice(self._universe)
        mean = view.get_indicator(symbol, "sma_3_1m")
        self.seen.append([symbol, repr(view.get_latest_price(symbol)), repr(mean)])
        if self.count % 3 == 0:
            self.held[symbol] = f"the {self.count}th"
            view.lock_symbol(symbol, self.held[symbol])
        if self.count % 5 == 0 and self.held:
            one = min(self.held)
            view.unlock_symbol(one, self.held.pop(one))
        if self.count % 4 == 0:
            view.remove_symbol(self.seen[-3][0])
        if self.count % 7 == 0:
            view.add_symbol(self.dice.choice(self._universe))
            view.add_historical_bars(symbol, "1m", 2)
        return ScanResult([symbol], metadata={symbol: {"count": self.count}})

    def teardown(self, context):
        write(self, context)
'''
SLOW = """
from mindful import Mindful

class Slow(Mindful):
    pause = 0.3
"""
ISOLATED = """
from mindful import Mindful

class Isolated(Mindful):
    pause = 0.02
"""
UNWILLING = """
from symscan import BaseScanner, ScanResult

class Unwilling(BaseScanner):
    def setup(self, context):
        raise RuntimeError("not today")

    def scan(self, context):
        return ScanResult([])
"""
ROUGH = """
from symscan import BaseScanner, ScanResult

class Rough(BaseScanner):
    count = 0

    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        self.count += 1
        if self.count % 3 == 0:
            raise ValueError(f"the {self.count}th time")
        return ScanResult(self._universe[:self.count])
"""
HOLDING = '''
import json, os, pathlib
from symscan.strategies.base import BaseStrategy, Signal
from symscan.strategies.paper.rules import PaperRules

class Strategy(BaseStrategy):
    """Trades on paper what it sees, holds symbols, and writes in the end what the session has."""

    paper = PaperRules(allow_short=True)
    minute = 0

    def on_symbol_added(self, context, symbol):
        context.session_data.add_indicator(symbol, "ema_5_1m")

    def on_scan(self, context, report):
        for symbol in report.new[:2] if report.scanner == "rises" else ():
            context.session_data.lock_symbol(symbol, f"found by {report.scanner}")

    def on_slice(self, context):
        self.minute += 1
        view = context.session_data
        if not view.symbols:
            return
        symbol = view.symbols[self.minute * 7 % len(view.symbols)]
        price = view.get_latest_price(symbol)
        if price == price:
            side = "long" if self.minute % 2 else "short"
            yield Signal(symbol, side, 50 + self.minute, price * 0.002, None)
        if self.minute % 3 == 0:
            view.unlock_symbol(symbol)
        if self.minute % 5 == 0 and context.positions:
            yield Signal(context.positions[0].symbol, "exit")

    def on_end(self, context):
        folder = os.environ.get("STORY")
        if folder:
            view = context.session_data
            frame = {one: [view.get_latest_price(one), view.is_symbol_locked(one)] for one in view.symbols}
            ema = {one: repr(view.get_indicator(one, "ema_5_1m")) for one in view.symbols}
            pathlib.Path(folder, "strategy.json").write_text(json.dumps([self.minute, frame, ema]))
'''


def make_project(folder: Path) -> Path:
    """A store of a generated market, scanners and strategies of every kind, and a configuration of them."""
    calendar = SessionCalendar()
    sessions = [*calendar.previous(HALF_DAY, 8), calendar.session(HALF_DAY)]
    market = generate_market(folder / "market", sessions=sessions, symbols=50, minute_sessions=3, seed=5)
    store = BarStore.create(folder / "store")
    for name, paths in market.files.items():
        interval = Interval.parse(name)
        options = ImportOptions(interval, label=Label.START if interval.is_intraday else None)
        import_bars(store, paths, options, calendar)
    names = pl.read_csv(market.universe, comment_prefix="#")["symbol"].to_list()
    (folder / "many.txt").write_text("\n".join(names[:40]) + "\n")
    modules = {
        "mindful": MINDFUL,
        "slow": SLOW,
        "isolated": ISOLATED,
        "unwilling": UNWILLING,
        "rough": ROUGH,
        "holding": HOLDING,
    }
    for name, code in modules.items():
        (folder / f"{name}.py").write_text(code)
    write_story(folder / "story.json", names)
    return folder


def write_story(path: Path, names: Sequence[str]) -> None:
    """The configuration."""
    often = {"interval": "2m", "start_time": "09:32", "end_time": "11:30"}
    early = [{"start": "09:00", "end": "09:25", "interval": "5m"}]
    coded = {"config": {"universe": "many.txt"}, "schedule": often}
    screen = {
        "universe": "many.txt",
        "regular_session": [{"start": "09:31", "end": "13:00", "interval": "1m"}],
    }
    own_process = {"isolation": "process", "timeout_seconds": LIMIT}  # which may be slow to start
    scanners: list[dict[str, Any]] = [
        {"name": "falls", "where": "change_pct < -0.5", **screen, "pre_session": early},
        {"name": "rises", "where": "change_pct > 1 AND rsi_5_1m > 50", **screen},
        {"module": "mindful", **coded},
        {"module": "slow", **coded, "schedule": {**often, "interval": "20m"}},
        {"module": "isolated", **coded, "schedule": {**often, "interval": "5m"}, **own_process},
        {"module": "unwilling", **coded},
        {"module": "rough", **coded, "schedule": {**often, "interval": "5m", "end_time": "13:00"}},
    ]
    strategies = [
        {"module": "holding"},
        {"module": "paper_trader", "config": {"scanner": "rises", "atr": "atr_5_1d"}},
    ]
    data = {"symbols": list(names[:2]), "streams": ["1m", "5m"], "indicators": ["rsi_5_1m"]}
    whole = {"name": "story", "session_data_config": {**data, "scanners": scanners, "strategies": strategies}}
    path.write_text(json.dumps(whole, indent=2))


def command(out: str, *more: str, speed: str = "max", config: str = "story.json") -> tuple[str, ...]:
    """How the session is run."""
    where = ("--source", "replay", "--store", "store", "--date", str(HALF_DAY), "--speed", speed)
    return ("live", config, *where, "--jsonl", "--csv", "--out", out, *more)


def steps(record: Path) -> int:
    """How many steps are recorded."""
    try:
        with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as reader:
            return int(reader.execute("SELECT count(*) FROM steps").fetchone()[0])
    except sqlite3.OperationalError:  # there is none yet
        return 0


def events(folder: Path) -> list[dict[str, Any]]:
    """What was recorded, but what concerns the connection: each process connects anew."""
    with closing(sqlite3.connect(folder / "session.sqlite")) as reader:
        lines = reader.execute("SELECT record FROM events ORDER BY seq, n").fetchall()
    found = [json.loads(line) for (line,) in lines]
    return [event for event in found if not event["event"].startswith("feed_")]


def announced(lines: Sequence[str]) -> Counter[tuple[str, ...]]:
    """The hits that were said; the last line of a killed process may be half a line."""
    return Counter(_hits(lines))


def _hits(lines: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("type") == "hit":
            yield said["scan_at"], said["scanner"], said["symbol"]


def results(folder: Path) -> dict[str, Any]:
    """The tables of a run, without how long scans took, and its journal without the connection."""
    names = ("hits.csv", "unknown.csv", "trades.csv", "episodes.csv")
    texts = {name: (folder / name).read_text() for name in names}
    scans = pl.read_csv(folder / "scans.csv", infer_schema=False).drop("execution_time_ms")
    journal = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    told = [_timeless(event) for event in journal if not event["event"].startswith("feed_")]
    return {**texts, "scans": scans.rows(), "journal": told}


def _timeless(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "execution_time_ms"}
