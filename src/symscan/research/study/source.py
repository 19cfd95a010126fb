"""What a study is of: a configuration over stored bars, or a run whose hits it has to find again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from symscan.config import SessionConfig, StudySettings, override_study, parse_config
from symscan.config.defaults import chosen_store
from symscan.errors import DataError, InputError
from symscan.research.given_config import GivenConfig, read_config
from symscan.research.run import Run
from symscan.runs.layout import RUN, SUMMARY
from symscan.runs.reading import RunFiles
from symscan.runtime.backtest_run import chosen_range


@dataclass(frozen=True, slots=True)
class StudyRequest:
    """What is asked for, from the command line or from Python.

    Attributes
    ----------
    store
        The bar store; None for the default one, or that of the run.
    day, start, end
        One date, or the ends of a range; None for those of the configuration or the run.
    scanners
        Whose hits are studied; none named means all.
    settings
        What comes before the settings of the configuration, by their keys.
    open_holdout
        Whether the sessions set aside are studied, and they alone.
    prefix
        What stands before a setting in messages.
    """

    store: Path | None = None
    day: date | None = None
    start: date | None = None
    end: date | None = None
    scanners: Sequence[str] = ()
    settings: Mapping[str, Any] | None = None
    open_holdout: bool = False
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class StudySource:
    """What a study is of.

    Attributes
    ----------
    config
        The configuration, with the settings of the study.
    store
        The folder of the bar store.
    first, last
        The range of dates.
    run
        The run whose hits have to be found again; None for a configuration.
    scanners
        Whose hits are studied.
    """

    config: SessionConfig
    store: Path
    first: date
    last: date
    run: RunFiles | None
    scanners: tuple[str, ...]

    @property
    def settings(self) -> StudySettings:
        """The settings of the study."""
        return self.config.study


def find_source(given: GivenConfig | Run, request: StudyRequest) -> StudySource:
    """Find what a study is of.

    Raises
    ------
    InputError
        If there is no such configuration, run or scanner, or dates and options contradict each other.
    """
    run = _run_of(given)
    config = read_config(given) if run is None else config_of(run)  # type: ignore[arg-type]
    settings = override_study(config.study, request.settings or {}, request.prefix)
    config = replace(config, study=settings, mode="backtest")
    scanners = _scanners(config, request.scanners)
    if run is None:
        first, last = chosen_range(config, request.day, request.start, request.end)
        store = chosen_store(request.store)
    else:
        first, last = _range_of(run, request)
        store = request.store or store_of(run)
    is_asked = request.day is not None or request.end is not None
    first, last = _without_holdout(settings, first, last, request, is_asked=is_asked)
    return StudySource(config, store, first, last, run, scanners)


def config_of(run: RunFiles, remedy: str = "study the configuration") -> SessionConfig:
    """Return the configuration of a run; ``remedy`` is what to do where it is not kept.

    Raises
    ------
    InputError
        If the run does not say what it was of, or was of classes given in Python.
    """
    if run.description is None:
        raise InputError(f"{run.folder}: a run of the old format does not keep its configuration; {remedy}")
    text = run.description.facts.get("configuration", {}).get("as_read")
    if not text:
        raise InputError(f"{run.folder}: the run was of no file; study the configuration it was made with")
    return parse_config(text, run.description.environment.get("configuration") or str(run.folder / RUN))


def _run_of(given: GivenConfig | Run) -> RunFiles | None:
    """Return the run; None where a configuration was given."""
    if isinstance(given, Run):
        return given.files
    if not isinstance(given, str | Path):
        return None
    path = Path(given)
    if path.is_dir() or (path.suffix != ".json" and (path / SUMMARY).exists()):
        return RunFiles.open(path)
    return None


def _scanners(config: SessionConfig, wanted: Sequence[str]) -> tuple[str, ...]:
    enabled = [one.name for one in config.scanners if one.enabled]
    unknown = [name for name in wanted if name not in enabled]
    if unknown:
        known = ", ".join(enabled) or "none"
        raise InputError(f"there is no scanner '{unknown[0]}' in the configuration (there are: {known})")
    if not enabled:
        raise InputError(
            f"{config.file}: the configuration has no scanner, so that there are no hits to study"
        )
    return tuple(name for name in enabled if not wanted or name in wanted)


def _range_of(run: RunFiles, request: StudyRequest) -> tuple[date, date]:
    if not run.sessions:
        raise InputError(f"{run.folder}: no session of the run was begun")
    first, last = run.sessions[0], run.sessions[-1]
    if request.day is not None:
        if request.start is not None or request.end is not None:
            raise InputError("--date is one session; give it alone, or --start and --end for a range")
        start = end = request.day
    else:
        start, end = request.start or first, request.end or last
    if not any(start <= day <= end for day in run.sessions):
        raise InputError(
            f"{run.folder}: the run has no session from {start} to {end} (it has {first} to {last})"
        )
    return max(start, first), min(end, last)


def store_of(run: RunFiles) -> Path:
    """Return where the store of a run was, which must still be there.

    Raises
    ------
    InputError
        If the run does not say.
    DataError
        If it is no longer there.
    """
    place = None if run.description is None else run.description.environment.get("store")
    if place is None:
        raise InputError(f"{run.folder}: the run does not say where its store was; give the store")
    if not Path(place).is_dir():
        raise DataError(f"{place}: the store of the run is no longer there; say with --store where it is")
    return Path(place)


def _without_holdout(
    settings: StudySettings, first: date, last: date, request: StudyRequest, *, is_asked: bool
) -> tuple[date, date]:
    """Return the range without the sessions set aside, or these alone where they are opened."""
    start = settings.holdout_from
    if start is None:
        if request.open_holdout:
            raise InputError("there is no holdout to open; 'holdout_from' in 'study_config' sets one aside")
        return first, last
    if request.open_holdout:
        if last < start:
            raise InputError(
                f"the holdout begins on {start}, and the range ends on {last}; give a later --end"
            )
        return max(first, start), last
    if last >= start and (is_asked or first >= start):
        raise InputError(
            f"sessions from {start} on are a holdout, set aside, and the range ends on {last}; end it "
            "before, or study them alone, once, with --open-holdout"
        )
    return first, min(last, date.fromordinal(start.toordinal() - 1))
