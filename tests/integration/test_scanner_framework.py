"""The specification's integration tests, by its names."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from contextlib import chdir
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fakes import Recorder
from integration.market import Day, Market, make_market
from integration.playing import make_store
from symscan.config import parse_config
from symscan.errors import ConfigErrors, ScanOverrun
from symscan.model.bar import Between
from symscan.model.events import (
    Event,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    ScannerReady,
    ScanPhase,
    SessionActivated,
    SymbolAdded,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.building import Ports, build
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.telling import Teller
from symscan.scanners.background import BackgroundExecution
from symscan.scanners.builtin import momentum as builtin_momentum
from symscan.scanners.states import TRANSITIONS, ScannerState
from symscan.session.requests import RequestBook
from symscan.session.view import SessionView
from symscan.sources.history import StoreHistory
from symscan.sources.replay import ReplaySource

SYMBOLS = ("LIQ00", "LIQ01", "LIQ02", "LIQ03", "THN00", "NEWC")
HALF_DAY, DAY = date(2018, 11, 23), date(2018, 11, 26)
DATES = [date(2018, 11, 20), date(2018, 11, 21), HALF_DAY, DAY]
MINUTE = 60_000_000

OBSERVER = """
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self.calls = [("setup", context.time_manager.now)]
        self._load_universe()
        for symbol in self._loaded_universe:
            for key in self.config.get("indicators", ()):
                context.session_data.add_indicator(symbol, key)
        if self.config.get("fails") == "raises":
            raise RuntimeError("no file")
        return self.config.get("fails") is None

    def scan(self, context):
        view = context.session_data
        self.calls.append(("scan", context.time_manager.now, view.get_active_symbols()))
        while self.config.get("hangs"):
            pass
        for symbol in self.config.get("locks", ()):
            view.lock_symbol(symbol, "kept")
        return ScanResult(self.config.get("finds", []))

    def teardown(self, context):
        self.calls.append(("teardown", context.time_manager.now))
"""

WAITING = """
import threading

from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self.began, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self._load_universe()
        return True

    def scan(self, context):
        price = context.session_data.get_latest_price("LIQ01")
        self.began.release()
        if not self.go.acquire(timeout=30):
            raise TimeoutError("nobody let it go on")
        return ScanResult(["LIQ01"], metadata={"LIQ01": {"price": price}})
"""

NAMED = """
from symscan import BaseScanner, ScanResult


class Base(BaseScanner):
    def scan(self, context):
        return ScanResult([])


class NamedAfterScanner(Base):
    pass
"""


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market(DATES, SYMBOLS, seed=8)


@pytest.fixture(scope="module")
def store(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("framework"), {"1m": market.minutes, "1d": market.days})


class Project:
    """A folder with scanners of its own and a universe."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder, self._store = folder, store
        (folder / "observer.py").write_text(OBSERVER)
        (folder / "named_after.py").write_text(NAMED)
        (folder / "waiting.py").write_text(WAITING)
        (folder / "all.txt").write_text("\n".join(SYMBOLS) + "\n")

    def assemble(self, scanners: Sequence[dict[str, Any]], day: date = DAY, **more: Any) -> Backtest:
        text = json.dumps({"session_data_config": {"scanners": scanners, **more}}, indent=1)
        with chdir(self.folder):
            config = parse_config(text, str(self.folder / "session.json"))
            return assemble_backtest(config, self._store, day, day)

    def run(self, *scanners: dict[str, Any], day: date = DAY, **more: Any) -> Played:
        return Played(self.assemble(scanners, day, **more))


class Played:
    """A session that was played, and what came of it."""

    def __init__(self, backtest: Backtest) -> None:
        self.recorder = Recorder()
        self.coordinator: SessionCoordinator = backtest.coordinator(backtest.sessions[0], [self.recorder])
        self.manager = self.coordinator.scanner_manager
        self.states: list[ScannerState] = []
        self.coordinator.run(self._after_step)

    def of(self, kind: type[Event]) -> list[Any]:
        return self.recorder.of(kind)

    def calls(self, name: str) -> list[Any]:
        return self.manager.scanners[name].scanner.calls  # type: ignore[attr-defined]

    def _after_step(self) -> None:
        self.states.append(next(iter(self.manager.scanners.values())).state)


