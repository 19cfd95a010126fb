"""Scanners that read others: in which order they run, and for whose results they wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symscan.model.events.session import Outcome
from symscan.model.session import Session
from symscan.scanners.jobs.job import Job
from symscan.scanners.running.job_factory import JobFactory
from symscan.scanners.running.managed_scanner import ManagedScanner, in_reading_order


class ScannerReaders:
    """Holds back the scans of scanners that read others, until these have a result.

    A scan that waits is pinned to the instant it is due at; its timeout begins when it is submitted.

    Parameters
    ----------
    scanners
        The scanners in the order of the configuration.
    jobs
        Gives the scans of others so far.
    session
        For times in notes.
    """

    def __init__(self, scanners: Sequence[ManagedScanner], jobs: JobFactory, session: Session) -> None:
        self.ordered = in_reading_order(scanners)
        self._by_name = {managed.name: managed for managed in scanners}
        self._jobs = jobs
        self._session = session
        self._waiting: dict[str, tuple[ManagedScanner, Job]] = {}
        for managed in scanners:
            for name in managed.reads:
                self._by_name[name].is_read = True

    def may_begin(self, managed: ManagedScanner, job: Job) -> bool:
        """Whether a scan may be submitted now; otherwise it waits for those it reads."""
        if not managed.reads:
            return True
        if self._has_to_wait(managed):
            self._waiting[managed.name] = managed, job
            return False
        self._complete(managed, job)
        return True

    def take_ready(self) -> Iterator[tuple[ManagedScanner, Job]]:
        """Remove and yield the scans that waited and need not any more."""
        for name in [name for name, (one, _) in self._waiting.items() if not self._has_to_wait(one)]:
            yield self._waiting.pop(name)

    def is_waiting(self, managed: ManagedScanner) -> bool:
        """Whether a scan of a scanner waits."""
        return managed.name in self._waiting

    def drop(self, managed: ManagedScanner) -> None:
        """Drop a scan that waits: the session has ended."""
        self._waiting.pop(managed.name, None)

    def _has_to_wait(self, managed: ManagedScanner) -> bool:
        return any(self._by_name[name].result_pending for name in managed.reads)

    def _complete(self, managed: ManagedScanner, job: Job) -> None:
        """Give a scan the lists of the scanners it reads, and note which of them are not of its instant."""
        job.context.past_scans = self._jobs.past_scans(managed)
        notes = [self._note(self._by_name[name], job) for name in managed.reads]
        managed.note = "; ".join(filter(None, notes)) or None

    def _note(self, other: ManagedScanner, job: Job) -> str | None:
        """Say that a scan of the same instant was not ok, and which one counts instead."""
        at, outcome = other.last_scan or (-1, Outcome.OK)
        if at != job.at or outcome.is_ok:
            return None
        counts = (
            f"that of {self._session.local(other.past[-1].at):%H:%M} counts" if other.past else "none counts"
        )
        return f"the scan of '{other.name}' at this instant was not ok ({outcome}); {counts}"
