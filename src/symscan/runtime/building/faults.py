"""The faults of a configuration's plug-ins: located in its file, and told all together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from symscan.config import ObserverConfig, ScannerConfig, SessionConfig, StrategyConfig
from symscan.errors import (
    ConfigError,
    ConfigErrors,
    ExpressionError,
    SpecError,
    SymscanError,
    TableError,
    UniverseError,
)
from symscan.plugins.errors import describe_error
from symscan.scanners.base import BaseScanner

if TYPE_CHECKING:
    from pydantic import BaseModel

PlugInConfig = ScannerConfig | StrategyConfig | ObserverConfig
One = TypeVar("One")
Made = TypeVar("Made")


def all_or_errors(plug_ins: Iterable[One], check: Callable[[One], Made]) -> list[Made]:
    """Check every plug-in; returns what came of each, or raises the errors of all of them."""
    made: list[Made] = []
    errors: list[ConfigError] = []
    for one in plug_ins:
        try:
            made.append(check(one))
        except ConfigErrors as faults:
            errors += faults.errors
    if errors:
        raise ConfigErrors(errors)
    return made


def check_plugin_parameters(
    params: type[BaseModel] | None, plug_in: PlugInConfig, config: SessionConfig
) -> None:
    """Check the parameters of a plug-in that declares them: unknown ones are faults."""
    if params is None:
        return
    from symscan.config.plugin_params import check_parameters

    check_parameters(params, plug_in.config, f"{plug_in.path}.config", config.error)


@contextmanager
def located_errors(plug_in: PlugInConfig, config: SessionConfig) -> Iterator[None]:
    """Convert a plug-in's errors to faults of the configuration, each with its location."""
    path, error_at = plug_in.path, config.error
    is_screen = isinstance(plug_in, ScannerConfig) and plug_in.screen is not None
    try:
        yield
    except ExpressionError as fault:
        is_own = is_screen or fault.part == "universe_where"
        part = f"{path}.{fault.part}" if is_own and fault.part else f"{path}.module"
        offset = fault.offset if is_own else None
        raise ConfigErrors([error_at(part, str(fault), offset=offset)]) from None
    except UniverseError as fault:
        where = f"{path}.universe" if is_screen else f"{path}.config.universe"
        raise ConfigErrors([error_at(f"{where}{fault.part}", str(fault))]) from None
    except TableError as fault:
        raise ConfigErrors([error_at(_table_path(plug_in, fault), str(fault))]) from None
    except (ConfigError, SpecError) as fault:
        raise ConfigErrors([error_at(f"{path}.module", str(fault))]) from None


def _table_path(plug_in: PlugInConfig, fault: TableError) -> str:
    """Return where a configuration names the dated file at fault; code names its own."""
    files = plug_in.columns if isinstance(plug_in, ScannerConfig) else ()
    if not files or (fault.number is None and fault.key is None):
        return f"{plug_in.path}.module" if not files else f"{plug_in.path}.columns"
    number = "" if len(files) == 1 or fault.number is None else f"[{fault.number}]"
    return f"{plug_in.path}.columns{number}" + (f".{fault.key}" if fault.key else "")


def check_scanner(made: BaseScanner) -> None:
    """Call a scanner's check; describe any exception of the user's code."""
    try:
        made.check()
    except SymscanError:
        raise
    except (Exception, SystemExit) as error:  # the plug-in boundary: the user's check
        name = type(made).__name__
        raise ConfigError(f"{name}.check(): {describe_error(error, type(made).__module__)}") from error
