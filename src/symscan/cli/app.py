"""The command line's entry: the commands together, and errors as one message with an exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from symscan.cli.errors import exit_on_error
from symscan.cli.lazy_group import LazyCommands, QuickGroup
from symscan.cli.signals import INTERRUPTED, interruptible

_COLLECT_SELDOM = (50_000, 20, 50)
"""A command lives for seconds and makes few cycles; looking for them costs a twentieth of its time."""

_COMMANDS: Final = LazyCommands(
    {
        "demo": "symscan.cli.interface.demo:demo",
        "run": "symscan.cli.interface.run:run",
        "live": "symscan.cli.interface.live:live",
        "parity": "symscan.cli.interface.parity:parity",
        "scan": "symscan.cli.interface.scan:scan",
        "study": "symscan.cli.interface.study:study",
        "audit": "symscan.cli.interface.study:audit",
        "runs": "symscan.cli.interface.results:runs",
        "report": "symscan.cli.interface.results:report",
        "export": "symscan.cli.interface.results:export",
        "dashboard": "symscan.cli.interface.dashboard:dashboard",
        "diff": "symscan.cli.interface.results:diff",
        "why": "symscan.cli.interface.results:why",
        "near": "symscan.cli.interface.results:near",
        "explain": "symscan.cli.interface.explain:explain",
        "scanners": "symscan.cli.interface.scanners:scanners",
        "plugins": "symscan.cli.interface.plugins:plugins",
        "schema": "symscan.cli.interface.scanners:schema",
        "data": "symscan.cli.interface.data:app",
        "universe": "symscan.cli.interface.universe:universe",
        "alerts": "symscan.cli.interface.monitoring.alerts:app",
        "new": "symscan.cli.interface.new:app",
    }
)


class _Commands(QuickGroup):
    """All commands."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _COMMANDS  # type: ignore[assignment]  # it is only read


app = typer.Typer(
    name="symscan",
    cls=_Commands,
    help="Find the symbols worth attention: scanners over market data, in a backtest as live.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _default_store() -> str | None:
    """Return the store of the environment or of ``symscan.toml``, for an option that is not given."""
    from symscan.config.defaults import find_defaults

    store = find_defaults().store
    return None if store is None else str(store)


_STORE: Final = {"store": _default_store}
_DEFAULTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("run", "live", "scan", "explain"), _STORE),
    "data": dict.fromkeys(("fetch", "import", "import-splits", "ls", "check"), _STORE),
}
"""What takes the place of options that are not given, by command."""


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """Find the symbols worth attention: scanners over market data, in a backtest as live."""
    context.default_map = _DEFAULTS
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"symscan {installed('symscan')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a user's mistake is one message, never a traceback.

    Parameters
    ----------
    arguments
        What follows ``symscan`` on the command line; None takes the process's own.
    """
    gc.set_threshold(*_COLLECT_SELDOM)
    if arguments is None:  # a process of its own: what is imported by now stays until it ends
        gc.freeze()
    with exit_on_error(), interruptible() as interruption:
        code = app(arguments, prog_name="symscan", standalone_mode=False)
        if code == INTERRUPTED:
            raise interruption()
        if code:
            sys.exit(code)
