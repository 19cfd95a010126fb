"""``symscan audit``: whether scanners are honest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from symscan.cli.errors import SessionStopped
from symscan.cli.output.audit_report import show_audit, shown_families
from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.cli.signals import exit_code_of
from symscan.config import SessionConfig, load_config, parse_config
from symscan.config.defaults import runs_folder
from symscan.errors import ConfigError, ConfigErrors, InputError
from symscan.research.audit.call import AuditOptions, audit_scanners
from symscan.research.audit.planning.subject import AuditRequest
from symscan.runtime.given_paths import paths_as_given

AUDITS: Final = "audits"
_EVERY: Final = "5m"


@dataclass(frozen=True, slots=True)
class AuditArguments:
    """What stands on the command line."""

    what: str
    request: AuditRequest
    universe: str | None
    only: tuple[str, ...]
    out: Path | None
    force: bool
    strict: bool
    as_json: bool
    jobs: int | None


def audit_session(arguments: AuditArguments) -> None:
    """Audit scanners and print what is found.

    Raises
    ------
    InputError
        If anything that was given is wrong, or a scanner fails without any change.
    """
    config = _config(arguments.what, arguments.universe)
    options = AuditOptions(
        arguments.only,
        arguments.strict,
        arguments.jobs,
        arguments.out,
        runs_folder().parent / AUDITS,
        arguments.force,
    )
    shown = [one for one in (arguments.request.store, arguments.out) if one is not None]
    try:
        with redirect_plugin_output(), paths_as_given(*shown), shown_families() as show:
            audit = audit_scanners(config, arguments.request, options, show)
    except KeyboardInterrupt as interrupt:
        raise SessionStopped("interrupted; nothing was written", exit_code_of(interrupt)) from None
    show_audit(audit, as_json=arguments.as_json)
    if audit.exit_code:
        raise typer.Exit(audit.exit_code)


def _config(what: str, universe: str | None) -> SessionConfig:
    path = Path(what)
    if path.suffix == ".py":
        raise InputError(f"{what}: give the module's name instead of its file: {path.stem}")
    if path.suffix.lower() == ".json" or path.is_file():
        if universe is not None:
            raise InputError(f"--universe is for a scanner given by its module; change it in {what}")
        return load_config(path)
    return _of_module(what, universe)


def _of_module(module: str, universe: str | None) -> SessionConfig:
    """Return a configuration of one scanner, which scans every five minutes."""
    settings: dict[str, Any] = {} if universe is None else {"universe": universe}
    scanner = {"module": module, "config": settings, "regular_session": [{"interval": _EVERY}]}
    whole = {"name": module.rpartition(".")[2], "session_data_config": {"scanners": [scanner]}}
    try:
        return parse_config(json.dumps(whole), "the command line")
    except ConfigErrors as faults:
        raise ConfigErrors([ConfigError(one.message, path=module) for one in faults.errors]) from None
