"""Run a configuration over stored bars from Python, as ``symscan run`` does."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from symscan.config.defaults import chosen_store, find_defaults
from symscan.errors import RunError
from symscan.observers.results.failed_scanners import check_scanners
from symscan.plugins.modules import forget_changed
from symscan.research.arguments import as_date
from symscan.research.given_config import GivenConfig, located_errors, read_config
from symscan.research.progress import no_progress, run_progress
from symscan.research.run import Run, open_run
from symscan.runtime.backtest_run import (
    BacktestRun,
    RunOptions,
    check_options,
    chosen_range,
    folder_name,
    is_complete,
)
from symscan.runtime.building.kept_decisions import explain_level, keeping
from symscan.runtime.given_paths import paths_as_given
from symscan.runtime.parallel.division import Division


class ScannersFailed(RunError):
    """A scanner failed at every scan, so that no hits mean nothing.

    Attributes
    ----------
    run
        The run; ``run.scans`` has the errors.
    """

    run: Run


def run(
    config: GivenConfig,
    *,
    store: Path | str | None = None,
    date: date | str | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
    out: Path | str | None = None,
    force: bool = False,
    resume: bool = False,
    csv: bool = False,
    explain: str | None = None,
    jobs: int | str | None = None,
    cluster: str | None = None,
    insecure_cluster: bool = False,
    progress: bool = True,
) -> Run:
    """Run a configuration over stored bars, one session per trading day of a range.

    Parameters
    ----------
    config
        A configuration file, what such a file holds, or a configuration that was loaded. In a mapping,
        ``module`` may be a class, also one that a notebook's cell defines.
    store
        The folder of the bar store; None for ``SYMSCAN_STORE``, or that of ``symscan.toml``.
    date
        The date of one session, ``2018-02-20``.
    start, end
        The range, both included; None for those of the configuration.
    out
        The folder to write. None is one below the runs folder of ``symscan.toml``; where there is none, a
        temporary folder that is removed with the object returned.
    force
        Whether it replaces an earlier run there.
    resume
        Whether it goes on with a run that was broken off there, after its last whole session.
    csv
        Whether hits are written as CSV, too.
    explain
        How much is kept of what scanners decide of each symbol, for :meth:`Run.why` and :meth:`Run.near`:
        ``"near"`` or ``"full"``, of all scanners. None is what the configuration says.
    jobs
        How many processes play the sessions of a range at once, ``"auto"`` for one a core; the results are
        the same. None is what ``symscan.toml`` says, else 1. They cannot play a class of a notebook's cell.
    cluster
        The address of a Dask scheduler whose workers play them instead, ``"tls://scheduler:8786"``.
    insecure_cluster
        Whether it may be on another computer with ``tcp://``, which neither encrypts nor authenticates.
    progress
        Whether a bar shows how far it is, on a terminal or in a notebook.

    Returns
    -------
    Run
        Its results.

    Raises
    ------
    InputError
        If anything that was given is wrong; nothing is written.
    RunError
        If the run could not go on, or a scanner failed at every scan.
    KeyboardInterrupt
        If it is interrupted; whole sessions stay, and a note says where.
    """
    check_options(force=force, resume=resume)
    division = Division.of(jobs, cluster, allows_insecure=insecure_cluster)
    forget_changed()
    read = keeping(read_config(config), explain_level(explain, "explain"))
    first, last = chosen_range(read, *map(as_date, (date, start, end)))
    place, folder = chosen_store(store), _folder(out, folder_name(read.name, first, last))
    if resume and is_complete(folder.path, read.name, first, last):
        return open_run(folder.path)
    options = RunOptions(folder.path.absolute(), force, resume, csv, folder.path)
    with (
        folder.kept_if_it_ends_early(),
        paths_as_given(place, folder.path),
        division.executor(read, first, last) as executor,
    ):
        with located_errors(config):
            prepared = BacktestRun.of(read, place, first, last)
        summary = prepared.play(options, run_progress if progress else no_progress, executor)
    finished = open_run(options.folder)
    folder.remove_with(finished)
    try:
        check_scanners(summary, folder.path)
    except RunError as error:
        failed = ScannersFailed(str(error))
        failed.run = finished
        raise failed from None
    return finished


@dataclass(frozen=True, slots=True)
class _Folder:
    """Where a run is written.

    Attributes
    ----------
    path
        The folder.
    temporary
        What is to be removed; None where the user named the folder.
    """

    path: Path
    temporary: Path | None = None

    @contextmanager
    def kept_if_it_ends_early(self) -> Iterator[None]:
        """Say where whole sessions are if the run is interrupted; remove a folder that has none."""
        try:
            yield
        except KeyboardInterrupt as interrupt:
            if self.path.exists() and not getattr(interrupt, "__notes__", None):
                interrupt.add_note(f"the results up to there are in {self.path}; resume=True goes on")
            raise
        except RunError:  # it names them itself
            raise
        except BaseException:
            if self.temporary is not None:
                rmtree(self.temporary, ignore_errors=True)
            raise

    def remove_with(self, run: Run) -> None:
        """Remove a temporary folder when its run is no longer used, or Python ends."""
        if self.temporary is not None:
            weakref.finalize(run, rmtree, self.temporary, ignore_errors=True)


def _folder(out: Path | str | None, name: str) -> _Folder:
    if out is not None:
        return _Folder(Path(out))
    if (runs := find_defaults().runs) is not None:
        return _Folder(runs / name)
    temporary = Path(mkdtemp(prefix="symscan-"))
    return _Folder(temporary / name, temporary)
