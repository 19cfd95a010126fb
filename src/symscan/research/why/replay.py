"""The decisions of a session: from the ledger that a run kept, else by playing the session again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from symscan.errors import InputError, RunError
from symscan.model.decisions.verdicts import ScanVerdicts
from symscan.model.events.session import Event, Outcome, ScanFinished, ScannerDisabled
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.research.study.session.judged import VerdictLog
from symscan.research.study.session.replay import check_replay
from symscan.research.why.source import DecisionSource
from symscan.runs.decisions.ledger import read_ledger
from symscan.runs.decisions.log import DecisionLog
from symscan.runs.decisions.table import SessionDecisions
from symscan.runs.layout import ledger_file

_ASK_ANEW: Final = "run it anew, and ask about that"
_ASK_PARITY: Final = "it was live: symscan parity names the cause of each difference"


@dataclass(frozen=True, slots=True)
class FailedScan:
    """A scan that was due and not ok: how it ended, and why."""

    scanner: str
    at: Instant
    outcome: str
    error: str


@dataclass(frozen=True, slots=True, eq=False)
class FoundDecisions:
    """The decisions of a session, and what there are none of.

    Attributes
    ----------
    failed
        The scans that were due and not ok.
    disabled
        Why a scanner took no part, by its name.
    """

    decisions: SessionDecisions
    failed: tuple[FailedScan, ...]
    disabled: dict[str, str]


def kept_decisions(
    source: DecisionSource, scanners: Sequence[str], *, whole: bool
) -> SessionDecisions | None:
    """Return the decisions that a run has kept; None where it has not kept what is asked for.

    Parameters
    ----------
    scanners
        Whose decisions are asked for.
    whole
        Whether the values of everybody are, not only of hits and of those that missed by one clause.

    Raises
    ------
    DataError
        If the file is damaged.
    """
    if source.run is None:
        return None
    path = ledger_file(source.run.folder, source.session.date)
    if not path.exists():
        return None
    kept = read_ledger(path)
    tables = [kept.scanners.get(name) for name in scanners]
    if any(one is None or (whole and not one.is_whole) for one in tables):
        return None
    return kept


def decisions_of(source: DecisionSource) -> FoundDecisions:
    """Play a session again, and return its decisions.

    Raises
    ------
    ReplayDiffers
        If the session was played again, and its hits are not those of the run.
    DataError
        If a file of the run or the store is damaged.
    RunError
        If the session cannot be played.
    """
    recorder = _Recorder()
    coordinator = source.backtest.coordinator(source.session, [recorder], verdicts=recorder)
    try:
        coordinator.run()
    except InputError as error:
        raise RunError(f"{source.session.date}: {error}") from error
    if (run := source.run) is not None:
        remedy = _ASK_PARITY if run.mode == "live" else _ASK_ANEW
        check_replay(run, source.session, recorder.verdicts, source.backtest.store, remedy)
    decisions = recorder.log.decisions(source.session, source.scanners)
    return FoundDecisions(decisions, tuple(recorder.failed), recorder.disabled)


class _Recorder:
    """Records the decisions of a session, its hits, and the scans that were not ok."""

    def __init__(self) -> None:
        self.log, self.verdicts = DecisionLog(), VerdictLog()
        self.failed: list[FailedScan] = []
        self.disabled: dict[str, str] = {}

    def wants_clauses(self, scanner: str) -> bool:
        return self.log.wants_clauses(scanner)

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:
        self.log.on_judged(session, verdicts)
        self.verdicts.on_judged(session, verdicts)

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's
        match event:
            case ScanFinished() if event.outcome is not Outcome.OK:
                self.failed.append(FailedScan(event.scanner, event.at, str(event.outcome), event.error or ""))
            case ScannerDisabled():
                self.disabled[event.scanner] = event.reason
