"""``symscan alerts``: try the targets, see what rules would have sent, and what was sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.lazy_group import group

app = group("alerts", "Try the targets of alerts, see what rules would have sent, and what was sent.")


@app.command("test")
def test(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The session configuration, a JSON file.")],
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this target; default: each of them.")
    ] = None,
) -> None:
    """Send a message to each target of a configuration; exit code 1 if one does not take it."""
    from symscan.cli.commands.monitoring.testing import test_targets

    test_targets(config, target)


@app.command("preview")
def preview(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run, of a backtest or live.")],
    config: Annotated[
        Path | None,
        typer.Option(metavar="CONFIG", help="Whose rules to decide; default: those of the run itself."),
    ] = None,
    most: Annotated[int, typer.Option(metavar="N", min=0, help="How many messages to show at most.")] = 100,
) -> None:
    """Show what the rules would have sent in a run; nothing is sent."""
    from symscan.cli.commands.monitoring.preview import show_preview

    show_preview(run, config, most)


@app.command("list")
def list_(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a live session.")],
) -> None:
    """List the messages that a live session decided, and what became of each."""
    from symscan.cli.commands.monitoring.listing import list_alerts

    list_alerts(run)
