"""``symscan alerts preview``: what the rules would have sent in a run."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from symscan.alerts.preview import Preview, by_rule_and_day, preview_alerts
from symscan.cli.output.run_report import plain_table, print_line, report_console
from symscan.config import SessionConfig, load_config, parse_config
from symscan.errors import InputError
from symscan.formatting import format_count
from symscan.runs.reading import RunFiles
from symscan.runtime.building.build import calendar_of

_MOST_A_DAY: Final = 60
"""More messages of one rule in a session are noise: nobody reads them."""


def show_preview(folder: Path, path: Path | None, most: int) -> None:
    """Print what the rules of a run, or of another configuration, would have sent in it.

    Raises
    ------
    InputError
        If there is no run, no rules, or one of them is wrong.
    """
    run = RunFiles.open(folder)
    config = _own(run) if path is None else load_config(path)
    preview = preview_alerts(run, config, calendar_of(config))
    console = report_console()
    _show_messages(console, preview, most)
    _show_counts(console, preview, config, run.sessions)


def _own(run: RunFiles) -> SessionConfig:
    """Return the configuration of a run."""
    if run.description is None:
        raise InputError(f"{run.folder}: the run does not say its configuration; give one by --config")
    facts: dict[str, Any] = dict(run.description.facts)
    return parse_config(facts["configuration"]["as_read"], str(run.folder / "run.json"))


def _show_messages(console: Console, preview: Preview, most: int) -> None:
    for session, alert in preview.alerts[:most]:
        first, *others = alert.text.splitlines()
        head = f"{session.local(alert.decided_at):%Y-%m-%d %H:%M}  {alert.rule} -> {', '.join(alert.targets)}"
        print_line(console, f"{head}: {first}")
        for line in others:
            print_line(console, f"    {line}")
    rest = len(preview.alerts) - most
    if most and rest > 0:
        print_line(console, f"and {rest:,} more; --most shows them")


def _show_counts(console: Console, preview: Preview, config: SessionConfig, days: list[date]) -> None:
    counts = by_rule_and_day(preview)
    table = plain_table()
    for column in ("rule", "messages", "a session", "most", "on", "too late"):
        table.add_column(column, justify="left" if column in ("rule", "on") else "right")
    for rule in config.alerts.rules:
        of_rule = counts.get(rule.name, Counter())
        busiest = max(of_rule, key=lambda day: (of_rule[day], -day.toordinal()), default=None)
        table.add_row(
            rule.name,
            f"{of_rule.total():,}",
            f"{of_rule.total() / len(days):,.1f}" if days else "",
            "" if busiest is None else f"{of_rule[busiest]:,}",
            "" if busiest is None else str(busiest),
            f"{preview.late.get(rule.name, 0):,}",
        )
    console.print(table)
    for name, of_rule in counts.items():
        noisy = sum(count > _MOST_A_DAY for count in of_rule.values())
        if noisy:
            print_line(
                console,
                f"warning: rule '{name}' sends more than {_MOST_A_DAY} messages in "
                f"{format_count(noisy, 'session')}; raise cooldown_minutes, or lower max_rank",
                "yellow",
            )
