"""A run of two sessions with everything that episodes, values and unknown symbols can hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from support.runs import Run, make_store, play

DAYS = (date(2018, 2, 26), date(2018, 2, 27))
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
HOSTILE = "1. näme +"
MOODY = '''
from symscan import BaseScanner, ScanResult

NAMES = ["rank", "symbol", "metadata_rank", "Ünicode, \\"quoted\\""]

class Scanner(BaseScanner):
    """Finds what a hash of the minute says, fails now and then, and removes symbols."""

    def setup(self, context):
        self._universe, self._gone = self._load_universe(), None
        return True

    def scan(self, context):
        minute = int(context.current_time.timestamp()) // 60
        if minute % 11 == 3:
            raise ValueError("in a mood")
        found = [one for one in self._universe if sum(map(ord, one)) * (minute // 3) % 7 < 3]
        found = [one for one in found if one != self._gone]
        self._gone = found[-1] if minute % 6 == 5 and found else None
        if self._gone is not None:
            context.session_data.remove_symbol(self._gone)
        return ScanResult(found, {one: self._values(one, minute) for one in found if one != "DDD"})

    def _values(self, symbol, minute):
        values = {
            "rank": minute / 7, "symbol": symbol.lower(), "metadata_rank": "of " + symbol,
            NAMES[-1]: minute % 2 == 0, "mixed": minute if minute % 3 else "text",
            "nested": {"levels": [1, None, {"x": 2.5}]}, "whole": minute, "big": 2**60 + minute,
        }
        if minute % 4:
            values["often"] = None if minute % 5 == 0 else 1.5
        return values
'''


def minute_bars() -> pl.DataFrame:
    """Random walks with gaps: some symbols trade seldom, one stops at noon."""
    rng = np.random.default_rng(5)
    rows = []
    for day in DAYS:
        opens = datetime(day.year, day.month, day.day, 9, 30, tzinfo=ZoneInfo("America/New_York"))
        for number, symbol in enumerate(SYMBOLS):
            price = 100.0 + number
            for minute in range(-20, 390):
                price *= 1 + rng.normal(0, 0.001)
                if rng.random() < 0.1 * number or (symbol == "FFF" and minute > 150):
                    continue
                high, low = price * 1.001, price * 0.999
                stamp = opens + timedelta(minutes=minute)
                rows.append((symbol, stamp, price, high, low, price, 100.0 + minute))
    names = ["symbol", "ts", "open", "high", "low", "close", "volume"]
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("ts").dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    )


@pytest.fixture(scope="session")
def bars() -> pl.DataFrame:
    return minute_bars()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, bars: pl.DataFrame) -> Path:
    return make_store(tmp_path_factory.mktemp("columns"), {"1m": bars})


@pytest.fixture(scope="session")
def played(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[date, date], Run]:
    """Plays the scanners over some of the sessions."""

    def played_over(first: date, last: date) -> Run:
        folder = tmp_path_factory.mktemp("project")
        (folder / "six.txt").write_text("\n".join([*SYMBOLS, "NOTIN"]) + "\n")
        (folder / "moody.py").write_text(MOODY)
        often = [{"start": "09:30", "end": "16:00", "interval": "3m"}]
        scanners = [
            {
                "name": HOSTILE,
                "module": "moody",
                "config": {"universe": "./six.txt"},
                "pre_session": True,
                "regular_session": [{"start": "09:30", "end": "15:45", "interval": "5m"}],
            },
            {
                "name": "above",
                "universe": "./six.txt",
                "where": "close > vwap",
                "rank": "close / vwap",
                "take": 3,
                "show": ["last_bar_end"],
                "max_age_minutes": 2,
                "regular_session": often,
            },
            {"name": "never", "universe": "./six.txt", "where": "close > 1e9", "regular_session": often},
        ]
        return play(folder, scanners, store, first, last)

    return played_over


@pytest.fixture(scope="session")
def run(played: Callable[[date, date], Run]) -> Run:
    """Both sessions."""
    return played(*DAYS)
