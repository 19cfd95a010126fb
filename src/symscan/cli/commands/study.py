"""``symscan study``: what happened after the hits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from symscan.cli.errors import SessionStopped
from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.cli.output.study_report import show_study
from symscan.cli.signals import exit_code_of
from symscan.config.defaults import runs_folder
from symscan.errors import InputError
from symscan.research.study import open_study
from symscan.research.study.call import StudyOutput, make_study
from symscan.research.study.progress import shown_sessions
from symscan.research.study.source import StudyRequest
from symscan.research.study.tries import MEMORY
from symscan.runtime.given_paths import paths_as_given
from symscan.runtime.parallel.division import Division

STUDIES: Final = "studies"
_MINUTES: Final = re.compile(r"(\d+)m?")


@dataclass(frozen=True, slots=True)
class StudyArguments:
    """What stands on the command line; ``settings`` by the keys of ``study_config``, as texts."""

    what: Path
    store: Path | None
    day: date | None
    start: date | None
    end: date | None
    out: Path | None
    scanners: tuple[str, ...]
    settings: Mapping[str, Any]
    force: bool
    csv: bool
    open_holdout: bool
    page: bool = True
    placebo: int = 0
    jobs: int | None = None
    cluster: str | None = None
    insecure_cluster: bool = False


def study_hits(arguments: StudyArguments) -> None:
    """Make a study and print what it says.

    Raises
    ------
    InputError
        If anything that was given is wrong.
    RunError
        If the run's hits are not found again, or nothing could be studied.
    """
    settings = {key: _parsed(key, value) for key, value in arguments.settings.items()}
    request = StudyRequest(
        arguments.store,
        arguments.day,
        arguments.start,
        arguments.end,
        arguments.scanners,
        settings,
        arguments.open_holdout,
        prefix="--",
    )
    runs = runs_folder()
    division = Division.of(arguments.jobs, arguments.cluster, allows_insecure=arguments.insecure_cluster)
    output = StudyOutput(
        arguments.out,
        runs.parent / STUDIES,
        runs / MEMORY,
        force=arguments.force,
        csv=arguments.csv,
        page=arguments.page,
        placebo=arguments.placebo,
        division=division,
    )
    shown = [one for one in (arguments.store, arguments.out) if one is not None]
    try:
        with (
            redirect_plugin_output(),
            paths_as_given(*shown),
            shown_sessions() as show,
        ):
            folder = make_study(_given(arguments.what), request, output, show)
    except KeyboardInterrupt as interrupt:
        raise SessionStopped("interrupted; nothing was written", exit_code_of(interrupt)) from None
    show_study(open_study(folder), _relative(folder))


def _given(what: Path) -> Path:
    if not what.exists():
        raise InputError(
            f"{what}: there is no such file or folder; give a configuration, or the folder of a run"
        )
    return what


def _parsed(key: str, value: Any) -> Any:
    """Return an option as ``study_config`` would hold it."""
    if key in ("horizons", "match"):
        return [] if key == "match" and value == "none" else [one.strip() for one in value.split(",")]
    if key == "delay_minutes":
        minutes = _MINUTES.fullmatch(value)
        if minutes is None:
            raise InputError(f"--delay '{value}' is not understood; give minutes, as 1m")
        return int(minutes[1])
    if key == "spread" and value != "estimate":
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _relative(folder: Path) -> Path:
    """Return a folder as it is best shown."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