class Beside:
    """A session whose scans run beside it, slice by slice as a test says."""

    def __init__(self, backtest: Backtest) -> None:
        (session,) = backtest.sessions
        self.recorder = Recorder()
        self._woken = threading.Semaphore(0)
        managed = backtest.checked.scanners.managed(session)
        ports = Ports(
            StoreHistory(backtest.store, backtest.checked.calendar),
            ReplaySource(backtest.store, session, start=session.open),
            Teller(session, [self.recorder]),
            execution=BackgroundExecution(self._woken.release),
        )
        self.coordinator = build(backtest.checked, session, managed, ports)
        self.manager = self.coordinator.scanner_manager
        self.coordinator.prepare()
        self._moments = self.coordinator.slices()

    def until(self, minute: int, quick: str | None = None) -> None:
        """Every slice up to a minute after the open, each once the scan of a quick scanner is applied."""
        for moment in self._moments:
            self.coordinator.carry(moment)
            while quick is not None and self.manager.scanners[quick].is_awaited:
                assert self._woken.acquire(timeout=30)
                self.coordinator.settle(Between())
            if self.coordinator.now == minutes(minute)[0]:
                return

    def let_go(self, name: str) -> None:
        """Let a waiting scan go on, and apply what it found."""
        scanner: Any = self.manager.scanners[name].scanner
        assert scanner.began.acquire(timeout=30)
        while self._woken.acquire(blocking=False):  # of what ended before
            pass
        scanner.go.release()
        assert self._woken.acquire(timeout=30)
        self.coordinator.settle(Between())

    def state(self, name: str) -> ScannerState:
        return self.manager.scanners[name].state

    def scans(self, name: str) -> list[ScanFinished]:
        return [scan for scan in self.recorder.of(ScanFinished) if scan.scanner == name]


@pytest.fixture
def project(tmp_path: Path, store: Path) -> Project:
    return Project(tmp_path, store)


def observer(
    name: str, start: str = "09:35", end: str = "10:05", interval: str = "15m", **more: Any
) -> dict[str, Any]:
    windows = [{"start": start, "end": end, "interval": interval}]
    own = {key: more.pop(key) for key in ("finds", "fails", "hangs", "locks", "indicators") if key in more}
    config = {"universe": "./all.txt", **own}
    return {"name": name, "module": "observer", "regular_session": windows, "config": config, **more}


def minutes(*numbers: int, day: date = DAY) -> list[int]:
    """Instants by their minute after the open."""
    return [Day.of(day).open + number * MINUTE for number in numbers]


def test_scanner_loading(project: Project) -> None:
    every = {"regular_session": [{"start": "10:00", "end": "11:00", "interval": "30m"}]}
    momentum = {
        "name": "momentum",
        "module": "scanners.momentum",
        "config": {"universe": "./all.txt"},
        **every,
    }
    played = project.run(
        observer("mine"),
        momentum,
        {"module": "named_after", **every},
        observer("off", enabled=False),
    )
    scanners = {name: managed.scanner for name, managed in played.manager.scanners.items()}
    assert isinstance(scanners.pop("momentum"), builtin_momentum.Scanner)
    classes = {name: type(scanner).__name__ for name, scanner in scanners.items()}
    assert classes == {"mine": "Scanner", "named_after": "NamedAfterScanner"}
    with pytest.raises(ConfigErrors, match=r"session\.json:\d+.*no_such_module"):
        project.assemble([{"module": "no_such_module", **every}])


def test_scanner_setup(project: Project) -> None:
    played = project.run(
        observer("good", indicators=["sma_5_5m"]),
        observer("declines", fails="False"),
        observer("raises", fails="raises"),
    )
    assert [played.calls(name)[0] for name in ("good", "declines")] == [("setup", Day.of(DAY).pre_open)] * 2
    assert [call[0] for call in played.calls("good")] == ["setup", "scan", "scan", "scan", "teardown"]
    assert [call[0] for call in played.calls("raises")] == ["setup"]
    (ready,) = played.of(ScannerReady)
    assert (ready.scanner, ready.universe, ready.indicators) == ("good", len(SYMBOLS), ("sma_5_5m",))
    assert [(event.scanner, event.reason) for event in played.of(ScannerDisabled)] == [
        ("declines", "setup() returned False"),
        ("raises", 'setup(): observer.py:13: raise RuntimeError("no file")  RuntimeError: no file'),
    ]
    kinds = [type(event) for event in played.recorder.events]
    assert max(i for i, kind in enumerate(kinds) if kind is ScannerDisabled) < kinds.index(ScanFinished)


