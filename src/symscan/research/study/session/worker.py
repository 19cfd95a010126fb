"""Study sessions in a process of its own: what each says goes back as bytes, to be joined in one place."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from symscan.config import SessionConfig
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.player import StudyPlayer
from symscan.runs.description import RunDescription
from symscan.runs.reading import RunFiles
from symscan.runtime.assembly import assemble_backtest
from symscan.runtime.description import describe_backtest
from symscan.runtime.parallel.mismatch import first_mismatch
from symscan.tasks.work import Mismatch, Report

MAKER: Final = "symscan.research.study.session.worker:make_worker"
"""Where other processes find :func:`make_worker`."""


@dataclass(frozen=True, slots=True)
class GivenStudy:
    """A study whose sessions are to be played.

    Attributes
    ----------
    store
        The folder of the bar store.
    first, last
        Its range.
    plan
        What is measured.
    description
        What it is of: a process that finds something else must not play it.
    run
        The folder of the run whose hits have to be found again; None for a configuration.
    """

    config: SessionConfig
    store: Path
    first: date
    last: date
    plan: StudyPlan
    description: RunDescription
    run: Path | None


class StudyWorker:
    """Studies sessions, one after another; what one has loaded serves the next."""

    def __init__(self, player: StudyPlayer) -> None:
        self._player = player
        self._sessions = {session.date: session for session in player.backtest.sessions}

    def __call__(self, day: date, report: Report) -> bytes:  # noqa: ARG002 - sessions are reported whole
        """Study the session of a date; return its pickled outcomes."""
        return pickle.dumps(self._player.play(self._sessions[day]), protocol=5)


def make_worker(given: GivenStudy, scratch: Path) -> StudyWorker:  # noqa: ARG001 - it writes no files
    """Make what studies sessions in this process.

    Raises
    ------
    Mismatch
        If this process sees another store, modules or versions than the study was begun with.
    """
    backtest = assemble_backtest(given.config, given.store, given.first, given.last)
    found = describe_backtest(backtest, given.first, given.last)
    if (what := first_mismatch(given.description, found)) is not None:
        raise Mismatch(what)
    run = None if given.run is None else RunFiles.open(given.run)
    return StudyWorker(StudyPlayer(backtest, given.plan, run))
