"""The worker process: makes one scanner, and answers the session's calls of it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

from symscan.model.instant import from_datetime
from symscan.processes import end_with_parent
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.execution.process.messages import (
    Call,
    Fault,
    Make,
    Reply,
    ScannerInfo,
    request_queue_of,
)
from symscan.scanners.execution.process.transfer import Inbox
from symscan.scanners.jobs.job import JobKind
from symscan.scanners.jobs.result_validation import checked_result
from symscan.scanners.jobs.saved_state import restore_state, save_state
from symscan.session.requests import RequestQueue

_NICE: Final = 5
"""Where cores are few, a scanner that spins leaves the stream its own."""


def serve(connection: int, lifeline: int) -> None:
    """Serve the session until it closes the connection.

    Parameters
    ----------
    connection
        The descriptor of the socket calls come from.
    lifeline
        The descriptor of a pipe that is never written to: it ends with the session's process.
    """
    end_with_parent(lifeline)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whether Ctrl-C ends a scan is the session's decision
    sys.stdout = sys.stderr  # hits and reports are written to stdout; what a scanner prints must not mingle
    os.nice(_NICE)
    with suppress(EOFError, OSError), Connection(connection) as session:
        _Worker(session).run()


_MOST_BYTES: Final = 256_000_000
"""Of an answer: as JSON it has to fit into one row of the session's record, which holds a billion."""


class _Worker:
    """Makes the scanner and answers calls of it, one after another."""

    def __init__(self, session: Connection) -> None:
        self._session = session
        self._inbox = Inbox(session)
        self._scanner: BaseScanner | None = None
        self._make_fault: Fault | None = None
        self._info: ScannerInfo | None = None
        self._saved_state: bytes | None = None
        self._pending_state: bytes | None = None
        self._is_set_up = False

    def run(self) -> None:
        """Answer calls until the session closes the connection.

        Raises
        ------
        EOFError
            When it does.
        """
        self._make(self._inbox.receive())
        while True:
            call: Call = self._inbox.receive()
            self._session.send_bytes(self._pickled_reply(call))
            del call  # a day of bars is not kept twice while the next call comes in

    def _make(self, make: Make) -> None:
        try:
            self._scanner = make()
        except (Exception, SystemExit) as error:  # the plug-in boundary: the user's module
            self._make_fault = Fault.of(error)

    def _pickled_reply(self, call: Call) -> bytes:
        reply = self._reply(call)
        try:
            pickled = pickle.dumps(reply, pickle.HIGHEST_PROTOCOL)
            if len(pickled) > _MOST_BYTES:
                raise ValueError(f"it has {len(pickled):,} bytes, and {_MOST_BYTES:,} are the most")
            return pickled
        except Exception as error:  # the plug-in boundary: something of the user's that cannot travel
            self._info, self._saved_state = None, None  # not sent so far
            fault = Fault.of(error)
            what = f"what {call.kind}() left cannot leave its process: {fault.message}"
            fault = Fault(fault.kind, what, f"{fault.kind}: {what}")
            return pickle.dumps(Reply(None, RequestQueue(reply.requests.holder), fault=fault))

    def _reply(self, call: Call) -> Reply:
        request_queue = request_queue_of(call.context)
        if self._scanner is None:
            return Reply(None, request_queue, fault=self._make_fault)
        self._complete_context(call.context, self._scanner)
        value, fault, info = None, None, None
        try:
            value = self._value(self._scanner, call)
        except (Exception, SystemExit) as error:  # the plug-in boundary: a fault is an outcome
            fault = Fault.of(error, self._scanner)
        try:
            info = self._changed_info(self._scanner)
        except (Exception, SystemExit) as error:  # the plug-in boundary: its universe may be code of its own
            fault = fault or Fault.of(error, self._scanner)
        saved_state, unanswered = self._changed_state(self._scanner), call.context.session_data.unanswered()
        return Reply(value, request_queue, info, saved_state, fault, unanswered)

    @staticmethod
    def _complete_context(context: ScanContext, scanner: BaseScanner) -> None:
        """Add what is not sent: the scanner's configuration and its universe's columns."""
        context.config = scanner.config
        now = from_datetime(context.current_time)
        context.session_data.use_static_columns(lambda: scanner.columns_at(now))
        context.tables = scanner.tables

    def _value(self, scanner: BaseScanner, call: Call) -> ScanResult | bool | None:
        self._pending_state = call.saved_state or self._pending_state
        if call.kind is JobKind.TEARDOWN:
            self._teardown(scanner, call.context)
            return None
        if call.kind is JobKind.SETUP or not self._is_set_up:
            returned: object = scanner.setup(call.context)
            self._is_set_up = bool(returned)
            if call.kind is JobKind.SETUP:
                return False if returned is False else self._is_set_up or None
        if not self._is_set_up:
            raise RuntimeError("setup() in a new process returned False")
        self._restore_state(scanner)
        return _plain(checked_result(scanner.scan(call.context), len(call.context.session_data.symbols)))

    def _teardown(self, scanner: BaseScanner, context: ScanContext) -> None:
        if self._is_set_up:
            self._restore_state(scanner)
            scanner.teardown(context)

    def _restore_state(self, scanner: BaseScanner) -> None:
        """Restore the scanner to the state that was sent, once."""
        if self._pending_state is not None:
            restore_state(scanner, self._pending_state)
            self._pending_state = None

    def _changed_info(self, scanner: BaseScanner) -> ScannerInfo | None:
        info = ScannerInfo.of(scanner)
        if info == self._info:
            return None
        self._info = info
        return info

    def _changed_state(self, scanner: BaseScanner) -> bytes | None:
        saved_state = save_state(scanner)
        if saved_state == self._saved_state:
            return None
        self._saved_state = saved_state
        return saved_state


def _plain(result: ScanResult) -> ScanResult:
    """Copy a result as a plain ``ScanResult``: the session's process need not import the scanner's class."""
    return ScanResult(
        result.symbols,
        result.metadata,
        skipped=result.skipped,
        error=result.error,
        unknown=result.unknown,
        evaluated=result.evaluated,
        stray_metadata=result.stray_metadata,
        without_row=result.without_row,
    )
