"""Groups of commands; a lazy one imports a command when it is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

_STYLE: Final[dict[str, Any]] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
}


class QuickGroup(TyperGroup):
    """A group whose help option is false where it is not given: typer imports pydantic to convert None."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option ``--help``."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option


def group(name: str, about: str) -> typer.Typer:
    """Make a group of commands that shows its help where none is named."""
    app = typer.Typer(name=name, help=about, cls=QuickGroup, invoke_without_command=True, **_STYLE)

    @app.callback(help=about)
    def show_help(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())

    return app


class LazyCommands(Mapping[str, Any]):
    """Commands by name, each imported when it is first used; all of them to be listed with their help.

    Parameters
    ----------
    homes
        Where the functions and groups are, by the command's name: ``symscan.cli.interface.run:run``. The
        module's ``EXAMPLES`` end a command's help.
    """

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = homes

    def __getitem__(self, name: str) -> Any:
        return _load(name, self._homes[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


@cache
def _load(name: str, home: str) -> Any:
    path, _, attribute = home.partition(":")
    module = import_module(path)
    command = getattr(module, attribute)
    if isinstance(command, typer.Typer):
        return get_command(command)
    app = typer.Typer(**_STYLE)
    app.command(name, epilog=getattr(module, "EXAMPLES", None))(command)
    return get_command(app)
