"""``symscan plugins``: the plug-ins there are, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.cli.output.run_report import plain_table, report_console
from symscan.config import load_config
from symscan.runtime.plugin_list import ListedPlugIn, list_plugins


def show_plugins(config: Path | None, *, as_json: bool) -> None:
    """Print the plug-ins there are, those of a configuration too.

    Raises
    ------
    ConfigErrors
        If anything in the configuration is wrong.
    """
    with redirect_plugin_output():  # what a module prints when it is imported is no part of the list
        listed = list_plugins(None if config is None else load_config(config))
    if as_json:
        print(json.dumps([asdict(one) for one in listed], indent=2))
    else:
        _show(listed)


def _show(listed: Sequence[ListedPlugIn]) -> None:
    table = plain_table()
    for column in ("kind", "name", "from"):
        table.add_column(column, no_wrap=column != "from")
    table.add_column("what it is")
    for one in listed:
        summary = one.summary if one.is_usable else f"cannot be used: {one.summary}"
        table.add_row(one.kind, one.name, one.origin, summary)
    report_console().print(table)
