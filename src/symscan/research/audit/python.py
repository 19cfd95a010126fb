"""Audit scanners from Python, as ``symscan audit`` does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from symscan.plugins.modules import forget_changed
from symscan.research.arguments import as_date
from symscan.research.audit.call import AuditOptions, audit_scanners
from symscan.research.audit.planning.subject import AuditRequest
from symscan.research.audit.results import Audit
from symscan.research.given_config import GivenConfig, located_errors, read_config
from symscan.runtime.given_paths import paths_as_given
from symscan.tasks.jobs import parse_jobs


def audit(
    config: GivenConfig,
    *,
    store: Path | str | None = None,
    date: date | str | None = None,
    start: date | str | None = None,
    end: date | str | None = None,
    scanners: Sequence[str] = (),
    sessions: int = 3,
    scans: int = 20,
    only: Sequence[str] = (),
    seed: int = 0,
    strict: bool = False,
    jobs: int | str | None = None,
    out: Path | str | None = None,
    force: bool = False,
) -> Audit:
    """Play sessions again with the future, the clock, the order and their files changed, and compare.

    Parameters
    ----------
    config
        A configuration as :func:`symscan.run` takes it; classes in it must stand in a module.
    store
        The folder of the bar store; None for that of ``SYMSCAN_STORE``, or of ``symscan.toml``.
    date
        The date of one session.
    start, end
        The range that sessions are taken from, both included; None for that of the configuration, else all
        that is stored.
    scanners
        Which are audited; none named means all.
    sessions, scans
        How many sessions are played, and how many scans of each are looked at.
    only
        Groups of checks: ``future``, ``clock``, ``order``, ``unrelated``, ``state``, ``files``.
    seed
        Of random draws.
    strict
        Whether notes count as findings.
    jobs
        How many processes there are at a time, ``"auto"`` or None for one a core.
    out
        The folder to write; None writes nothing.
    force
        Whether it replaces an earlier audit there.

    Returns
    -------
    Audit
        Its findings, its notes, its ``exit_code`` and every comparison; ``str`` of it is the report.

    Raises
    ------
    InputError
        If anything that was given is wrong, or a scanner fails without any change; nothing is written.
    """
    forget_changed()
    first, last, day = map(as_date, (start, end, date))
    place = None if store is None else Path(store)
    folder = None if out is None else Path(out)
    request = AuditRequest(place, day, first, last, tuple(scanners), sessions, scans, seed)
    number = None if jobs is None else parse_jobs(jobs)
    options = AuditOptions(tuple(only), strict, number, folder, None, force)
    shown = [one for one in (place, folder) if one is not None]
    with paths_as_given(*shown), located_errors(config):
        return audit_scanners(read_config(config), request, options)
