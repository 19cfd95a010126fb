"""The specification's integration tests, by its names."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.builders import Recorder
from support.generated_market import Day, Market, make_market
from support.projects import of_regular_hours
from support.runs import make_store
from support.waiting import LIMIT, TickingClock
from symscan.config import SessionConfig, load_config, parse_config
from symscan.errors import ConfigErrors, ScanOverrun
from symscan.model.events.session import (
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
from symscan.runtime.assembly import Backtest, assemble_backtest, assemble_live
from symscan.runtime.building.build import calendar_of
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.live.session import LiveOptions, LiveRun, LiveSetup
from symscan.scanners.builtin import momentum as builtin_momentum
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.running.managed_scanner import TRANSITIONS, ManagedScanner, ScannerState
from symscan.scanners.running.manager import ScannerManager
from symscan.session.requests import RequestQueue
from symscan.session.view import MemberView, SessionView
from symscan.sources.replay.feed import ReplayFeed

SYMBOLS = ("LIQ00", "LIQ01", "LIQ02", "LIQ03", "THN00", "NEWC")
HALF_DAY, DAY = date(2018, 11, 23), date(2018, 11, 26)
LIVE_SPEED, SECONDS_PER_LOOK = 1e6, 1.0
"""So fast that nobody waits; but the clock it is about only goes on when it is looked at."""
DATES = [date(2018, 11, 20), date(2018, 11, 21), HALF_DAY, DAY]
MINUTE = 60_000_000

OBSERVER = """
import threading

from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    watch = None  # what a test sees of the session while one of the three methods runs

    def setup(self, context):
        self.calls, self.seen = [], []
        self.note("setup", context)
        self._universe = self._load_universe()
        for symbol in self._universe:
            for key in self.config.get("indicators", ()):
                context.session_data.add_indicator(symbol, key)
        if self.config.get("fails") == "raises":
            raise RuntimeError("no file")
        return self.config.get("fails") != "False"

    def scan(self, context):
        view = context.session_data
        self.note("scan", context, view.get_active_symbols())
        while self.config.get("hangs"):
            pass
        if self.config.get("fails") == "scan":
            raise RuntimeError("no data")
        for symbol in self.config.get("locks", ()):
            view.lock_symbol(symbol, "kept")
        for key in self.config.get("indicators", ()):
            self.known = {one: view.get_indicator(one, key).valid for one in self._universe}
        return ScanResult(self.config.get("finds", []))

    def teardown(self, context):
        self.note("teardown", context)

    def note(self, call, context, *more):
        self.calls.append((call, context.time_manager.now, *more))
        if self.watch is not None:
            self.seen.append((call, self.watch(), threading.current_thread().name))
"""

WAITING = """
import threading

from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self.go = threading.Semaphore(0)
        self._load_universe()
        return True

    def scan(self, context):
        price = context.session_data.get_latest_price("LIQ01")
        if not self.go.acquire(timeout=300):
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

BROKEN = "import no_such_package\n"


@pytest.fixture(scope="module")
def market() -> Market:
    """Regular hours alone: a live session begins shortly before the open."""
    market = make_market(DATES, SYMBOLS, seed=8)
    return replace(market, minutes=of_regular_hours(market.minutes))


@pytest.fixture(scope="module")
def store(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("framework"), {"1m": market.minutes, "1d": market.days})


