"""A backtest as other processes are given it: its configuration and what it is of, never its bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from symscan.config import SessionConfig
from symscan.runs.description import RunDescription
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.description import describe_backtest
from symscan.runtime.parallel.mismatch import first_mismatch
from symscan.tasks.work import Mismatch


@dataclass(frozen=True, slots=True)
class GivenBacktest:
    """A backtest whose sessions are to be played.

    Attributes
    ----------
    store
        The folder of the bar store.
    first, last
        Its range.
    description
        What it is of: a process that finds something else must not play it.
    """

    config: SessionConfig
    store: Path
    first: date
    last: date
    description: RunDescription

    def assembled(self) -> Backtest:
        """Check and assemble it here.

        Raises
        ------
        Mismatch
            If it would be of something else than it was begun with.
        """
        backtest = assemble_backtest(self.config, self.store, self.first, self.last)
        found = describe_backtest(backtest, self.first, self.last)
        if (what := first_mismatch(self.description, found)) is not None:
            raise Mismatch(what)
        return backtest
