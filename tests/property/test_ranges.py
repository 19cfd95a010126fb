"""A session has the same bytes alone, in a range and in another order, whatever is configured and stored."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.runs import make_store
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import SessionConfig, parse_config
from symscan.observers.results.run_folder import run_folder
from symscan.observers.results.run_progress import RunProgress
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.backtest_run import BacktestRun, RunOptions
from symscan.runtime.parallel.session_progress import ShowPlaying
from symscan.runtime.runner import run_backtest
from symscan.runtime.session_bars import StoredSessionBars
from symscan.tasks.local import LocalProcesses

FIRST, LAST = date(2024, 11, 25), date(2024, 12, 4)  # 2024-11-29 is a half day after a holiday
SYMBOLS = tuple("ABCDEFGH")
TIMED = "execution_time_ms"

CHURN = """
import random

from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self.config["symbols"][:3]
        self._random, self._held = random.Random(3), []
        context.session_data.add_indicator(self._universe, "ema_3_5m")
        return True

    def scan(self, context):
        view = context.session_data
        for symbol in self._held:
            view.remove_symbol(symbol)
        self._held = self._random.sample(self.config["symbols"], 2)
        for symbol in self._held:
            view.add_symbol(symbol)
        found = [one for one in view.symbols if view.get_latest_price(one) > self.config["price"]]
        return ScanResult(found, {one: {"price": view.get_latest_price(one)} for one in found[::2]})
