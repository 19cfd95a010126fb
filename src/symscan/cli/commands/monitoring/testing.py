"""``symscan alerts test``: send a message to each target."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from symscan.alerts.delivery import Fate
from symscan.alerts.targets import open_services
from symscan.cli.output.run_report import plain_table, report_console
from symscan.clock.wall_clock import Stopwatch, utc_now
from symscan.config import SessionConfig, load_config
from symscan.errors import InputError, RunError


def test_targets(path: Path, target: str | None) -> None:
    """Send a message to each target, or to one, and print what became of it.

    Raises
    ------
    InputError
        If the configuration has no such target, or the address of one is missing.
    RunError
        If a target did not take the message.
    """
    config = _only(load_config(path), target)
    table = plain_table()
    for column in ("target", "service", "ok", "ms", "reason"):
        table.add_column(column, justify="right" if column == "ms" else "left")
    failed = []
    for name, service in open_services(config).items():
        stopwatch = Stopwatch()
        delivery = service.send(f"{config.name}: test", f"symscan test, {utc_now()}")
        is_sent = delivery.fate is Fate.SENT
        table.add_row(
            name, service.name, "yes" if is_sent else "no", f"{stopwatch.elapsed_ms:.0f}", delivery.reason
        )
        if not is_sent:
            failed.append(name)
    report_console().print(table)
    if failed:
        raise RunError(f"not sent to {', '.join(failed)}")


def _only(config: SessionConfig, target: str | None) -> SessionConfig:
    """Return the configuration with one of its targets, or with all of them."""
    targets = config.alerts.targets
    if not targets:
        raise InputError(f"{config.file}: it has no 'alerts'; see docs/ALERTS.md")
    if target is None:
        return config
    names = [one.name for one in targets]
    if target not in names:
        close = get_close_matches(target, names, n=1)
        guess = f"did you mean '{close[0]}'? " if close else ""
        raise InputError(
            f"{config.file}: there is no target '{target}'; {guess}there are: {', '.join(names)}"
        )
    chosen = tuple(one for one in targets if one.name == target)
    return replace(config, alerts=replace(config.alerts, targets=chosen))
