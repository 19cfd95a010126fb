"""Study sessions in a process of its own: what each says goes back as bytes, to be joined in one place."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.player import StudyPlayer
from symscan.runs.reading import RunFiles
from symscan.runtime.parallel.given import GivenBacktest
from symscan.tasks.work import Report

MAKER: Final = "symscan.research.study.session.worker:make_worker"
"""Where other processes find :func:`make_worker`."""


@dataclass(frozen=True, slots=True)
class GivenStudy:
    """A study whose sessions are to be played.

    Attributes
    ----------
    plan
        What is measured.
    run
        The folder of the run whose hits have to be found again; None for a configuration.
    """

    backtest: GivenBacktest
    plan: StudyPlan
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
    run = None if given.run is None else RunFiles.open(given.run)
    return StudyWorker(StudyPlayer(given.backtest.assembled(), given.plan, run))
