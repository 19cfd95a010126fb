"""A live session over a market in memory that is recorded, broken off and resumed.

Work beside the session is done when the session's time has come, not when a thread has: so a session
that was resumed can be compared with one that never broke off.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from support.builders import MINUTE, Recorder
from support.harness import BEFORE, SESSION, TODAY, SessionHarness, SessionSetup, UnknownOutsiders
from support.markets import MemoryMarket
from symscan.model.bar import BarSlice, Block, InterimUpdate, LateBars, LateKind, SourceUpdate
from symscan.model.events.session import Event, Warned
from symscan.model.instant import Instant
from symscan.model.live_settings import LiveSettings
from symscan.model.specs import IndicatorConfig
from symscan.recording.session_log import SessionRecord
from symscan.runtime.building.build import SessionPorts
from symscan.runtime.provisioning.loading import DataPlan, LoadResult
from symscan.runtime.publisher import EventPublisher
from symscan.runtime.recovery.source import RecordedSource
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.runtime.recovery.work import RecordedExecution, RecordedLoader
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.jobs.job import Job, JobResult
from symscan.scanners.running.managed_scanner import ManagedScanner

ABOUT = {"base": "1m"}


@dataclass(frozen=True)
class Happening:
    """One moment of a feed.

    Attributes
    ----------
    minute
        The slice's end, or that of the last slice; minutes after the open.
    withheld
        Symbols whose bar the slice lacks.
    late
        Bars that come between two slices: the minute they end at, and the symbol.
    is_between
        Whether it is a moment between two slices.
    news
        What happened to the feed before.
    """

    minute: int
    withheld: tuple[str, ...] = ()
    late: tuple[tuple[int, str], ...] = ()
    is_between: bool = False
    news: str = ""


class ScriptedMarket(MemoryMarket):
    """A market whose moments are written down, from one of them on."""

    def __init__(self, script: Sequence[Happening]) -> None:
        super().__init__(SESSION, TODAY, BEFORE)
        self.script = script
        self._news: list[Event] = []

    def drain_events(self) -> list[Event]:
        news, self._news = self._news, []
        return news

    def slices(self) -> Iterator[SourceUpdate]:  # type: ignore[override] - between two slices, too
        for happening in self.script:
            self.now = SESSION.open + happening.minute * MINUTE
            self._news += [Warned(self.now, happening.news)] if happening.news else []
            yield self._between(happening) if happening.is_between else self._slice(happening)

    def _slice(self, happening: Happening) -> BarSlice:
        block = Block.blank(self.now, self.capacity)
        here = {symbol: row for symbol, row in self.columns.items() if symbol not in happening.withheld}
        bars = self._block(SESSION, self.today, self.now, tuple(here))
        block.put(np.array(list(here.values()), np.intp), bars.present, bars.fields)
        return BarSlice(self.now, block, lag=7, at=self.now + 2_000_000)

    def _between(self, happening: Happening) -> InterimUpdate:
        late = [self._late(SESSION.open + minute * MINUTE, symbol) for minute, symbol in happening.late]
        return InterimUpdate(tuple(late), at=self.now + 30_000_000)

    def _late(self, end: Instant, symbol: str) -> LateBars:
        bars = self._block(SESSION, self.today, end, (symbol,))
        return LateBars(end, np.array([self.columns[symbol]], np.intp), bars.fields, LateKind.LATE)


class TimelyExecution:
    """Carries out a job when it is collected some minutes after it was due, on the data of then."""

    runs_concurrently = True

    def __init__(self, now: Callable[[], Instant], minutes: float, never: Sequence[str] = ()) -> None:
        self._now = now
        self._delay = round(minutes * MINUTE)
        self._never = never
        self.running: dict[str, Job] = {}
        self.carried_out: list[tuple[str, str, Instant]] = []

    def submit(self, job: Job) -> None:
        assert job.name not in self.running
        self.running[job.name] = job

    def collect(self, wait_seconds: float = 0.0) -> list[JobResult]:
        ended: list[JobResult] = []
        for job in list(self.running.values()):
            is_due = wait_seconds > 0 or self._now() >= job.at + self._delay
            if is_due and job.name not in self._never:
                del self.running[job.name]
                ended.append(self.wait_for(job))
            elif is_due and job.timeout_seconds:
                ended.append(job.timed_out(has_returned=False))
                job.timeout_seconds = 0  # is told once
        return ended

    def wait_for(self, job: Job) -> JobResult:
        self.carried_out.append((job.name, str(job.kind), job.at))
        # What a clock says of a scan differs from run to run; here it must not.
        return structs.replace(job.run(), execution_time_ms=1.0)

    def is_busy(self, name: str) -> bool:
        return name in self.running

    def close(self, limit_seconds: float) -> None:
        pass


class TimelyLoading:
    """Has everything loaded every so many minutes: what is asked for again in between is ready no later."""

    def __init__(self, market: ScriptedMarket, now: Callable[[], Instant], minutes: float) -> None:
        self._market = market
        self._now = now
        self._every = round(minutes * MINUTE)
        self._loads: deque[tuple[DataPlan, Instant]] = deque()

    def submit(self, plan: Callable[[], DataPlan]) -> None:
        made, now = plan(), self._now()
        is_at_once = made.is_empty or not self._every
        self._loads.append((made, now if is_at_once else (now // self._every + 1) * self._every))

    def collect(self, *, waits: bool = False) -> list[LoadResult]:  # noqa: ARG002 - nobody waits for it
        ended: list[LoadResult] = []
        while self._loads and self._loads[0][1] <= self._now():
            plan, _ = self._loads.popleft()
            self._market.prepare_catch_up(plan.new)
            ended.append(LoadResult(error="the line was cut" if "C" in plan.new else None))
        return ended


class Seeker(BaseScanner):
    """Asks for something else each time, and remembers how often it was called and what it saw.

    Parameters
    ----------
    wishes
        What it asks for, by the number of the scan: the method of its view and what it is given.
    """

    def __init__(self, finds: Mapping[int, Sequence[str]], wishes: Mapping[int, tuple[str, ...]]) -> None:
        super().__init__({})
        self._universe = ["A", "B"]
        self.finds = finds
        self.wishes = wishes
        self.seen: list[Any] = []

    def setup(self, context: ScanContext) -> bool:
        context.session_data.add_indicator("A", IndicatorConfig("sma", period=2, interval="1m"))
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        view = context.session_data
        number = len(self.seen)
        self.seen.append(repr(view.column("close").tolist()))
        if number in self.wishes:
            method, *given = self.wishes[number]
            getattr(view, method)(*given)
        return ScanResult(self.finds.get(number, ()), metadata={"A": {"seen": number}})


class RecordedSession(SessionHarness):
    """A session with a record, from a moment of the script on.

    Parameters
    ----------
    path
        The record; made if there is none.
    first
        Which moment of the script the feed would give first.
    delay
        Minutes that scans and loads take.
    never
        Scanners that never return.
    """

    def __init__(
        self,
        path: Path,
        script: Sequence[Happening],
        scanners: Sequence[ManagedScanner],
        first: int = 0,
        delay: float = 1,
        never: Sequence[str] = (),
    ) -> None:
        self.record = SessionRecord.resume(path, ABOUT)
        self.market = ScriptedMarket(script[first:])
        self.told, self.announced = Recorder(), Recorder()
        self.execution = TimelyExecution(lambda: self.time.now, delay, never)
        self.tape = tape = StepRecorder(self.record, SESSION)
        super().__init__(
            SessionSetup(SESSION, "live", ("A",)),
            scanners,
            SessionPorts(
                self.market,
                RecordedSource(tape, self.market),
                EventPublisher(SESSION, (self.told,), (self.announced,), tape),
                RecordedLoader(tape, TimelyLoading(self.market, lambda: self.time.now, delay)),
                RecordedExecution(tape, self.execution),
                keep=lambda load: load(),
                keeps_checkpoints=True,
                lookup=UnknownOutsiders(self.market),
                settings=LiveSettings(closing_seconds=1.0),
            ),
        )

    def play(self, moments: int) -> None:
        """Prepare, play some moments, and be killed: nothing is ended in order."""
        self.coordinator.prepare()
        for _, moment in zip(range(moments), self.coordinator.slices(), strict=False):
            self.coordinator.process(moment)
        self.record.close()

    def run(self) -> None:
        """To the end."""
        self.coordinator.run()

    def lines(self) -> list[tuple[str, list[str]]]:
        """Everything that is recorded."""
        return [(step.kind, self.record.lines(seq)) for seq, step in enumerate(self.record.steps(), start=1)]

    def state(self) -> dict[str, Any]:
        """What a session is at an instant."""
        holders, data = self.data.holders, self.data
        symbols = sorted(symbol for symbol in ("A", "B", "C", "Z") if symbol in data.symbols)
        rows = data.symbols.rows(symbols)
        return {
            "members": holders.members(),
            "holders": {symbol: holders.holders(symbol) for symbol in symbols},
            "locks": {symbol: holders.locks(symbol) for symbol in symbols},
            "scanners": {
                name: (one.state, one.scans, one.failed) for name, one in self.manager.scanners.items()
            },
            "memories": {
                name: getattr(one.scanner, "seen", None) for name, one in self.manager.scanners.items()
            },
            "closes": [block.fields[3, rows].tolist() for block in data.regular.grid.blocks],
            "previous": data.readings.previous_close[rows].tolist(),
            "indicators": {
                spec.key: data.indicators.column(spec, "value")[rows].tolist()
                for spec in data.indicators.specs()
            },
        }
