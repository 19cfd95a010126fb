"""Describe what a run is of, for its ``run.json``: configuration, modules, universes, stored bars."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, time
from enum import Enum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from symscan.config import ScannerConfig, SessionConfig
from symscan.config.model import Module
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec
from symscan.plugins.class_digests import class_digest
from symscan.plugins.digests import digests
from symscan.runs.description import RunDescription, digest_of
from symscan.runtime.building.build import CheckedConfig
from symscan.scanners.base import BaseScanner
from symscan.sources.store.bar_store import BarStore

if TYPE_CHECKING:
    from symscan.runtime.assembly import Backtest
    from symscan.runtime.live.session import LiveSetup

_NO_SETTING: Final = frozenset({"file", "text", "path", "study", "alerts", "explain"})
"""Fields of the configuration that say where it was read, or what is done with results."""

_ONLY_IF_GIVEN: Final = frozenset({"columns", "restricted_to", "universe_where", "renames"})
"""Settings that are left out where nothing is set."""

_NO_RESULT: Final = frozenset({"name", "path", "enabled", "timeout_seconds", "isolation", "required"})
"""Fields of a scanner on which its hits do not depend."""

_BUILT_IN: Final = "symscan.scanners.builtin."


def describe_backtest(backtest: Backtest, start: date, end: date) -> RunDescription:
    """Describe a backtest over a range of dates."""
    last = backtest.sessions[-1].date
    store = describe_store(backtest.store, last)
    return _described(backtest.checked, backtest.sessions, (start, end), store, backtest.store.root)


def describe_live(live: LiveSetup, facts: Mapping[str, Any]) -> RunDescription:
    """Describe a live session; of the store, what it held of earlier sessions when the session began."""
    store = BarStore.create(live.options.store_folder)
    day = live.run.session.date
    described = _described(
        live.checked, [live.run.session], (day, day), describe_store(store, day, is_before=True), store.root
    )
    return RunDescription({**described.facts, **facts}, described.environment)


def _described(
    checked: CheckedConfig,
    sessions: Sequence[Session],
    dates: tuple[date, date],
    store: Mapping[str, Any],
    root: Path,
) -> RunDescription:
    config = checked.config
    made = {one.name: scanner for one, scanner in zip(checked.scanners.enabled, checked.made, strict=True)}
    modules = _relative(digests(checked.scanners.folders), checked.scanners.folders) | _given_classes(config)
    days = (sessions[0].date, sessions[-1].date)
    universes = {name: _universe(scanner, *days) for name, scanner in made.items()}
    tables = describe_tables(made, sessions[-1])
    facts = {
        "name": config.name,
        "mode": checked.mode,
        "exchange": config.exchange,
        "zone": sessions[0].zone.key,
        "start": str(dates[0]),
        "end": str(dates[1]),
        "sessions": [str(session.date) for session in sessions],
        "configuration": {"as_read": config.text, "resolved": _plain(config)},
        "modules": modules,
        "universes": universes,
        "store": store,
        "scanners": {
            one.name: {
                "digest": _scanner_digest(
                    one, made[one.name], universes[one.name], modules, tables.get(one.name)
                )
            }
            for one in checked.scanners.enabled
        },
    }
    if tables:
        facts["tables"] = tables
    if (renames := checked.scanners.renames).changes:
        facts["renames"] = digest_of([[str(one.day), one.old, one.new] for one in renames.changes])
    return RunDescription(facts, environment(root, config))


def environment(store: Path, config: SessionConfig) -> dict[str, Any]:
    """Return what depends on the computer, and results should not."""
    return {
        "symscan": _version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "polars": pl.__version__,
        "platform": f"{sys.platform}-{platform.machine()}",
        "store": str(store.resolve()),
        "configuration": str(config.file),
    }


def describe_store(store: BarStore, last: date, *, is_before: bool = False) -> dict[str, Any]:
    """Return the digests of a store's files up to a date; those of later sessions cannot be read.

    Parameters
    ----------
    is_before
        Whether those of the date itself are left out.
    """
    files = {
        f"{interval}/{day}": _digest_in(file.name)
        for interval in store.intervals()
        for day, file in store.files(interval).items()
        if day < last or (day == last and not is_before)
    }
    splits = [[symbol, str(day), ratio] for symbol, day, ratio in store.splits().rows()]
    return {"origin": store.origin, "files": files, "splits": digest_of(splits) if splits else None}


def describe_tables(made: Mapping[str, BaseScanner], last: Session) -> dict[str, dict[str, str]]:
    """Return digests of the dated files that scanners rest on, as far as their rows were known by a session.

    Of each scanner that rests on any, by the names of its files.
    """
    found = {
        name: {file: table.digest(last.post_close) for file, table in scanner.tables.tables.items()}
        for name, scanner in made.items()
    }
    return {name: digests for name, digests in found.items() if digests}


def _digest_in(name: str) -> str:
    """Return the digest of a file of the store, which is part of its name."""
    return name.removesuffix(".parquet").rpartition(".")[2]


def _universe(scanner: BaseScanner, first: date, last: date) -> dict[str, Any]:
    """Return the universe of a scanner, as far as it is known before its setup.

    Of one by dates, how many symbols are members on any date of the run; its digest is of these periods.
    """
    periods = scanner.universe_periods
    if periods is not None:
        met = [
            [*map(str, (one.symbol, one.start, one.end)), *one.others]
            for one in periods
            if one.meets(first, last)
        ]
        members = scanner.universe_between(first, last)
        return {
            "name": scanner.universe_name,
            "as_of": None,
            "by_date": True,
            "symbols": len(members),
            "digest": digest_of([list(members), met]),
        }
    as_of = scanner.universe_as_of
    static, symbols = scanner.static_columns, scanner.universe
    names = () if static is None else static.names
    columns = {name: static.series(name, symbols).to_list() for name in names if static is not None}
    return {
        "name": scanner.universe_name,
        "as_of": None if as_of is None else str(as_of),
        "symbols": len(symbols),
        "digest": digest_of([list(symbols), columns]),
    }


def _scanner_digest(
    config: ScannerConfig,
    made: BaseScanner,
    universe: Mapping[str, Any],
    modules: Mapping[str, str],
    tables: Mapping[str, str] | None,
) -> str:
    """Return a digest of all that a scanner's hits follow from but the bars: its name is no part of it."""
    settings = {name: value for name, value in _plain(config).items() if name not in _NO_RESULT}
    is_own = config.module is not None and not type(made).__module__.startswith(_BUILT_IN)
    code = dict(modules) if is_own else _version()
    parts = [settings, universe["digest"], code]
    return digest_of(parts if tables is None else [*parts, tables])


