"""Study hits from Python, as ``symscan study`` does."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from symscan.config.defaults import find_defaults
from symscan.plugins.modules import forget_changed
from symscan.research.arguments import as_date, as_names
from symscan.research.given_config import GivenConfig, located_errors
from symscan.research.run import Run
from symscan.research.study.call import StudyOutput, make_study
from symscan.research.study.progress import shown_sessions
from symscan.research.study.source import StudyRequest
from symscan.research.study.study import Study, open_study
from symscan.research.study.tries import MEMORY
from symscan.runtime.given_paths import paths_as_given
from symscan.runtime.parallel.division import Division


def study(
    what: GivenConfig | Run,
    *,
    store: Path | str | None = None,
    date: date | str | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
    out: Path | str | None = None,
    force: bool = False,
    csv: bool = False,
    scanners: str | Iterable[str] = (),
    open_holdout: bool = False,
    placebo: int = 0,
    page: bool = True,
    jobs: int | str | None = None,
    cluster: str | None = None,
    insecure_cluster: bool = False,
    progress: bool = True,
    **settings: Any,
) -> Study:
    """Measure what happened after hits, against symbols that were alike and not hit.

    Parameters
    ----------
    what
        A configuration as :func:`symscan.run` takes it; or a run or its folder, whose sessions are played
        again and must have the same hits.
    store
        The folder of the bar store; None for that of the run, of ``SYMSCAN_STORE``, or of ``symscan.toml``.
    date
        The date of one session.
    start, end
        The range, both included; None for those of the configuration, or the run.
    out
        The folder to write; None for a temporary one that is removed with the object returned.
    force
        Whether it replaces an earlier study there.
    csv
        Whether hits are written as CSV, too.
    scanners
        Whose hits, one name or several; none named means all.
    open_holdout
        Whether the sessions from ``holdout_from`` on are studied, and they alone.
    placebo
        On how many markets in which nobody can have an edge the same is studied.
    page
        Whether ``report.html`` is written, too, which takes a second or two.
    jobs
        In how many processes sessions are played, ``"auto"`` for one a core; None for what
        ``symscan.toml`` says.
    cluster
        The address of the scheduler of a Dask cluster whose workers play sessions.
    insecure_cluster
        Whether it may be on another computer without encryption.
    progress
        Whether a bar shows how far it is, on a terminal or in a notebook.
    **settings
        Keys of ``study_config``, which come before those of the configuration: ``horizons=["5m", "close"]``.

    Returns
    -------
    Study
        Its results.

    Raises
    ------
    InputError
        If anything that was given is wrong; nothing is written.
    RunError
        If a run's hits are not found again, or nothing could be studied.
    """
    forget_changed()
    first, last, day = map(as_date, (start, end, date))
    place = None if store is None else Path(store)
    given = {key: _as_json(value) for key, value in settings.items()}
    request = StudyRequest(place, day, first, last, tuple(as_names(scanners)), given, open_holdout)
    temporary = Path(mkdtemp(prefix="symscan-")) if out is None else None
    try:
        runs = find_defaults().runs
        folder = None if out is None else Path(out)
        home = Path() if temporary is None else temporary
        memory = None if runs is None else runs / MEMORY
        output = StudyOutput(
            folder,
            home,
            memory,
            force=force,
            csv=csv,
            page=page,
            placebo=placebo,
            division=Division.of(jobs, cluster, allows_insecure=insecure_cluster),
        )
        shown = [one for one in (place, folder) if one is not None]
        with paths_as_given(*shown), located_errors(what), shown_sessions(is_shown=progress) as show:  # type: ignore[arg-type]
            made = open_study(make_study(what, request, output, show))
    except BaseException:
        if temporary is not None:
            rmtree(temporary, ignore_errors=True)
        raise
    if temporary is not None:
        weakref.finalize(made, rmtree, temporary, ignore_errors=True)
    return made


def _as_json(value: Any) -> Any:
    """Return a setting as a configuration would hold it."""
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value