class Project:
    """A folder with scanners of its own and a universe."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder, self._store = folder, store
        (folder / "observer.py").write_text(OBSERVER)
        (folder / "named_after.py").write_text(NAMED)
        (folder / "broken.py").write_text(BROKEN)
        (folder / "waiting.py").write_text(WAITING)
        (folder / "all.txt").write_text("\n".join(SYMBOLS) + "\n")

    def config(self, scanners: Sequence[dict[str, Any]], **more: Any) -> SessionConfig:
        live = {"lag_seconds": 86_400}  # scans go on, however far its simulated clock is ahead
        whole = {"live_config": live, "session_data_config": {"scanners": scanners, **more}}
        return parse_config(json.dumps(whole, indent=1), str(self.folder / "session.json"))

    def assemble(self, scanners: Sequence[dict[str, Any]], day: date = DAY, **more: Any) -> Backtest:
        with chdir(self.folder):
            return assemble_backtest(self.config(scanners, **more), self._store, day, day)

    def run(self, *scanners: dict[str, Any], day: date = DAY, **more: Any) -> Played:
        return Played(self.assemble(scanners, day, **more))

    def live(self, *scanners: dict[str, Any], **more: Any) -> PlayedLive:
        """The same live, over a replay of the day."""
        options = LiveOptions("replay", self._store, DAY, LIVE_SPEED, "", None, self.folder)
        with chdir(self.folder):
            config = self.config(scanners, **more)
            run = LiveRun(calendar_of(config).session(DAY), self.folder)
            return PlayedLive(assemble_live(config, options, run))


class Played:
    """A session that was played, and what came of it."""

    def __init__(self, backtest: Backtest) -> None:
        self.recorder = Recorder()
        self.coordinator: SessionCoordinator = backtest.coordinator(backtest.sessions[0], [self.recorder])
        self.manager = self.coordinator.scanner_manager
        self.states: dict[str, list[ScannerState]] = {}
        for name, managed in self.manager.scanners.items():
            self.states[name] = [managed.state]
            managed.scanner.watch = partial(self._watch, managed)  # type: ignore[attr-defined]
        self.coordinator.run(self._after_step)

    def of(self, kind: type[Event]) -> list[Any]:
        return self.recorder.of(kind)

    def calls(self, name: str) -> list[Any]:
        return self.manager.scanners[name].scanner.calls  # type: ignore[attr-defined]

    def seen(self, name: str) -> list[Any]:
        """Call, then whether the session was active, its instant, and its thread, as a scanner was called."""
        return self.manager.scanners[name].scanner.seen  # type: ignore[attr-defined]

    def _watch(self, managed: ManagedScanner) -> tuple[bool, int]:
        self.states[managed.name].append(managed.state)
        return self.coordinator.session_data.is_active, self.coordinator.now

    def _after_step(self) -> None:
        for name, managed in self.manager.scanners.items():
            self.states[name].append(managed.state)


class PlayedLive:
    """A live session of the real assembly, over a replay whose clock goes on as it is looked at.

    Nothing waits for a scan but the test: it holds up and lets go those of :data:`WAITING`, and all others
    are awaited after the slice that began them.
    """

    def __init__(self, live: LiveSetup) -> None:
        clock = TickingClock(SECONDS_PER_LOOK / LIVE_SPEED)
        broker: Any = live.broker
        broker.make_feed = partial(ReplayFeed, monotonic=clock)
        self._live = replace(live, make_execution=self._execution)
        self.recorder = Recorder()
        self._answers: dict[str, threading.Semaphore] = {}
        self._script: dict[int, Callable[[], object]] = {}
        self._until: Callable[[], bool] = lambda: False
        self._is_set_up = False
        self.manager: ScannerManager
        self.coordinator: SessionCoordinator

    def play(self, script: dict[int, Callable[[], object]], until: Callable[[], bool]) -> None:
        """Play, with something done after the slices of some minutes, until something is so."""
        self._script, self._until = dict(script), until
        with chdir(self._live.run.out), self._live.opened([self.recorder]) as session:
            self._stop = session.stop
            self.coordinator, self.manager = session.coordinator, session.coordinator.scanner_manager
            self._answers = {name: threading.Semaphore(0) for name in self.manager.scanners}
            session.coordinator.run(self._after_moment)

    def let_go(self, name: str) -> None:
        """Let a waiting scan go on, and wait until the session can know what it found."""
        scanner: Any = self.manager.scanners[name].scanner
        scanner.go.release()
        self._await(name)

    def state(self, name: str) -> ScannerState:
        return self.manager.scanners[name].state

    def scans(self, name: str) -> list[ScanFinished]:
        return [scan for scan in self.recorder.of(ScanFinished) if scan.scanner == name]

    def members(self) -> tuple[str, ...]:
        return self.coordinator.session_data.holders.members()

    def _execution(self, wake: Callable[[], None], **more: Any) -> ThreadedExecution:
        def woken() -> None:
            name = threading.current_thread().name.removeprefix("scanner ")
            if name in self._answers:
                self._answers[name].release()
            wake()

        return ThreadedExecution(woken, **more)

    def _await(self, name: str) -> None:
        assert self._answers[name].acquire(timeout=LIMIT)

    def _after_moment(self) -> None:
        if not self._is_set_up:
            for name in self.manager.scanners:
                self._await(name)  # its setup
            self._is_set_up = True
        for name, managed in self.manager.scanners.items():
            if managed.result_pending and not hasattr(managed.scanner, "go"):
                self._await(name)
        minute = (self.coordinator.now - Day.of(DAY).open) // MINUTE
        self._script.pop(minute, lambda: None)()
        if self._until():
            self._stop()


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
    """Import each enabled module, find its class by the convention, make it with its configuration."""
    every = {"regular_session": [{"start": "10:00", "end": "11:00", "interval": "30m"}]}
    momentum = {
        "name": "momentum",
        "module": "scanners.momentum",
        "config": {"universe": "./all.txt", "min_rsi": 71.0},
        **every,
    }
    played = project.run(
        observer("mine", finds=["LIQ01"]),
        momentum,
        {"module": "named_after", **every},
        observer("off", enabled=False),
    )
    scanners = {name: managed.scanner for name, managed in played.manager.scanners.items()}
    assert list(scanners) == ["mine", "momentum", "named_after"]
    assert scanners["mine"].config == {"universe": "./all.txt", "finds": ["LIQ01"]}
    assert scanners["momentum"].config["min_rsi"] == 71.0
    assert isinstance(scanners.pop("momentum"), builtin_momentum.Scanner)
    classes = {name: type(scanner).__name__ for name, scanner in scanners.items()}
    assert classes == {"mine": "Scanner", "named_after": "NamedAfterScanner"}
    for module, message in (("no_such_module", "no_such_module"), ("broken", "no_such_package")):
        with pytest.raises(ConfigErrors, match=rf"session\.json:\d+.*{message}"):
            project.assemble([{"module": module, **every}])


def test_scanner_setup(project: Project, market: Market) -> None:
    """Once, before the session: universes are loaded, and indicators known at the first scan."""
    played = project.run(
        observer("good", pre_session=True, indicators=["sma_2_1d"]),
        observer("declines", fails="False"),
        observer("raises", fails="raises"),
    )
    pre_open = Day.of(DAY).pre_open
    for name in ("good", "declines", "raises"):
        assert [call for call in played.calls(name) if call[0] == "setup"] == [("setup", pre_open)]
        assert played.seen(name)[0][:2] == ("setup", (False, pre_open))  # before it is active
    assert [call[0] for call in played.calls("good")] == ["setup", *["scan"] * 4, "teardown"]
    assert [call[0] for call in played.calls("declines")] == ["setup"]
    assert [call[0] for call in played.calls("raises")] == ["setup"]
    (ready,) = played.of(ScannerReady)
    assert (ready.scanner, ready.universe, ready.indicators) == ("good", len(SYMBOLS), ("sma_2_1d",))
    known: Any = played.manager.scanners["good"].scanner
    assert known.known == {symbol: len(_days_of(market, symbol)) >= 2 for symbol in SYMBOLS}
    assert [(event.scanner, event.reason) for event in played.of(ScannerDisabled)] == [
        ("declines", "setup() returned False"),
        ("raises", 'setup(): observer.py:18: raise RuntimeError("no file")  RuntimeError: no file'),
    ]
    kinds = [type(event) for event in played.recorder.events]
    assert max(i for i, kind in enumerate(kinds) if kind is ScannerDisabled) < kinds.index(ScanFinished)
    assert {scan.scanner for scan in played.of(ScanFinished) if scan.outcome == "ok"} == {"good"}


def test_pre_session_scan(project: Project, market: Market) -> None:
    """After every setup and before the session is active; what it finds is there, loaded, when it is."""
    requirements = {"streams": ["1m"], "load_historical": True, "historical_days": 2}
    early = observer("early", pre_session=True, finds=["LIQ01"], symbol_requirements=requirements)
    backtest = project.assemble([early, observer("late")])
    coordinator = backtest.coordinator(backtest.sessions[0])
    coordinator.prepare()
    for bar_slice in coordinator.slices():
        coordinator.process(bar_slice)
        if coordinator.now == Day.of(DAY).open:
            break
    data = coordinator.session_data
    assert (data.is_active, data.holders.members()) == (True, ("LIQ01",))
    bars = MemberView(data, RequestQueue("strategy:any")).get_bars("LIQ01", "1m", 1000)
    before = _regular(market, "LIQ01", DATES[1:3], 0)
    assert [bar.close for bar in bars] == before["close"].to_list()

    played = project.run(early, observer("late"))
    first, *_ = played.of(ScanFinished)
    assert (first.scanner, first.phase, first.at) == ("early", ScanPhase.PRE_SESSION, Day.of(DAY).open)
    assert [seen[:2] for seen in played.seen("early")[:2]] == [
        ("setup", (False, Day.of(DAY).pre_open)),
        ("scan", (False, first.at)),
    ]
    (activated,) = played.of(SessionActivated)
    assert activated.symbols == ("LIQ01",)
    order = [
        type(event)
        for event in played.recorder.events
        if isinstance(event, ScannerReady | ScanFinished | SymbolAdded | SessionActivated)
    ]
    assert order[:5] == [ScannerReady, ScannerReady, ScanFinished, SymbolAdded, SessionActivated]
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
    assert {scan.phase for scan in played.of(ScanFinished)} == {ScanPhase.REGULAR}
    for name, instants in scans.items():  # each in an active session, on the slice that ended then
        called = [seen[1] for seen in played.seen(name) if seen[0] == "scan"]
        assert called == [(True, instant) for instant in instants]
    half = project.run({**single, "schedule": schedule | {"start_time": "12:00"}}, day=HALF_DAY)
    assert [scan.at for scan in half.of(ScanFinished)] == minutes(150, 180, 210, day=HALF_DAY)
    (off,) = project.run({**single, "schedule": schedule | {"days_of_week": ["Tue"]}}).of(ScannerDisabled)
    assert off.reason == "not due in this session"


def test_scanner_teardown(project: Project) -> None:
    """Once, right after the last scheduled scan, whatever became of the scans; never without a setup."""
    played = project.run(
        observer("short"),
        observer("long", end="16:00", interval="1h"),
        observer("fails", fails="scan"),
        observer("raises", fails="raises"),
    )
    done = {event.scanner: event for event in played.of(ScannerDone)}
    assert (done["short"].at, done["short"].scans) == (minutes(35)[0], 3)
    assert (done["long"].at, done["long"].scans) == (minutes(365)[0], 7)
    assert (done["fails"].at, done["fails"].scans, done["fails"].failed) == (minutes(35)[0], 3, 3)
    assert len(played.of(ScannerDone)) == 3
    for name, minute in (("short", 35), ("long", 365), ("fails", 35)):
        assert [call[0] for call in played.calls(name)].count("teardown") == 1
        assert played.calls(name)[-2][:2] == ("scan", minutes(minute)[0])
        assert played.calls(name)[-1] == ("teardown", minutes(minute)[0])
    assert [call[0] for call in played.calls("raises")] == ["setup"]


def test_scanner_state_machine(project: Project) -> None:
    """Every state, as it is while each of the three methods runs and after every slice."""
    played = project.run(observer("one"), observer("fails", fails="scan"), observer("raises", fails="raises"))
    idle, setting_up, ready, scanning, tearing_down, done = ScannerState
    life = [idle, setting_up, ready, *[scanning, ready] * 2, scanning, ready, tearing_down, done]
    # Between its last scan and its teardown no slice ends: that it was ready then nobody sees.
    del life[-3]
    observed = {name: [state for state, _ in groupby(states)] for name, states in played.states.items()}
    assert observed == {"one": life, "fails": life, "raises": [idle, setting_up, done]}
    assert set(observed["one"]) == set(ScannerState)
    for name, managed in played.manager.scanners.items():
        assert managed.state is done, name
        for state in ScannerState:
            with pytest.raises(ValueError, match="cannot go from done"):
                managed.transition_to(state)
    follow = {
        idle: {setting_up, done},
        setting_up: {ready, done},
        ready: {scanning, tearing_down},
        scanning: {ready, tearing_down},
        tearing_down: {done},
        done: set(),
    }
    assert {state: set(states) for state, states in TRANSITIONS.items()} == follow


def test_backtest_blocking(project: Project) -> None:
    """The stream stands still while a scan runs, on the session's own thread, and its result is applied."""
    played = project.run(observer("finder", finds=["LIQ02"]), observer("witness", interval="1m"))
    here = threading.current_thread().name
    for name in ("finder", "witness"):
        assert {seen[2] for seen in played.seen(name)} == {here}
        for (call, now, *_), (_, (_, session_now), _) in zip(
            played.calls(name), played.seen(name), strict=True
        ):
            assert now == session_now, call
    scans = [(scan.scanner, scan.at) for scan in played.of(ScanFinished)]
    assert [at for name, at in scans if name == "witness"] == minutes(
        *range(5, 36)
    )  # none is lost to another
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
    """A scan that takes minutes holds up neither the stream nor another scanner; what it found comes then."""
    run = project.live(
        {**observer("slow", end="09:35"), "module": "waiting"},
        observer("witness", interval="1m", end="16:00"),
    )
    meanwhile: list[Any] = []

    def at_nine() -> None:
        meanwhile.extend([run.coordinator.now, run.scans("slow"), run.members(), run.state("slow")])
        run.let_go("slow")

    run.play({9: at_nine}, lambda: bool(run.recorder.of(SymbolAdded)))
    assert meanwhile == [minutes(9)[0], [], (), ScannerState.SCANNING]
    assert [scan.at for scan in run.scans("witness")][:5] == minutes(*range(5, 10))
    assert {str(scan.outcome) for scan in run.scans("witness")} == {"ok"}
    (scan,) = run.scans("slow")
    assert (scan.at, scan.outcome) == (minutes(5)[0], "ok")
    assert minutes(9)[0] <= scan.decided_at < minutes(10)[0]
    closes = _closes(_regular(market, "LIQ01", [DAY], 5), 1)
    assert scan.hits.price.tolist() == [closes[-1]]  # what it saw and what is said of its hit is of then
    assert scan.hits.metadata == {"LIQ01": {"price": closes[-1]}}
    (added,) = run.recorder.of(SymbolAdded)
    assert (added.symbol, added.holder) == ("LIQ01", "scanner:slow")
    assert added.at >= minutes(9)[0]
    assert run.members() == ("LIQ01",)