def test_pre_session_scan(project: Project) -> None:
    played = project.run(observer("early", pre_session=True, finds=["LIQ01"]), observer("late"))
    first, *_ = played.of(ScanFinished)
    assert (first.scanner, first.phase, first.at) == ("early", ScanPhase.PRE_SESSION, Day.of(DAY).open)
    (activated,) = played.of(SessionActivated)
    assert activated.symbols == ("LIQ01",)
    order = [
        type(event) for event in played.recorder.events if isinstance(event, ScanFinished | SessionActivated)
    ]
    assert order.index(SessionActivated) == 1
    assert not [scan for scan in played.of(ScanFinished) if scan.scanner == "late" and scan.at <= first.at]


def test_regular_session_scan(project: Project) -> None:
    schedule = {"interval": "30m", "start_time": "15:05", "end_time": "16:00", "days_of_week": ["Mon", "Fri"]}
    single = observer("single")
    del single["regular_session"]
    two = observer("two")
    two["regular_session"] += [{"start": "12:00", "end": "12:14", "interval": "7m"}]
    played = project.run({**single, "schedule": schedule}, two)
    scans = {
        name: [scan.at for scan in played.of(ScanFinished) if scan.scanner == name]
        for name in ("single", "two")
    }
    assert scans == {"single": minutes(335, 365), "two": minutes(5, 20, 35, 150, 157, 164)}
    half = project.run({**single, "schedule": schedule | {"start_time": "12:00"}}, day=HALF_DAY)
    assert [scan.at for scan in half.of(ScanFinished)] == minutes(150, 180, 210, day=HALF_DAY)
    (off,) = project.run({**single, "schedule": schedule | {"days_of_week": ["Tue"]}}).of(ScannerDisabled)
    assert off.reason == "not due in this session"


def test_scanner_teardown(project: Project) -> None:
    played = project.run(observer("short"), observer("long", end="16:00", interval="1h"))
    (short,) = (event for event in played.of(ScannerDone) if event.scanner == "short")
    (long,) = (event for event in played.of(ScannerDone) if event.scanner == "long")
    assert (short.at, short.scans) == (minutes(35)[0], 3)
    assert (long.at, long.scans) == (minutes(365)[0], 7)
    for name in ("short", "long"):
        assert [call[0] for call in played.calls(name)].count("teardown") == 1
        assert played.calls(name)[-1][0] == "teardown"


def test_scanner_state_machine(project: Project) -> None:
    played = project.run(observer("one"))
    (managed,) = played.manager.scanners.values()
    assert list(dict.fromkeys(played.states)) == [ScannerState.READY, ScannerState.DONE]
    assert managed.state is ScannerState.DONE
    assert TRANSITIONS[ScannerState.DONE] == ()
    for state in ScannerState:
        with pytest.raises(ValueError, match="cannot go from done"):
            managed.go(state)
    life = ("idle", "setting_up", "ready", "scanning", "ready", "tearing_down", "done")
    for old, new in pairwise(life):
        assert ScannerState(new) in TRANSITIONS[ScannerState(old)]


def test_backtest_blocking(project: Project) -> None:
    played = project.run(observer("finder", finds=["LIQ02"]), observer("witness", interval="1m"))
    seen = {now: active for kind, now, *rest in played.calls("witness") if kind == "scan" for active in rest}
    first, second = minutes(5, 6)
    assert (seen[first], seen[second]) == ([], ["LIQ02"])  # found, loaded and admitted before the next slice
    (added,) = played.of(SymbolAdded)
    assert added.at == added.ready_at == first
    hanging = project.assemble([observer("hangs", hangs=True, timeout_seconds=0.1)])
    coordinator = hanging.coordinator(hanging.sessions[0])
    with pytest.raises(ScanOverrun, match="'hangs' took longer"):
        coordinator.run()
    assert coordinator.now == first  # the session waited for it
    assert coordinator.scanner_manager.scanners["hangs"].state is ScannerState.DONE


def test_live_async(project: Project, market: Market) -> None:
    waiting = {**observer("slow"), "module": "waiting"}
    beside = Beside(project.assemble([waiting, observer("witness", interval="1m", end="16:00")]))
    beside.until(9, "witness")  # due at the fifth minute, it holds up neither the slices nor another scanner
    assert beside.coordinator.session_data.now == minutes(9)[0]
    assert beside.scans("slow") == []
    assert [scan.at for scan in beside.scans("witness")][:3] == minutes(5, 6, 7)
    assert beside.coordinator.session_data.holders.members() == ()
    beside.let_go("slow")
    (scan,) = beside.scans("slow")
    assert (scan.at, scan.decided_at, scan.outcome) == (*minutes(5, 9), "ok")
    closes = _closes(_regular(market, "LIQ01", [DAY], 5), 1)
    assert scan.hits.price.tolist() == [closes[-1]]  # what it saw and what is said of its hit is of then
    assert scan.hits.metadata == {"LIQ01": {"price": closes[-1]}}
    (added,) = beside.recorder.of(SymbolAdded)
    assert (added.symbol, added.at) == ("LIQ01", minutes(9)[0])
    beside.manager.teardown_all()


