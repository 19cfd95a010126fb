"""Write the decisions of each session into the folder of its run: an observer of verdicts and of events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from symscan.model.decisions.verdicts import ScanVerdicts
from symscan.model.events.session import Event, SessionClosed
from symscan.model.session import Session
from symscan.runs.decisions.ledger import Level, write_ledger
from symscan.runs.decisions.log import DecisionLog
from symscan.runs.layout import ledger_file


class DecisionWriter:
    """Writes the ledger of a session at its close; of one that is broken off there is none.

    Parameters
    ----------
    folder
        The folder of the run.
    levels
        How much is kept, by scanner in the order of the configuration.
    """

    def __init__(self, folder: Path, levels: Mapping[str, Level]) -> None:
        self._folder = folder.absolute()  # a scanner may change the current folder
        self._levels = {name: level for name, level in levels.items() if level != "none"}
        self._log = self._new_log()

    def wants_clauses(self, scanner: str) -> bool:
        """Whether the decisions of a scanner are kept."""
        return scanner in self._levels

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:
        """Record the verdicts of a scan."""
        self._log.on_judged(session, verdicts)

    def observe(self, session: Session, event: Event) -> None:
        """Write the ledger when its session closes."""
        if isinstance(event, SessionClosed):
            log, self._log = self._log, self._new_log()
            path = ledger_file(self._folder, session.date)
            write_ledger(path, log.decisions(session, list(self._levels)), self._levels)

    @property
    def keeps_any(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self._levels)

    def _new_log(self) -> DecisionLog:
        return DecisionLog(self.wants_clauses)