def test_skip_on_overlap(project: Project) -> None:
    """A scan that is due while the one before still runs is skipped and said so; the next one runs."""
    run = project.live({**observer("slow", interval="1m", end="09:39"), "module": "waiting"})
    states: list[ScannerState] = []

    def let_go() -> None:
        states.append(run.state("slow"))
        run.let_go("slow")

    run.play({7: let_go, 8: let_go, 9: let_go}, lambda: bool(run.recorder.of(ScannerDone)))
    assert states == [ScannerState.SCANNING] * 3
    skipped, ran = [
        [scan for scan in run.scans("slow") if (scan.outcome == "skipped") is is_skipped]
        for is_skipped in (True, False)
    ]
    assert [scan.at for scan in skipped] == minutes(6, 7)
    assert {scan.error for scan in skipped} == {"its scan of 09:35 (exchange time) is still running"}
    assert [(scan.at, str(scan.outcome)) for scan in ran] == [(at, "ok") for at in minutes(5, 8, 9)]
    assert run.scans("slow")[:2] == skipped  # said when they were due, not when the first was back
    (done,) = run.recorder.of(ScannerDone)
    assert (done.scans, done.failed, done.error) == (3, 0, None)


def test_automatic_bar_provisioning(project: Project, market: Market) -> None:
    """Who asks for an indicator has its bars; who is found has history, the session so far, indicators."""
    (project.folder / "one.txt").write_text("LIQ00\n")
    requirements = {"streams": ["1m", "15m"], "load_historical": True, "historical_days": 2}
    asks = observer(
        "asks",
        start="10:07",
        end="15:55",
        indicators=["sma_100_5m"],
        finds=["LIQ03"],
        symbol_requirements=requirements,
    )
    asks["config"]["universe"] = "./one.txt"
    backtest = project.assemble([asks], symbols=["LIQ02"], indicators=["sma_20_5m", "sma_3_1d"])
    recorder = Recorder()
    coordinator = backtest.coordinator(backtest.sessions[0], [recorder])
    coordinator.prepare()
    data = coordinator.session_data
    for bar_slice in coordinator.slices():
        coordinator.process(bar_slice)
        if coordinator.now < minutes(37)[0]:
            assert "LIQ03" not in data.symbols  # nobody has asked for it: what it has, it is given then
        if coordinator.now == minutes(50)[0]:
            break
    view = SessionView(data, RequestQueue("scanner:asks"))
    assert view.get_indicator("LIQ00", "sma_100_5m").current_value == _sma(market, "LIQ00", 100)
    assert view.get_bars("LIQ00", "5m", 1000)[0].end > Day.of(DAY).open  # no member: no history

    (found,) = [event for event in recorder.of(SymbolAdded) if event.symbol == "LIQ03"]
    assert found.at == found.ready_at == minutes(37)[0]
    members = MemberView(data, RequestQueue("strategy:any"))
    for interval, until in ((1, 50), (15, 45)):  # sessions before, this one before it was found, and since
        bars = members.get_bars("LIQ03", f"{interval}m", 2000)
        assert [bar.close for bar in bars] == _closes(_regular(market, "LIQ03", DATES[1:], until), interval)
        since_open = [bar.end for bar in bars if bar.end > Day.of(DAY).open]
        assert since_open[0] <= minutes(interval)[0] < found.at < since_open[-1]
    for symbol in ("LIQ02", "LIQ03"):  # from the start, and found later
        assert members.get_indicator(symbol, "sma_20_5m").current_value == _sma(market, symbol, 20)
        daily = _days_of(market, symbol)[-3:]
        assert members.get_indicator(symbol, "sma_3_1d").current_value == pytest.approx(sum(daily) / 3)