def test_skip_on_overlap(project: Project) -> None:
    waiting = {**observer("slow", interval="1m", end="09:39"), "module": "waiting"}
    beside = Beside(project.assemble([waiting]))
    beside.until(7)
    skipped = beside.scans("slow")
    assert [(scan.at, scan.outcome) for scan in skipped] == [(at, "skipped") for at in minutes(6, 7)]
    assert {scan.error for scan in skipped} == {"its scan of 09:35 (exchange time) is still running"}
    assert beside.state("slow") is ScannerState.SCANNING
    beside.let_go("slow")
    assert beside.state("slow") is ScannerState.READY
    beside.until(8)
    beside.let_go("slow")
    assert [(scan.at, scan.outcome) for scan in beside.scans("slow")[2:]] == [
        (at, "ok") for at in minutes(5, 8)
    ]
    beside.manager.teardown_all()


def test_automatic_bar_provisioning(project: Project, market: Market) -> None:
    requirements = {"streams": ["1m", "15m"], "load_historical": True, "historical_days": 2}
    asks = observer(
        "asks", end="15:55", indicators=["sma_100_5m"], finds=["LIQ03"], symbol_requirements=requirements
    )
    backtest = project.assemble([asks])
    coordinator = backtest.coordinator(backtest.sessions[0])
    coordinator.prepare()
    for bar_slice in coordinator.slices():
        coordinator.step(bar_slice)
        if bar_slice.end == minutes(50)[0]:
            break
    view = SessionView(coordinator.session_data, RequestBook("scanner:asks"))
    assert view.get_indicator("LIQ00", "sma_100_5m").current_value == pytest.approx(
        _sma(market, "LIQ00"), rel=1e-9
    )
    bars = view.get_bars("LIQ03", "15m", 1000)
    regular = _regular(market, "LIQ03", DATES[1:], 45)
    assert [bar.close for bar in bars] == _closes(regular, 15)
    assert view.get_bars("LIQ00", "15m", 1000)[0].end > Day.of(DAY).open  # no member: no history


def test_symbol_cleanup(project: Project) -> None:
    (project.folder / "few.txt").write_text("LIQ03\n")
    few = {**observer("two", end="11:00"), "config": {"universe": "./few.txt"}}
    played = project.run(observer("one", finds=["LIQ01"], locks=["LIQ02"]), few)
    first, second = played.of(SymbolsRemoved)
    assert (first.at, first.holder, first.symbols) == (
        minutes(35)[0],
        "scanner:one",
        ("LIQ00", "LIQ02", "THN00", "NEWC"),
    )
    assert (second.at, second.holder, second.symbols) == (minutes(80)[0], "scanner:two", ("LIQ03",))
    left = played.coordinator.session_data
    assert left.holders.members() == ("LIQ01",)
    assert [(one.symbol, one.holder, one.reason) for one in played.of(SymbolUnlocked)] == [
        ("LIQ02", "scanner:one", "kept")
    ]
    assert len(left.symbols) == 1


def _regular(market: Market, symbol: str, days: Sequence[date], until: int) -> pl.DataFrame:
    """A symbol's regular minutes, on the last day up to a minute, each with its session and minute."""
    parts = []
    for day in map(Day.of, days):
        start = pl.col("ts").dt.epoch("us")
        last = day.open + until * MINUTE if day.date == DAY else day.close
        own = market.minutes.filter((pl.col("symbol") == symbol) & (start >= day.open) & (start < last))
        parts.append(
            own.with_columns(day=pl.lit(day.date), minute=(start - day.open) // MINUTE).sort("minute")
        )
    return pl.concat(parts)


def _closes(bars: pl.DataFrame, interval: int) -> list[float]:
    groups = bars.group_by("day", pl.col("minute") // interval, maintain_order=True)
    return groups.agg(pl.last("close"))["close"].to_list()


def _sma(market: Market, symbol: str) -> float:
    closes = _closes(_regular(market, symbol, DATES, 50), 5)[-100:]
    return sum(closes) / len(closes)
