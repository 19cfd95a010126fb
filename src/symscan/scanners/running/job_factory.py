"""Make the jobs of scanners: over the live session where it waits for them, else over a pinned copy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from symscan.clock.time_manager import TimeManager
from symscan.model.events.session import ScanPhase
from symscan.scanners.base import ScanContext
from symscan.scanners.jobs.job import EvaluateResult, ScanJob, SetupJob, TeardownJob
from symscan.scanners.running.evaluation import ResultEvaluator, SnapshotEvaluator
from symscan.scanners.running.managed_scanner import ManagedScanner
from symscan.session.requests import RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.view import SessionView


class JobFactory:
    """Makes the jobs of a session's scanners.

    Parameters
    ----------
    scanners
        The scanners of the session.
    session_data, time_manager
        The session's state and clock.
    mode
        The mode in the scanners' context.
    runs_concurrently
        Whether the session goes on while jobs run.
    place, place_on, stored
        See ``ScannerManager``.
    """

    def __init__(
        self,
        scanners: Sequence[ManagedScanner],
        session_data: SessionData,
        time_manager: TimeManager,
        mode: str,
        runs_concurrently: bool,
        place: Callable[[Sequence[str]], None] | None,
        place_on: Callable[[SessionData, Sequence[str]], None] | None,
        stored: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._data = session_data
        self._time = time_manager
        self._mode = mode
        self._runs_concurrently = runs_concurrently
        self._place_on = place_on
        self._stored = stored
        self._evaluators = {
            managed.name: ResultEvaluator(session_data, managed.scanner, managed.holder, place, stored)
            for managed in scanners
        }

    def data(self) -> SessionData:
        """Return the data that jobs made now read; those of one instant may share it."""
        return self._data.pinned() if self._runs_concurrently else self._data

    def setup(self, managed: ManagedScanner) -> SetupJob:
        """Make the job that sets a scanner up."""
        data, request_queue = self.data(), RequestQueue(managed.holder)
        return SetupJob(
            managed.name,
            self._time.now,
            managed.scanner,
            self._context(managed, data, request_queue),
            request_queue,
            managed.timeout_seconds,
            keeps_state=self._runs_concurrently,
            base=data.base,
        )

    def scan(self, managed: ManagedScanner, phase: ScanPhase, data: SessionData) -> ScanJob:
        """Make the job of one scan over what :meth:`data` returned."""
        request_queue = RequestQueue(managed.holder)
        return ScanJob(
            managed.name,
            self._time.now,
            managed.scanner,
            self._context(managed, data, request_queue),
            request_queue,
            managed.timeout_seconds,
            managed.saved_state,
            self._runs_concurrently,
            phase=phase,
            evaluate=self._evaluate(managed, data),
        )

    def teardown(self, managed: ManagedScanner) -> TeardownJob:
        """Make the job that tears a scanner down."""
        data, request_queue = self.data(), RequestQueue(managed.holder)
        context = self._context(managed, data, request_queue)
        return TeardownJob(
            managed.name, self._time.now, managed.scanner, context, request_queue, managed.timeout_seconds
        )

    def _evaluate(self, managed: ManagedScanner, data: SessionData) -> EvaluateResult:
        if self._runs_concurrently:
            return SnapshotEvaluator(
                data, managed.scanner, managed.holder, self._place_on, self._stored
            ).evaluate
        return self._evaluators[managed.name].evaluate

    def _context(
        self, managed: ManagedScanner, data: SessionData, request_queue: RequestQueue
    ) -> ScanContext:
        view = SessionView(data, request_queue)
        view.use_static_columns(lambda: managed.scanner.static_columns)
        return ScanContext(
            session_data=view,
            time_manager=self._time.pinned() if self._runs_concurrently else self._time,
            mode=self._mode,
            current_time=self._time.get_current_time(),
            config=managed.scanner.config,
        )