def test_symbol_cleanup(project: Project) -> None:
    """What only a scanner that is done held goes, with all data; hits and others' candidates stay."""
    (project.folder / "few.txt").write_text("LIQ03\n")
    few = {**observer("two", end="11:00"), "config": {"universe": "./few.txt"}}
    one = observer("one", finds=["LIQ01"], locks=["LIQ02"], indicators=["sma_5_1m"])
    backtest = project.assemble([one, few])
    recorder = Recorder()
    coordinator = backtest.coordinator(backtest.sessions[0], [recorder])
    data, held = coordinator.session_data, dict[int, set[str]]()

    def note() -> None:
        held[coordinator.now] = {symbol for symbol in SYMBOLS if symbol in data.symbols}

    coordinator.run(note)
    everybody, kept = set(SYMBOLS), {"LIQ01"}
    assert [held[at] for at in minutes(34, 35, 79, 80, 390)] == [
        everybody,
        {*kept, "LIQ03"},
        {*kept, "LIQ03"},
        kept,
        kept,
    ]
    first, second = recorder.of(SymbolsRemoved)
    assert (first.at, first.holder, first.symbols) == (
        minutes(35)[0],
        "scanner:one",
        ("LIQ00", "LIQ02", "THN00", "NEWC"),
    )
    assert (second.at, second.holder, second.symbols) == (minutes(80)[0], "scanner:two", ("LIQ03",))
    assert data.holders.members() == ("LIQ01",)
    assert [(one.symbol, one.holder, one.reason) for one in recorder.of(SymbolUnlocked)] == [
        ("LIQ02", "scanner:one", "kept")
    ]
    assert len(data.symbols) == 1
    assert data.holders.candidates("scanner:one") == data.holders.candidates("scanner:two") == ()


