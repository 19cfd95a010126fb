"""Make the jobs of scanners: over the live session where it waits for them, else over a pinned copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from symscan.clock.time_manager import TimeManager
from symscan.model.events.session import ScanPhase
from symscan.scanners.base import ScanContext
from symscan.scanners.jobs.job import Job, JobKind
from symscan.scanners.past_scans import PastScans
from symscan.scanners.running.evaluation import ResultEvaluator, SymbolLookup
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.session.requests import RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.view import SessionView


class JobFactory:
    """Makes the jobs of a session's scanners.

    Parameters
    ----------
    session_data, time_manager
        The session's state and clock.
    mode
        The mode in the scanners' context.
    runs_concurrently
        Whether the session goes on while jobs run.
    lookup
        Finds symbols found that the session does not have.
    scanners
        All scanners of the session by name, for those that read others.
    explains
        Whether the clauses of a scanner's scans are wanted.
    """

    def __init__(
        self,
        session_data: SessionData,
        time_manager: TimeManager,
        mode: str,
        runs_concurrently: bool,
        lookup: SymbolLookup | None = None,
        scanners: Mapping[str, ManagedScanner] = MappingProxyType({}),
        explains: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._explains = explains
        self._scanners = scanners
        self._data = session_data
        self._time = time_manager
        self._mode = mode
        self._runs_concurrently = runs_concurrently
        self._lookup = lookup
        self._evaluators: dict[str, ResultEvaluator] = {}

    def data(self) -> SessionData:
        """Return the data that jobs made now read; those of one instant may share it."""
        return self._data.pinned() if self._runs_concurrently else self._data

    def scan(self, managed: ManagedScanner, phase: ScanPhase, data: SessionData) -> Job:
        """Make the job of one scan over what :meth:`data` returned."""
        job = self._job(managed, JobKind.SCAN, data)
        job.phase, job.saved_state = phase, managed.saved_state
        job.evaluate = self._evaluator(managed, data).evaluate
        return job

    def past_scans(self, managed: ManagedScanner) -> dict[str, PastScans]:
        """Return the scans so far of the scanners that one reads."""
        others = {name: self._scanners[name] for name in managed.reads if name in self._scanners}
        return {name: PastScans(one.scanner.universe, tuple(one.past)) for name, one in others.items()}

    def setup(self, managed: ManagedScanner) -> Job:
        """Make the job that sets a scanner up."""
        return self._job(managed, JobKind.SETUP, self.data())

    def teardown(self, managed: ManagedScanner) -> Job:
        """Make the job that tears a scanner down."""
        return self._job(managed, JobKind.TEARDOWN, self.data())

    def _job(self, managed: ManagedScanner, kind: JobKind, data: SessionData) -> Job:
        request_queue = RequestQueue(managed.holder)
        return Job(
            managed.name,
            kind,
            self._time.now,
            managed.scanner,
            self._context(managed, data, request_queue),
            request_queue,
            managed.timeout_seconds,
            data.base,
            keeps_state=self._runs_concurrently and kind is not JobKind.TEARDOWN,
        )

    def _evaluator(self, managed: ManagedScanner, data: SessionData) -> ResultEvaluator:
        """Return the scanner's evaluator; that of the session keeps what it worked out of the candidates."""
        found = self._evaluators.get(managed.name)
        if found is None:
            found = ResultEvaluator(data, managed.scanner, managed.holder, self._lookup)
            if data is self._data:
                self._evaluators[managed.name] = found
        return found

    def _context(
        self, managed: ManagedScanner, data: SessionData, request_queue: RequestQueue
    ) -> ScanContext:
        view = SessionView(data, request_queue)
        now = self._time.now
        view.use_static_columns(lambda: managed.scanner.columns_at(now))
        return ScanContext(
            session_data=view,
            time_manager=self._time.pinned() if self._runs_concurrently else self._time,
            mode=self._mode,
            current_time=self._time.get_current_time(),
            config=managed.scanner.config,
            ok_scans=managed.ok_scans,
            past_scans=self.past_scans(managed),
            explains=self._explains(managed.name),
            clause_names=managed.clause_names,
            tables=managed.scanner.tables,
        )