def _given_classes(config: SessionConfig) -> dict[str, str]:
    """Return digests of the classes that were given themselves, by their full names."""
    modules: list[Module | None] = [one.module for one in config.scanners]
    modules += [one.module for one in config.strategies]
    modules += [one.module for one in config.observers]
    classes = [module for module in modules if isinstance(module, type)]
    return {f"{cls.__module__}.{cls.__qualname__}": class_digest(cls) for cls in classes}


def _relative(files: Mapping[str, str], folders: Sequence[Path]) -> dict[str, str]:
    """Return digests by the names of files within their project: the same wherever it is."""
    homes = [folder.resolve() for folder in folders]
    return dict(sorted((_name_in(Path(file), homes), digest) for file, digest in files.items()))


def _name_in(file: Path, homes: Sequence[Path]) -> str:
    home = next((home for home in homes if file.is_relative_to(home)), file.parent)
    return file.relative_to(home).as_posix()


def _plain(value: Any) -> Any:
    """Return a value of the configuration as JSON can hold it."""
    if isinstance(value, Interval | IndicatorSpec):
        return str(value)
    if isinstance(value, type):
        return value.__name__
    if is_dataclass(value):
        kept = [one.name for one in fields(value) if one.name not in _NO_SETTING]
        kept = [name for name in kept if name not in _ONLY_IF_GIVEN or getattr(value, name)]
        return {name: _plain(getattr(value, name)) for name in kept}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return _plain(value.value)
    return value.isoformat() if isinstance(value, date | time) else _simple(value)


def _simple(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else str(value)


@cache
def _version() -> str:
    try:
        return version("symscan")
    except PackageNotFoundError:
        return "unknown"
