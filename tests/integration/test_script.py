"""A session that a script plays by hand, over a small store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from datetime import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from support.generated_market import DATES, Day, make_market
from support.runs import make_store
from symscan import (
    BaseScanner,
    ScanContext,
    ScannerConfig,
    ScannerManager,
    ScanResult,
    Screen,
    ScreenScanner,
    ScriptSession,
    SessionCoordinator,
    SessionData,
    TimeManager,
    open_session,
)
from symscan.errors import CalendarError, ConfigErrors, InputError, NotRequested, RunError
from symscan.model.events.session import RequestRefused, ScanFinished, SymbolAdded, SymbolUnlocked, Warned

SYMBOLS = ("LIQ00", "LIQ01", "LIQ02", "LIQ03")
DAY = Day.of(DATES[-1])
MARKET = make_market(DATES[-2:], SYMBOLS)


class Rising(BaseScanner):
    """Finds what is above its two-bar average; asks in setup for its universe."""

    def setup(self, context: ScanContext) -> bool:
        for symbol in self._load_universe():
            context.session_data.add_indicator(symbol, "sma", {"period": 2, "interval": "5m"})
        return bool(self.config.get("is_ready", True))

    def scan(self, context: ScanContext) -> ScanResult:
        data = context.session_data
        found = [
            symbol
            for symbol in self._universe
            if data.get_latest_price(symbol) > (data.get_indicator(symbol, "sma_2_5m") or np.nan)
        ]
        return ScanResult(symbols=found)


class Bare(BaseScanner):
    """Asks for nothing, and is shown its universe all the same."""

    def setup(self, context: ScanContext) -> bool:  # noqa: ARG002
        self._universe = ["LIQ03", "LIQ01"]
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        data = context.session_data
        for symbol in data.symbols:
            data.get_indicator(symbol, "sma_2_5m")
        return ScanResult([symbol for symbol in data.symbols[:1] if data.get_latest_bar(symbol)])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("script")
    (folder / "three.txt").write_text("\n".join(SYMBOLS[:3]) + "\n")
    return make_store(folder, {"1m": MARKET.minutes, "1d": MARKET.days})


@pytest.fixture
def session(store: Path) -> Iterator[ScriptSession]:
    with chdir(store.parent), open_session(store, str(DAY.date)) as opened:
        yield opened


def _minutes(symbol: str, until: int) -> pl.DataFrame:
    """A symbol's regular minutes of the day that ended by a minute after the open."""
    start = (pl.col("ts").dt.epoch("us") - DAY.open) // 60_000_000
    frame = MARKET.minutes.with_columns(minute=start).filter(pl.col("minute").is_between(0, until - 1))
    return frame.filter(symbol=symbol).sort("minute")


