"""What is asked about: a session of a run, or of a configuration over stored bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from symscan.config import SessionConfig
from symscan.config.defaults import chosen_store
from symscan.errors import InputError
from symscan.model.session import Session
from symscan.research.given_config import read_config
from symscan.research.study.source import config_of, store_of
from symscan.research.unchanged_store import check_tables
from symscan.runs.layout import SUMMARY
from symscan.runs.reading import RunFiles
from symscan.runtime.assembly import Backtest, assemble_backtest


@dataclass(frozen=True, slots=True)
class DecisionSource:
    """One session whose decisions are asked for.

    Attributes
    ----------
    backtest
        The configuration, the store and the session.
    run
        The run that the session is of; None for a configuration.
    """

    backtest: Backtest
    run: RunFiles | None

    @property
    def session(self) -> Session:
        """The session."""
        return self.backtest.sessions[0]

    @property
    def scanners(self) -> list[str]:
        """The names of the scanners that take part, in the order of the configuration."""
        return [one.name for one in self.backtest.config.scanners if one.enabled]

    def check_scanner(self, name: str) -> None:
        """Check that there is a scanner.

        Raises
        ------
        InputError
            If there is none of the name.
        """
        if name not in self.scanners:
            known = ", ".join(self.scanners) or "none"
            raise InputError(f"there is no scanner '{name}' (there are: {known})")


def find_decisions(
    given: SessionConfig | RunFiles | Mapping[str, Any] | Path | str, day: date | None, store: Path | None
) -> DecisionSource:
    """Find the session that is asked about.

    Parameters
    ----------
    given
        The folder of a run, or a configuration.
    day
        The session's date; None for the only one of a run, or of the configuration.
    store
        The bar store; None for that of the run, or the default one.

    Raises
    ------
    InputError
        If there is no such run, configuration or session, or it is not said which.
    DataError
        If the store is no longer there, or has no bars of the session.
    """
    run = _run_of(given)
    config = config_of(run, "ask about the configuration it was of") if run else read_config(given)  # type: ignore[arg-type]
    # No decision depends on them.
    config = replace(config, mode="backtest", strategies=(), observers=())
    chosen = _day_of_config(config, day) if run is None else _day_of_run(run, day)
    place = (store or store_of(run)) if run is not None else chosen_store(store)
    backtest = assemble_backtest(config, place.absolute(), chosen, chosen)
    if run is not None:
        check_tables(run, backtest.checked)
    return DecisionSource(backtest, run)


def _run_of(given: object) -> RunFiles | None:
    """Return the run; None where a configuration was given."""
    if isinstance(given, RunFiles):
        return given
    if not isinstance(given, str | Path):
        return None
    path = Path(given)
    if not path.exists():
        raise InputError(f"{path}: there is no such run and no such configuration")
    if path.is_dir() or (path.suffix != ".json" and (path / SUMMARY).exists()):
        return RunFiles.open(path)
    return None


def _day_of_run(run: RunFiles, day: date | None) -> date:
    days = run.sessions
    if not days:
        raise InputError(f"{run.folder}: no session of the run was begun")
    if day is None and len(days) > 1:
        raise InputError(
            f"{run.folder}: the run has {len(days)} sessions, from {days[0]} to {days[-1]}; say which with "
            "--date"
        )
    if day is not None and day not in days:
        near = min(days, key=lambda one: (abs((one - day).days), one))
        raise InputError(f"{run.folder}: the run has no session of {day}; the nearest is {near}")
    chosen = day or days[0]
    if str(chosen) not in run.summary["completed"]:
        raise InputError(
            f"{run.folder}: the session of {chosen} was broken off, so it cannot be played again as it was; "
            "go on with it by --resume, or ask about the configuration"
        )
    return chosen


def _day_of_config(config: SessionConfig, day: date | None) -> date:
    if day is not None:
        return day
    if config.start_date is not None and config.start_date == config.end_date:
        return config.start_date
    raise InputError("say with --date which session is asked about")
