"""Make a study and write its folder: what the command and the call from Python share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from symscan.errors import InputError, RunError
from symscan.formatting import format_count
from symscan.research.given_config import GivenConfig
from symscan.research.run import Run
from symscan.research.study import files
from symscan.research.study.make import PreparedStudy, ShowSession, join_sessions, prepare_study
from symscan.research.study.placebo import placebo_frame
from symscan.research.study.playing import play_sessions
from symscan.research.study.report import write_page
from symscan.research.study.results import (
    counted_tries,
    headline_deviates,
    headline_t,
    remember_try,
    study_files,
)
from symscan.research.study.source import StudyRequest, find_source
from symscan.research.study.study import open_study
from symscan.research.study.tables.summary import summarize
from symscan.research.study.tries import read_tries
from symscan.runtime.backtest_run import folder_name
from symscan.runtime.parallel.division import Division

_UNDIVIDED: Final = Division()


@dataclass(frozen=True, slots=True)
class StudyOutput:
    """Where and how a study is written.

    Attributes
    ----------
    folder
        The folder of the study; None for one of its name in ``home``.
    home
        Where studies are.
    memory
        The file that keeps what was tried; None keeps nothing.
    force
        Whether it replaces an earlier study.
    csv
        Whether hits are written as CSV, too.
    page
        Whether the page is written, too.
    placebo
        On how many placebo markets the same is studied.
    division
        In how many processes sessions are played.
    """

    folder: Path | None
    home: Path
    memory: Path | None
    force: bool = False
    csv: bool = False
    page: bool = True
    placebo: int = 0
    division: Division = _UNDIVIDED

    def folder_of(self, study: PreparedStudy) -> Path:
        """Return where a study is written."""
        source = study.source
        name = folder_name(source.config.name, source.first, source.last)
        return self.folder or self.home / name


def make_study(
    given: GivenConfig | Run, request: StudyRequest, output: StudyOutput, show: ShowSession = lambda *_: None
) -> Path:
    """Make a study and write its folder; return where.

    Raises
    ------
    InputError
        If anything that was given is wrong; nothing is written.
    RunError
        If a session cannot be played, the run's hits are not found again, or no hit has an entry.
    """
    if output.placebo < 0:
        raise InputError(f"placebo: expected a number of markets, 0 or more, got {output.placebo}")
    if output.placebo and output.division.cluster is not None:
        raise InputError("placebo markets are made on this computer, where a cluster does not see them")
    source = find_source(given, request)
    study = prepare_study(source, request)
    folder = output.folder_of(study).absolute()
    files.check_folder(folder, force=output.force)
    memory = None if output.memory is None else output.memory.absolute()
    earlier = [] if memory is None else read_tries(memory)
    config = study.backtest.config
    with output.division.executor(config, source.first, source.last) as executor:
        studied = join_sessions(study, play_sessions(study, show, executor))
    _check_entries(study, studied.hits["entry_price"].count(), studied.hits.height)
    sums = summarize(studied.hits, study.plan, studied.days)
    content = study_files(study, studied, sums, csv=output.csv)
    t, deviates = headline_t(sums, study.plan), headline_deviates(sums, study.plan)
    if output.placebo:
        markets = placebo_frame(study, request, output.placebo, output.division, show)
        content[files.PLACEBO] = files.as_csv(markets)
    content[files.TRIES] = files.as_json(counted_tries(study, t, deviates, earlier))
    files.write_files(folder, content, _write_page if output.page else _write_nothing)
    if memory is not None:
        remember_try(study, t, memory)
    return folder


def _check_entries(study: PreparedStudy, entered: int, hits: int) -> None:
    """Check that there is something to study."""
    if entered:
        return
    count = format_count(len(study.sessions), "session")
    days = f"{count} from {study.sessions[0].date} to {study.sessions[-1].date}"
    if not hits:
        which = {"all": "", "new": "new ", "entered": "entered "}[study.plan.settings.hits]
        what = f"nothing could be studied: {', '.join(study.plan.scanners)} had no {which}hit in {days}"
        if len(study.sessions) == 1 and which == "entered ":
            what += "; who enters the list of a scanner that scans once a session is known from its second on"
        raise RunError(what)
    raise RunError(f"nothing could be studied: none of {hits:,} hits has an entry, in {days}")


def _write_page(folder: Path) -> None:
    write_page(open_study(folder), folder / files.REPORT)


def _write_nothing(_: Path) -> None:
    """Leave the folder as it is."""