def _mean_of_two(symbol: str, until: int) -> float:
    fives = _minutes(symbol, until // 5 * 5).group_by(pl.col("minute") // 5, maintain_order=True).last()
    return float(fives["close"][-2:].mean())  # type: ignore[arg-type]


def test_the_parts_have_the_specifications_names(session: ScriptSession) -> None:
    coordinator = session.coordinator
    assert isinstance(coordinator, SessionCoordinator)
    assert isinstance(coordinator.session_data, SessionData)
    assert isinstance(session.scanner_manager, ScannerManager)
    assert isinstance(session.time_manager, TimeManager)
    for call in ("add_indicator", "add_symbol", "lock_symbol", "get_config_symbols", "add_session_bars"):
        assert callable(getattr(session.session_data, call))


@pytest.mark.parametrize("by", ["methods", "scan"])
def test_a_scanner_is_run_by_hand(session: ScriptSession, by: str) -> None:
    session.advance_to("10:32")
    scanner = Rising({"universe": "three.txt"})
    if by == "methods":
        assert scanner.setup(session.context(scanner))
        result = scanner.scan(session.context(scanner))
    else:
        result = session.scan(scanner)
        assert result.unknown is not None and result.unknown.tolist() == [False] * 3
    expected = [one for one in SYMBOLS[:3] if _minutes(one, 62)["close"][-1] > _mean_of_two(one, 62)]
    assert list(result.symbols) == expected
    assert expected
    assert session.session_data.get_active_symbols() == []  # nobody joins by itself


def test_a_context_made_as_the_specification_makes_it(session: ScriptSession) -> None:
    session.advance_to("10:32")
    scanner = Rising({"universe": "three.txt"})
    context = ScanContext(
        session_data=session.session_data,
        time_manager=session.time_manager,
        mode="backtest",
        current_time=session.time_manager.get_current_time(),
        config=scanner.config,
    )
    scanner.use_folders([Path.cwd()])
    assert scanner.setup(context)
    assert list(scanner.scan(context).symbols) == list(
        session.scan(Rising({"universe": "three.txt"})).symbols
    )


def test_what_a_scan_by_hand_could_not_judge_is_said(session: ScriptSession) -> None:
    session.advance_to("10:00")
    result = session.scan(Bare({}), name="bare")
    assert list(result.symbols) == ["LIQ03"]
    assert result.unknown is not None and result.unknown.tolist() == [False, True]


def test_a_screen_that_waits_knows_of_the_scans_by_hand_before(session: ScriptSession) -> None:
    screen = Screen("close > 0 AND last_scan.close > 0", confirm_scans=2)
    scanner = ScreenScanner.of(screen, "three.txt")
    found = []
    for at in ("10:00", "10:05", "10:10", "10:15"):
        session.advance_to(at)
        found.append(len(session.scan(scanner).symbols))
    assert found == [0, 0, 3, 3]  # what was seen at the scan before, twice in a row


def test_a_symbol_is_brought_in_mid_session(session: ScriptSession) -> None:
    session.advance_to(time(10, 32))
    assert session.add_symbol_mid_session("LIQ02", ["1m", "5m"], historical_days=1)
    assert not session.add_symbol_mid_session("LIQ02")
    data = session.session_data
    assert data.get_active_symbols() == ["LIQ02"]
    assert data.get_latest_bar("LIQ02", "5m").close == _minutes("LIQ02", 60)["close"][-1]  # type: ignore[union-attr]
    assert data.get_bars("LIQ02", "1m", 1000)[0].end < DAY.pre_open
    (added,) = [event for event in session.events if isinstance(event, SymbolAdded)]
    assert (added.symbol, added.holder) == ("LIQ02", "script")


def test_what_a_script_requests_is_there_at_its_next_look(session: ScriptSession) -> None:
    data = session.session_data
    session.advance_to("10:32")
    with pytest.raises(NotRequested, match=r'add_indicator\(symbols, "sma_2_5m"\) first'):
        data.add_session_bars(["LIQ00", "LIQ01"], "1m") and data.column("sma_2_5m")
    assert data.add_indicator(["LIQ01", "LIQ00"], "sma_2_5m")
    assert data.column("sma_2_5m").tolist() == pytest.approx([_mean_of_two(one, 62) for one in data.symbols])
    session.advance_to("11:01")
    assert data.column("sma_2_5m").tolist() == pytest.approx([_mean_of_two(one, 91) for one in data.symbols])
    assert data.get_latest_price("LIQ00") == _minutes("LIQ00", 91)["close"][-1]


def test_more_symbols_than_there_was_room_for_join_between_two_slices(session: ScriptSession) -> None:
    session.advance_to("10:00")
    many = [f"NONE{number}" for number in range(200)]
    assert session.session_data.add_indicator([*many, "LIQ00"], "sma_2_5m")
    session.advance_to("10:32")
    assert session.session_data.column("sma_2_5m")[-1] == pytest.approx(_mean_of_two("LIQ00", 62))


def test_a_script_holds_its_locks_and_no_others(session: ScriptSession) -> None:
    data, holders = session.session_data, session.coordinator.session_data.holders
    session.advance_to("10:00")
    session.add_symbol_mid_session("LIQ00")
    session.add_symbol_mid_session("LIQ01")
    holders.lock("LIQ01", "scanner:other", "liked")
    holders.set_traded("strategy:other", ["LIQ00"])
    assert data.lock_symbol("LIQ00", "mine") and data.unlock_symbol("LIQ00")
    assert not data.remove_symbol("LIQ00")
    assert not data.unlock_symbol("LIQ01") and not data.remove_symbol("LIQ01")
    data.lock_symbol("LIQ01", "mine")
    session.close()
    assert holders.locks_by_holder("LIQ01") == (("scanner:other", "liked"),)
    refused = [(event.holder, event.reason) for event in session.events if isinstance(event, RequestRefused)]
    assert refused == [
        ("script", "strategy:other trades it"),
        ("script", "it is locked by scanner:other (liked)"),
        ("script", "it is locked: liked"),
    ]
    unlocked = [event.symbol for event in session.events if isinstance(event, SymbolUnlocked)]
    assert unlocked == ["LIQ00", "LIQ01"]


def test_a_configured_scanner_scans_when_it_is_told_to(store: Path) -> None:
    gaps = ScannerConfig(
        module="scanners.gap_scanner",
        pre_session=True,
        config={"universe": "three.txt", "min_gap_percent": 0.01, "min_volume": 0, "max_age_minutes": None},
    )
    with chdir(store.parent), open_session(store, DAY.date, scanners=[gaps]) as session:
        session.advance_to("09:10")
        found = session.run_scan("gap_scanner")
        assert found.error is None and found.symbols
        assert session.session_data.get_active_symbols() == list(found.symbols)
        with pytest.raises(InputError, match=r"no scanner 'gaps' \(there are: gap_scanner\)"):
            session.run_scan("gaps")
        session.advance_to("09:31")
        with pytest.raises(InputError, match="'gap_scanner' cannot scan now"):
            session.run_scan("gap_scanner")
        session.run()
        assert session.coordinator.now == DAY.close


def test_a_symbol_removed_joins_again_when_it_is_found_again(store: Path) -> None:
    """Whoever brought it in; before that it is gone with all its data but what its scanner holds."""
    screen: dict[str, Any] = {"name": "all", "universe": "three.txt", "where": "close > 0"}
    screen["regular_session"] = [{"start": "09:35", "end": "16:00", "interval": "5m"}]
    with chdir(store.parent), open_session(store, DAY.date, _with(screen)) as session:
        data, holders = session.session_data, session.coordinator.session_data.holders
        session.advance_to("09:36")
        assert data.get_active_symbols() == [*SYMBOLS[:3]]
        assert data.remove_symbol("LIQ01") and data.get_active_symbols() == ["LIQ00", "LIQ02"]
        assert holders.holders("LIQ01") == ("scanner:all",)
        session.advance_to("09:39")
        assert data.get_active_symbols() == ["LIQ00", "LIQ02"]
        session.advance_to("09:40")
        assert data.get_active_symbols() == ["LIQ00", "LIQ02", "LIQ01"]
        session.advance_to("15:59")
        assert data.remove_symbol("LIQ01") and data.get_active_symbols() == ["LIQ00", "LIQ02"]
        session.run()  # the scan at the close finds it once more
        assert session.scanner_manager.scanners["all"].last_result.symbols == SYMBOLS[:3]  # type: ignore[union-attr]
        assert data.get_active_symbols() == ["LIQ00", "LIQ02"]


def _with(*scanners: dict[str, Any]) -> dict[str, Any]:
    return {"session_data_config": {"scanners": [*scanners]}}


def test_a_scanner_may_be_given_its_windows_as_in_a_file(store: Path) -> None:
    window = {"start": "10:00", "end": "10:20", "interval": "10m"}
    gaps = {"module": "gap", "config": {"universe": "three.txt", "min_gap_percent": 0}}

    def scans(**more: Any) -> list[int]:
        scanner = ScannerConfig(**gaps, **more)
        with chdir(store.parent), open_session(store, DAY.date, scanners=[scanner]) as session:
            session.advance_to("11:00")
            found = [event.at for event in session.events if isinstance(event, ScanFinished)]
            return [(at - DAY.open) // 60_000_000 for at in found]

    assert scans(regular_session=[window]) == [30, 40, 50]
    assert scans(regular_session=None, pre_session=True) == [0]
    with pytest.raises(ConfigErrors, match=r"scanner 'gap'.*did you mean 'interval'"):
        scans(regular_session=[{"start": "10:00", "intervall": "10m"}])
    for wrong in ([{"start": time(10)}], [window, time(10)]):
        with pytest.raises(InputError, match="of scanner 'gap' is not written as in a file"):
            scans(regular_session=wrong)


def test_it_is_the_session_a_run_plays(store: Path) -> None:
    screen: dict[str, Any] = {"name": "up", "universe": "three.txt", "where": "close > open"}
    screen["regular_session"] = [{"start": "10:00", "end": "15:00", "interval": "30m"}]
    config = {"session_data_config": {"scanners": [screen]}}
    seen = []
    for stops in ((), ("09:45", "12:10", "12:10")):
        with chdir(store.parent), open_session(store, DAY.date, config) as session:
            for stop in stops:
                session.advance_to(stop)
            session.run()
            seen.append([repr(event) for event in session.events if isinstance(event, SymbolAdded)])
    assert seen[0] == seen[1] != []


def test_a_symbol_of_the_configuration_that_the_store_lacks_is_said(store: Path) -> None:
    config = {"session_data_config": {"symbols": ["LIQ00", "NONE"]}}
    with open_session(store, DAY.date, config) as session:
        assert session.session_data.get_active_symbols() == ["LIQ00"]
        said = [event.message for event in session.events if isinstance(event, Warned)]
    assert said == [f"the store has no intraday bars of the configured NONE on {DAY.date}"]


def test_what_is_wrong_is_said(session: ScriptSession, store: Path) -> None:
    session.advance_to("10:00")
    for at, message in (("09:59", "is at 10:00 already"), ("ten", "write it as 10:30")):
        with pytest.raises(InputError, match=message):
            session.advance_to(at)
    session.scan(Bare({}))
    with pytest.raises(InputError, match="there is a scanner 'Bare' already"):
        session.context(Bare({}))
    never = Rising({"universe": "three.txt", "is_ready": False})
    for _ in range(2):
        with pytest.raises(RunError, match=r"setup\(\) of Rising did not return True"):
            session.scan(never)
    with pytest.raises(InputError, match="write it as 2018-02-20"):
        open_session(store, "tomorrow")
    with pytest.raises(CalendarError):
        open_session(store, "2018-11-25")
    with pytest.raises(ConfigErrors, match="nothing_such"):
        open_session(store, DAY.date, scanners=[ScannerConfig(module="nothing_such", pre_session=True)])
    twice = [ScannerConfig(module="gap", pre_session=True)] * 2
    with pytest.raises(InputError, match="two scanners are called 'gap'"):
        open_session(store, DAY.date, scanners=twice)
