"""The store that a run was of, as long as it still holds the same bars."""

from __future__ import annotations

from pathlib import Path

from symscan.runs.reading import RunFiles
from symscan.runtime.description import check_store
from symscan.sources.store.bar_store import BarStore


def open_run_store(run: RunFiles, given: Path | None = None) -> BarStore | None:
    """Open the store of a run.

    Parameters
    ----------
    given
        Where it is now; None for where it was.

    Returns
    -------
    BarStore or None
        None where no place was given, and the run's own is not known or gone.

    Raises
    ------
    DataError
        If there is no store, or it has changed since the run; the error names a file.
    """
    described = run.description
    place = given or (None if described is None else described.environment.get("store"))
    if place is None or not run.sessions or (given is None and not Path(place).is_dir()):
        return None
    store = BarStore(Path(place))
    if described is not None and "store" in described.facts:
        check_store(described, store)
    return store