"""


def _minutes(chance: random.Random) -> pl.DataFrame:
    """Bars of symbols of which some come later, some leave, and some miss a day."""
    rows = []
    for symbol in SYMBOLS:
        price = chance.uniform(5, 50)
        first = chance.choice((0, 0, 0, chance.randrange(6)))
        last = chance.choice((99, 99, 99, chance.randrange(6)))
        for number, session in enumerate(SessionCalendar().sessions(FIRST, LAST)):
            if not first <= number <= last or chance.random() < 0.1:
                continue
            early = -20 if chance.random() < 0.5 else 0
            ends = (session.close - session.open) // 60_000_000
            busy = chance.uniform(0.02, 0.4)
            for minute in range(early, ends):
                if chance.random() < busy:
                    price = max(1.0, price * chance.uniform(0.98, 1.02))
                    at = datetime.fromtimestamp(session.open / 1e6, UTC) + timedelta(minutes=minute)
                    top, bottom = price * chance.uniform(1, 1.01), price * chance.uniform(0.99, 1)
                    rows.append((symbol, at, price, top, bottom, price, float(chance.randrange(1, 900))))
    schema = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    return pl.DataFrame(rows, schema, orient="row")


def _days(minutes: pl.DataFrame, chance: random.Random) -> pl.DataFrame:
    """Daily bars of some symbols and days, now and then on another basis."""
    day = pl.col("ts").dt.convert_time_zone("America/New_York").dt.date().alias("date")
    days = minutes.group_by("symbol", day, maintain_order=True).agg(
        pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume")
    )
    kept = days.filter(pl.Series([chance.random() < 0.8 for _ in range(days.height)]))
    factor = pl.Series([2.0 if chance.random() < 0.05 else 1.0 for _ in range(kept.height)])
    return kept.with_columns(pl.col("open", "high", "low", "close") * factor)


def _store(folder: Path, chance: random.Random) -> Path:
    minutes = _minutes(chance)
    bars = {"1m": minutes}
    if chance.random() < 0.7:
        bars["1d"] = _days(minutes, chance)
    if chance.random() < 0.2:
        five = pl.col("ts").dt.truncate("5m")
        fields = (pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume"))
        bars["5m"] = minutes.group_by("symbol", five, maintain_order=True).agg(*fields)
    splits = [(chance.choice(SYMBOLS), date(2024, 12, 2), 2.0)] if chance.random() < 0.5 else None
    return make_store(folder, bars, splits)


def _configuration(folder: Path, chance: random.Random) -> SessionConfig:
    (folder / "churn.py").write_text(CHURN)
    (folder / "some.txt").write_text("\n".join(chance.sample(SYMBOLS, chance.randrange(2, 8))) + "\n")
    wheres = (
        "rsi_3_5m > 55",
        "close > sma_2_1d",
        "change_pct > 0",
        "volume > 100 AND close > vwap",
        "ema_4_1m > close",
        "premarket_volume > 0 OR close > 10",
        "symbol <> 'A' AND high > 1.001 * close",
    )
    scanners: list[dict[str, Any]] = []
    for number in range(chance.randrange(1, 4)):
        schedule: dict[str, Any] = {"interval": chance.choice(("15m", "20m", "1h"))}
        schedule |= {"start_time": "09:35", "end_time": "15:55"}
        if chance.random() < 0.5:
            schedule["days_of_week"] = chance.sample(["Mon", "Tue", "Wed", "Thu", "Fri"], 3)
        one: dict[str, Any] = {"name": f"s{number}", "schedule": schedule}
        one |= {"pre_session": chance.random() < 0.4, "add_symbols": chance.random() < 0.5}
        if chance.random() < 0.3:
            one |= {"module": "churn", "config": {"symbols": SYMBOLS, "price": chance.uniform(5, 50)}}
        else:
            one |= {"universe": "./some.txt", "where": chance.choice(wheres)}
            if chance.random() < 0.5:
                one |= {"rank": "volume", "take": chance.randrange(1, 4)}
            if chance.random() < 0.5:
                one["max_age_minutes"] = 5
        scanners.append(one)
    session = {"symbols": chance.sample(SYMBOLS, 2), "streams": ["1m", "5m"], "scanners": scanners}
    text = json.dumps({"session_data_config": session})
    return parse_config(text, str(folder / "session.json"))


def _play(backtest: Backtest, out: Path) -> dict[str, object]:
    """Run sessions; returns the files of the run, the measured times left out."""
    bars = StoredSessionBars(backtest.store, backtest.played)
    with run_folder(out, force=False, facts=dict, bars=bars, csv=True) as results:
        run_backtest(backtest, [results])
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.suffix != ".json"]
    return {str(path.relative_to(out)): _content(path) for path in files}


def _divided(config: SessionConfig, store: Path, out: Path, jobs: int, stop_after: int = 99) -> None:
    """Run a configuration in some processes; go on with it if it was stopped before."""
    run, resume = BacktestRun.of(config, store, FIRST, LAST), out.exists()
    options = RunOptions(out, resume=resume, csv=True)
    with nullcontext() if jobs == 1 else LocalProcesses(jobs) as executor:
        run.play(options, partial(_stopping, stop_after), executor)


@contextmanager
def _stopping(after: int, _sessions: object, progress: RunProgress) -> Iterator[ShowPlaying]:
    """Interrupts a run once so many sessions are whole."""

    def show(_playing: object) -> None:
        if progress.completed >= after:
            raise KeyboardInterrupt

    yield show


def _everything(out: Path) -> dict[str, object]:
    """All files of a run, the measured times left out."""
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    return {str(path.relative_to(out)): _content(path) for path in files}


def _content(path: Path) -> object:
    if path.name == "scans.csv":
        return pl.read_csv(path, infer_schema=False).drop(TIMED).write_csv().splitlines()
    return path.read_bytes() if path.suffix == ".parquet" else path.read_text().splitlines()


def _joined(parts: Sequence[dict[str, Any]]) -> dict[str, object]:
    """The files of a run made of those of single sessions: rows one after another, one header."""
    joined: dict[str, Any] = {}
    for part in parts:
        for name, content in part.items():
            if isinstance(content, bytes):
                joined[name] = content
            else:
                head = 0 if name.endswith(".jsonl") or name not in joined else 1
                joined[name] = [*joined.get(name, []), *content[head:]]
    return joined


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (0, *range(2, 60)))])
def test_a_session_has_the_same_bytes_alone_in_a_range_and_in_any_order(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store, config = _store(tmp_path, chance), _configuration(tmp_path, chance)
    with chdir(tmp_path):
        whole = assemble_backtest(config, store, FIRST, LAST)
        straight = _play(replace(whole, warnings=()), tmp_path / "straight")
        other = list(whole.sessions)
        chance.shuffle(other)
        fresh = assemble_backtest(config, store, FIRST, LAST)
        mixed = _play(replace(fresh, sessions=tuple(other), warnings=()), tmp_path / "mixed")
        alone = []
        for session in whole.sessions:
            single = assemble_backtest(config, store, session.date, session.date)
            alone.append(_play(replace(single, warnings=()), tmp_path / str(session.date)))
    assert straight == mixed
    assert straight == _joined(alone)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [60, 61, 62])
def test_a_run_has_the_same_bytes_in_one_process_in_several_and_resumed(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    store, config = _store(tmp_path, chance), _configuration(tmp_path, chance)
    with chdir(tmp_path):
        _divided(config, store, tmp_path / "one", 1)
        _divided(config, store, tmp_path / "several", chance.choice((2, 3)))
        with pytest.raises(KeyboardInterrupt):
            _divided(config, store, tmp_path / "resumed", 2, stop_after=chance.randrange(1, 5))
        _divided(config, store, tmp_path / "resumed", 2)
    straight = _everything(tmp_path / "one")
    assert len(straight) > 15
    assert _everything(tmp_path / "several") == straight
    assert _everything(tmp_path / "resumed") == straight