def test_the_example_configuration_shows_both_shapes() -> None:
    """``schedule {...}`` of the design, ``regular_session [...]`` of the plan: both load, into one model."""
    path = Path(__file__).parents[2] / "session_configs" / "scanner_example.json"
    written = json.loads(path.read_text())["session_data_config"]["scanners"]
    shapes = [next(shape for shape in ("schedule", "regular_session") if shape in one) for one in written]
    assert set(shapes) == {"schedule", "regular_session"}
    loaded = load_config(path).scanners
    assert [one.name for one in loaded] == [one["name"] for one in written]
    for one, shape, scanner in zip(written, shapes, loaded, strict=True):
        windows = [one["schedule"]] if shape == "schedule" else one["regular_session"]
        given = [(w.get("start_time", w.get("start")), w.get("end_time", w.get("end"))) for w in windows]
        assert [(f"{w.start:%H:%M}", f"{w.end:%H:%M}") for w in scanner.regular_session] == given
        assert [f"{w.every_minutes}m" for w in scanner.regular_session] == [w["interval"] for w in windows]


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


def _sma(market: Market, symbol: str, period: int) -> Any:
    closes = _closes(_regular(market, symbol, DATES, 50), 5)[-period:]
    return pytest.approx(sum(closes) / period, rel=1e-9)


def _days_of(market: Market, symbol: str) -> list[float]:
    """The daily closes of a symbol before the day."""
    own = market.days.filter((pl.col("symbol") == symbol) & (pl.col("date") < DAY)).sort("date")
    return own["close"].to_list()
