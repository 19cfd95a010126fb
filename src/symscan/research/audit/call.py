"""Make an audit and write its folder: what the command and the call from Python share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from symscan.config import SessionConfig
from symscan.errors import InputError
from symscan.research.audit.checks import chosen_checks
from symscan.research.audit.make import make_audit
from symscan.research.audit.planning.subject import AuditRequest, find_subject
from symscan.research.audit.results import AUDIT, Audit
from symscan.research.audit.running import ShowFamily
from symscan.research.study.files import write_files
from symscan.runtime.backtest_run import folder_name
from symscan.tasks.jobs import cores


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """How an audit is made, and where it is written.

    Attributes
    ----------
    only
        The groups of checks that are made; none named means all.
    strict
        Whether notes count.
    jobs
        How many processes there are at a time; None for one a core.
    folder, home
        Its folder, or where one of its name is made; None for both writes nothing.
    force
        Whether it replaces an earlier audit.
    """

    only: Sequence[str] = ()
    strict: bool = False
    jobs: int | None = None
    folder: Path | None = None
    home: Path | None = None
    force: bool = False


def audit_scanners(
    config: SessionConfig, request: AuditRequest, options: AuditOptions, show: ShowFamily = lambda *_: None
) -> Audit:
    """Audit the scanners of a configuration.

    Raises
    ------
    InputError
        If anything that was given is wrong, or a scanner fails without any change; nothing is written.
    RunError
        If the folder cannot be written.
    """
    checks = chosen_checks(tuple(options.only))
    subject = find_subject(config, request)
    folder = options.folder
    if folder is None and options.home is not None:
        folder = options.home / folder_name(subject.config.name, subject.first, subject.last)
    if folder is not None:
        _check_folder(folder, force=options.force)
        folder = folder.absolute()
    audit = make_audit(subject, checks, options.jobs or cores(), strict=options.strict, show=show)
    if folder is not None:
        write_files(folder, {AUDIT: audit.as_json()}, lambda _: None)
        audit = replace(audit, folder=folder)
    return audit


def _check_folder(folder: Path, *, force: bool) -> None:
    if not folder.exists():
        return
    if not force:
        raise InputError(f"{folder} exists; choose another --out, or replace the audit there with --force")
    strange = sorted(path.name for path in folder.iterdir() if path.name != AUDIT) if folder.is_dir() else []
    if not (folder / AUDIT).exists() or strange:
        raise InputError(
            f"{folder}: not an audit alone, so that --force does not replace it; choose another --out"
        )
