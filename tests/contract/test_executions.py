"""The contract of executions: inline, threads, processes, recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from symscan.model.session import Session
from symscan.recording.session_log import SessionRecord
from symscan.runtime.publisher import StepLog
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.runtime.recovery.work import RecordedExecution
from symscan.scanners.execution.inline import Execution, InlineExecution
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.testing import ExecutionContract


def _threads() -> ThreadedExecution:
    return ThreadedExecution(lambda: None, waits_for_session=True)


class TestInline(ExecutionContract):
    def execution(self, session: Session, folder: Path) -> tuple[Execution, StepLog | None]:
        return InlineExecution(), None


class TestThreads(ExecutionContract):
    def execution(self, session: Session, folder: Path) -> tuple[Execution, StepLog | None]:
        return _threads(), None


@pytest.mark.slow
class TestProcesses(ExecutionContract):
    isolates = True

    def execution(self, session: Session, folder: Path) -> tuple[Execution, StepLog | None]:
        return _threads(), None


class TestRecorded(ExecutionContract):
    def execution(self, session: Session, folder: Path) -> tuple[Execution, StepLog | None]:
        record = SessionRecord.create(folder / "session.sqlite", {})
        recorder = StepRecorder(record, session)
        return RecordedExecution(recorder, _threads()), recorder
