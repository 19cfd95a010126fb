"""Run a scanner's three methods in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, cast

from symscan.plugins.errors import DescribedError
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.execution.process.child import ChildProcess, ProcessEnded
from symscan.scanners.execution.process.messages import (
    Call,
    Fault,
    Make,
    Reply,
    ScannerInfo,
    request_queue_of,
)
from symscan.scanners.jobs.job import JobKind


class RemoteScannerError(DescribedError):
    """An exception a scanner raised in its process; its class bears the original's name."""

    @classmethod
    def of(cls, fault: Fault) -> RemoteScannerError:
        """Make an error that reads as the scanner's own."""
        raised: RemoteScannerError = type(fault.kind, (cls,), {})(fault.message, fault.description)
        return raised


class ProcessScanner(BaseScanner):
    """A proxy for a scanner that runs from setup to teardown in another process.

    The context it is given is sent there; its view must be over data that do not change meanwhile,
    such as a pinned copy of the session's. A call waits for its reply; what spins, hangs or crashes
    there is ended by :meth:`kill`, from another thread, and the next scan runs in a new process, set up
    anew and restored to the scanner's state after its last reply.

    Parameters
    ----------
    make
        Makes the scanner in its process; it must be picklable.
    config
        The scanner's own ``config``.
    """

    def __init__(self, make: Make, config: dict[str, Any]) -> None:
        super().__init__(config)
        self._make = make
        self._info = ScannerInfo()
        self._saved_state: bytes | None = None
        self._is_state_new = False
        self._child: ChildProcess | None = None
        self._is_closed = False
        self._lock = threading.Lock()
        self._calling = threading.Lock()

    @property
    def universe(self) -> tuple[str, ...]:
        """The symbols the scanner judges, as of its last reply."""
        return self._info.universe

    @property
    def universe_as_of(self) -> date | None:
        """The date of the universe it loaded last, None where it has none."""
        return self._info.universe_as_of

    def narrow(self, symbols: Sequence[str]) -> None:
        """Keep of its universe only these symbols, in its process."""
        self._make = partial(_narrowed, self._make, tuple(symbols))

    def setup(self, context: ScanContext) -> bool:
        """Set the scanner up in its process; one that is not ready has no process any more.

        Raises
        ------
        ProcessEnded
            If the process ended before it answered.
        RemoteScannerError
            What the scanner raised.
        """
        returned: object = False
        try:
            returned = self._call(JobKind.SETUP, context).value
        finally:
            if returned is not True:
                self.close()
        return cast(bool, returned)  # None, too: a setup without a return statement

    def scan(self, context: ScanContext) -> ScanResult:
        """Return the scanner's checked result; a failed one if its process ended before it answered.

        Raises
        ------
        RemoteScannerError
            What the scanner raised.
        """
        try:
            result = self._call(JobKind.SCAN, context).value
        except ProcessEnded as ended:
            self._restart()  # so that it is there when the scanner is due again
            return ScanResult(symbols=(), error=str(ended))
        assert isinstance(result, ScanResult)
        return result

    def teardown(self, context: ScanContext) -> None:
        """Tear the scanner down and end its process; one whose process is gone has nothing to release.

        Raises
        ------
        ProcessEnded
            If the process ended before it answered.
        RemoteScannerError
            What the scanner raised.
        """
        try:
            if self._child is not None and self._child.has_answered and not self._child.is_killed:
                self._call(JobKind.TEARDOWN, context)
        finally:
            self.close()

    def kill(self) -> None:
        """End the scanner's process at once, from any thread; a call that waits for it raises."""
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """End the scanner's process for good; a call that waits for it raises."""
        with self._lock:
            self._is_closed = True
        self.kill()
        if self._child is not None and self._calling.acquire(blocking=False):
            try:
                self._child.end()
            finally:
                self._calling.release()

    def dump_state(self) -> bytes | None:
        """Return the scanner's state after its last reply, None if it cannot be saved."""
        return self._saved_state

    def load_state(self, saved_state: bytes) -> None:
        """Have the scanner restored, before its next call, to a state from :meth:`dump_state`."""
        self._saved_state, self._is_state_new = saved_state, True

    def _call(self, kind: JobKind, context: ScanContext) -> Reply:
        """Call the scanner and return its reply; its requests are put into the context's queue."""
        with self._calling:
            return self._apply_reply(self._send_call(kind, context), context)

    def _send_call(self, kind: JobKind, context: ScanContext) -> Reply:
        child = self._current_child()
        saved_state = self._saved_state if self._is_state_new or not child.has_answered else None
        bare = replace(context, config={})
        reply = child.call(Call(kind, bare, saved_state))
        self._is_state_new = False
        return reply

    def _apply_reply(self, reply: Reply, context: ScanContext) -> Reply:
        """Take over the requests, attributes and state in a reply; raise its fault."""
        request_queue_of(context).replace_with(reply.requests)
        context.session_data.add_unanswered(reply.unanswered)
        if reply.saved_state is not None:
            self._saved_state = reply.saved_state
        if reply.info is not None:
            self._info = reply.info
            self.reads, self.max_age_minutes = reply.info.reads, reply.info.max_age_minutes
        if reply.fault is not None:
            raise RemoteScannerError.of(reply.fault)
        return reply

    def _current_child(self) -> ChildProcess:
        """Return the process, a new one where there is none that may answer.

        Raises
        ------
        ProcessEnded
            If it was ended for good.
        """
        child = self._child
        if child is None or child.is_killed:
            child = self._restart()
        if child is None:
            raise ProcessEnded("its process was ended with the session")
        return child

    def _restart(self) -> ChildProcess | None:
        """Start a new process instead of one that ended; None once the scanner is closed for good."""
        with self._lock:
            self._child = None if self._is_closed else ChildProcess(self._make)
            return self._child


def _narrowed(make: Make, symbols: tuple[str, ...]) -> BaseScanner:
    scanner = make()
    scanner.narrow(symbols)
    return scanner
