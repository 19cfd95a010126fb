"""A scanner whose three methods run in a process of their own."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any, cast

from symscan.plugins.errors import DescribedError
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.execution.process.child import ChildProcess, ProcessEnded
from symscan.scanners.execution.process.messages import Call, Fault, Make, Reply, ScannerInfo, Verb, book_of


class RaisedThere(DescribedError):
    """What a scanner raised in its process; its class bears the name of what was raised."""

    @classmethod
    def of(cls, fault: Fault) -> RaisedThere:
        """An error that reads as the scanner's own."""
        raised: RaisedThere = type(fault.kind, (cls,), {})(fault.message, fault.description)
        return raised


class ProcessScanner(BaseScanner):
    """Stands for a scanner that runs from setup to teardown in another process.

    The context it is given travels there; its view must be over data that do not change meanwhile,
    such as a pinned copy of the session's. A call waits for its answer; what spins, hangs or crashes
    there is ended by :meth:`kill`, from another thread, and the next scan runs in a new process, set up
    anew and given what the scanner remembered after its last answer.

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
        self._face = ScannerInfo()
        self._memory: bytes | None = None
        self._is_memory_new = False
        self._child: ChildProcess | None = None
        self._is_closed = False
        self._lock = threading.Lock()
        self._calling = threading.Lock()

    @property
    def universe(self) -> tuple[str, ...]:
        """The symbols the scanner judges, as of its last answer."""
        return self._face.universe

    @property
    def universe_as_of(self) -> date | None:
        """The date of the universe it loaded last, None where it has none."""
        return self._face.universe_as_of

    def setup(self, context: ScanContext) -> bool:
        """Set the scanner up in its process; one that is not ready has no process any more.

        Raises
        ------
        ProcessEnded
            If the process ended before it answered.
        RaisedThere
            What the scanner raised.
        """
        returned: object = False
        try:
            returned = self._answered(Verb.SETUP, context).value
        finally:
            if returned is not True:
                self.close()
        return cast(bool, returned)  # None, too: what a setup returns that forgets to

    def scan(self, context: ScanContext) -> ScanResult:
        """The scanner's checked result; a failed one if its process ended before it answered.

        Raises
        ------
        RaisedThere
            What the scanner raised.
        """
        try:
            result = self._answered(Verb.SCAN, context).value
        except ProcessEnded as ended:
            self._renew()  # so that it is there when the scanner is due again
            return ScanResult(symbols=(), error=str(ended))
        assert isinstance(result, ScanResult)
        return result

    def teardown(self, context: ScanContext) -> None:
        """Tear the scanner down and end its process; one whose process is gone has nothing to let go of.

        Raises
        ------
        ProcessEnded
            If the process ended before it answered.
        RaisedThere
            What the scanner raised.
        """
        try:
            if self._child is not None and self._child.has_answered and not self._child.is_killed:
                self._answered(Verb.TEARDOWN, context)
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

    def dump_memory(self) -> bytes | None:
        """What the scanner remembered after its last answer, None if that cannot be kept."""
        return self._memory

    def load_memory(self, memory: bytes) -> None:
        """Have the scanner remember, before its next call, what :meth:`dump_memory` gave."""
        self._memory, self._is_memory_new = memory, True

    def _answered(self, verb: Verb, context: ScanContext) -> Reply:
        """The answer to a call; what the scanner asked for is in the context's book."""
        with self._calling:
            return self._checked(self._asked(verb, context), context)

    def _asked(self, verb: Verb, context: ScanContext) -> Reply:
        child = self._living()
        memory = self._memory if self._is_memory_new or not child.has_answered else None
        bare = ScanContext(
            context.session_data, context.time_manager, context.mode, context.current_time, config={}
        )
        reply = child.ask(Call(verb, bare, memory))
        self._is_memory_new = False
        return reply

    def _checked(self, reply: Reply, context: ScanContext) -> Reply:
        """Take over what came with an answer; a fault is raised."""
        book_of(context).become(reply.requests)
        context.session_data.add_unanswered(reply.unanswered)
        if reply.memory is not None:
            self._memory = reply.memory
        if reply.face is not None:
            self._face = reply.face
            self.reads, self.max_age_minutes = reply.face.reads, reply.face.max_age_minutes
        if reply.fault is not None:
            raise RaisedThere.of(reply.fault)
        return reply

    def _living(self) -> ChildProcess:
        """The process, a new one where there is none that may answer.

        Raises
        ------
        ProcessEnded
            If it was ended for good.
        """
        child = self._child
        if child is None or child.is_killed:
            child = self._renew()
        if child is None:
            raise ProcessEnded("its process was ended with the session")
        return child

    def _renew(self) -> ChildProcess | None:
        """Start a process in the place of one that ended; none, once it is closed for good."""
        with self._lock:
            self._child = None if self._is_closed else ChildProcess(self._make)
            return self._child
