"""One scan as a frame: what a run has at that instant, and of everybody else why not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import symscan
from component.runs.conftest import DAYS, SYMBOLS
from support.plugin_packages import INDICATOR

SCREEN = {"where": "close > vwap AND rsi_5_1m > 40", "rank": "close / vwap", "take": 2, "max_age_minutes": 2}
AT = f"{DAYS[1]} 10:35"


@pytest.fixture
def universe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seven.txt").write_text("\n".join([*SYMBOLS, "NOTIN"]) + "\n")
    return "./seven.txt"


@pytest.mark.parametrize("at", ["10:35", "12:25", "15:55"])
def test_it_is_what_a_run_finds_at_that_instant(universe: str, store: Path, at: str) -> None:
    window = [{"start": "09:35", "end": "15:55", "interval": "10m"}]
    scanner = {"name": "mine", "universe": universe, **SCREEN, "regular_session": window}
    config = {"session_data_config": {"scanners": [scanner]}}
    run = symscan.run(config, store=store, date=DAYS[1])
    frame = symscan.screen(**SCREEN, universe=universe, store=store, at=f"{DAYS[1]} {at}")
    scan_at = (
        pl.lit(f"{DAYS[1]} {at}")
        .str.to_datetime(time_zone="America/New_York", time_unit="us")
        .dt.convert_time_zone("UTC")
    )
    found = run.hits.filter(pl.col("scan_at") == scan_at)
    hits = frame.filter(verdict="hit")
    assert hits["symbol"].to_list() == found["symbol"].to_list()
    assert hits["rank"].to_list() == found["rank"].to_list()
    values = run.values("mine").filter(pl.col("scan_at") == scan_at)
    assert hits.select("symbol", "close", "vwap", "rsi_5_1m").equals(
        values.select("symbol", "close", "vwap", "rsi_5_1m")
    )
    was_unknown = run.unknown.filter(scan_at.is_between("from", "to"))
    assert (
        frame.filter(verdict="unknown")
        .select("symbol", "reason")
        .sort("symbol")
        .equals(was_unknown.select("symbol", "reason").sort("symbol"))
    )
    assert sorted(frame["symbol"]) == sorted([*SYMBOLS, "NOTIN"])


def test_everybody_has_a_verdict_that_the_values_bear_out(universe: str, store: Path) -> None:
    frame = symscan.screen("close > vwap", universe=universe, store=store, at=AT, take=1, show=["volume"])
    assert frame.columns == ["symbol", "verdict", "reason", "rank", "close", "vwap", "volume"]
    (unknown,) = frame.filter(verdict="unknown").rows(named=True)
    assert (unknown["symbol"], unknown["reason"]) == ("NOTIN", "not_in_store")
    known = frame.filter(pl.col("verdict") != "unknown")
    meets = known.filter(pl.col("close") > pl.col("vwap"))
    assert meets["rank"].to_list() == list(range(1, meets.height + 1))
    assert meets["verdict"].to_list() == ["hit", *["no"] * (meets.height - 1)]
    assert meets["reason"].to_list() == [None, *["not_taken"] * (meets.height - 1)]
    others = known.filter(pl.col("close") <= pl.col("vwap"))
    assert others.select("reason", "rank").null_count().row(0) == (others.height, others.height)
    assert frame["verdict"].is_sorted()


def test_an_instant_has_several_ways(universe: str, store: Path) -> None:
    def closes(at: datetime | str) -> list[float]:
        found = symscan.screen("close > 0", universe=universe, store=store, at=at, take=None)
        return found.sort("symbol")["close"].to_list()

    assert closes(AT) == closes(datetime.fromisoformat(AT)) == closes(f"{DAYS[1]}T10:35")
    assert closes(AT) == closes(datetime(2018, 2, 27, 15, 35, tzinfo=UTC))
    assert closes(f"{DAYS[1]} close") == closes(f"{DAYS[1]} 16:00") != closes(AT)
    assert closes(f"{DAYS[1]} open") == closes(f"{DAYS[1]} 09:30") != closes(AT)


def test_the_universe_may_be_the_symbols_themselves(universe: str, store: Path) -> None:
    by_path = symscan.screen(**SCREEN, universe=universe, store=store, at=AT)
    assert symscan.screen(**SCREEN, universe=[*SYMBOLS, "NOTIN"], store=store, at=AT).equals(by_path)


@pytest.mark.usefixtures("universe")
def test_the_best_of_each_group_against_a_market(store: Path, tmp_path: Path) -> None:
    sectors = dict(zip(SYMBOLS[:-1], ("one", "two") * 3, strict=False))  # the last one is the market's alone
    rows = [f"{symbol},{sector}" for symbol, sector in sectors.items()]
    (tmp_path / "sectors.csv").write_text("\n".join(["symbol,sector", *rows]) + "\n")
    given: dict[str, Any] = {"universe": "./sectors.csv", "store": store, "at": AT, "market": SYMBOLS[-1]}
    frame = symscan.screen("market.close > 0", rank="close", take=1, per="sector", show="close", **given)
    assert sorted(frame["symbol"]) == sorted(sectors)
    prices = dict(frame.select("symbol", "close").rows())
    best = {
        max((one for one in sectors if sectors[one] == sector), key=lambda one: prices[one])
        for sector in ("one", "two")
    }
    assert set(frame.filter(verdict="hit")["symbol"]) == best
    assert set(frame.filter(verdict="no")["reason"]) == {"not_taken"}


def test_an_indicator_of_ones_own(universe: str, store: Path, tmp_path: Path) -> None:
    (tmp_path / "my_times.py").write_text(INDICATOR.replace("NAME", "my_times"))
    given: dict[str, Any] = {"store": store, "indicator_modules": "my_times"}
    frame = symscan.screen("my_times_3_1m > 0", universe=universe, at=AT, show=["close"], **given)
    known = frame.filter(verdict="hit")
    assert known.height > 3
    assert known["my_times_3_1m"].to_list() == (3.0 * known["close"]).to_list()
    end = datetime(
        DAYS[1].year, DAYS[1].month, DAYS[1].day, 10, 35, tzinfo=ZoneInfo("America/New_York")
    ).astimezone(UTC)
    opened = symscan.open_store(store, indicator_modules=["my_times"])
    bars = opened.bars(known["symbol"].to_list(), "1m", DAYS[1], columns=["my_times_3_1m"])
    at = bars.filter(pl.col("end") == end).select("symbol", "my_times_3_1m")
    assert at.height and at.join(known, on=["symbol", "my_times_3_1m"]).height == at.height


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"where": "cloze > 1"}, "where: 'cloze' is not known; did you mean 'close'?"),
        ({"rank": "close >"}, "rank: "),
        ({"take": 0}, "take: expected a number greater than 0, got 0"),
        ({"universe": []}, "universe: there are no symbols in it; give the name or path of one, or a list"),
        ({"universe": ["AAA", "B B"]}, "universe: 'B B' is not a symbol; give"),
        ({"universe": 7}, "universe: 7 is none; give"),
        ({"universe": {"found_by": "other"}}, "universe: {'found_by': 'other'} is none; give"),
        ({"per": "sector", "take": 1}, "per: "),
        ({"confirm_scans": 2}, "confirm_scans: it rests on the scans before, and this is one alone; give"),
        ({"leave_when": "close < vwap"}, "leave_when: it rests on the scans before"),
        ({"indicator_modules": ["absent"]}, "indicator_modules[0]: "),
        ({"universe": "nobody"}, "universe: there is no universe 'nobody'"),
        ({"exchange": "MOON"}, "exchange: "),
        ({"at": str(DAYS[1])}, "is no instant; write it as '2018-03-14 10:35'"),
        ({"at": "noon"}, "'noon' is no instant"),
        ({"at": f"{AT}:30"}, "is no whole minute"),
        ({"at": f"{DAYS[1]} 03:00"}, "03:00 is outside the session of 2018-02-27, which goes from 04:00"),
        ({"at": "2018-02-25 close"}, "2018-02-25 has no session, it is a Sunday"),
        ({"at": "soon close"}, "'soon' is not a date; write it as 2018-02-20"),
        ({"store": "nowhere"}, "nowhere: there is no bar store here"),
    ],
)
def test_wrong_input_is_one_error(universe: str, store: Path, changes: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"where": "close > 1", "universe": universe, "store": store, "at": AT, **changes}
    with pytest.raises(symscan.InputError, match=re.escape(message)):
        symscan.screen(**given)
