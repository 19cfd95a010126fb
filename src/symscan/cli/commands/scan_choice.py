"""Choose what ``symscan scan`` scans: a module, a scanner of a configuration, or a screen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from symscan.config import ScannerConfig, SessionConfig, load_config, parse_config
from symscan.errors import ConfigError, ConfigErrors, InputError

_SCANNER: Final = "session_data_config.scanners[0]"
_OPTIONS: Final = {
    "module": "MODULE",
    "where": "--where",
    "universe": "--universe",
    "config.universe": "--universe",
    "exchange": "--exchange",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A configuration, the chosen scanner, and how to locate errors for the user."""

    config: SessionConfig
    scanner: ScannerConfig
    locate: Callable[[ConfigError], ConfigError]

    @contextmanager
    def located_errors(self) -> Iterator[None]:
        """Let configuration errors name what the user gave: a file, or an option."""
        with _located_errors(self.locate):
            yield


def choose(
    scanner: str | None,
    name: str | None,
    where: str | None,
    settings: str | None,
    universe: str | None,
    exchange: str | None,
) -> Choice:
    """Choose by the options of the command line.

    Raises
    ------
    InputError
        If they name nothing, or contradict each other.
    ConfigErrors
        If the configuration has faults.
    """
    if (scanner is None) is (where is None):
        raise InputError(
            "give one of the three: a module, a configuration (a .json file), or --where 'change_pct > 2'"
        )
    if scanner is not None and _is_file(scanner):
        given = {"--config": settings, "--exchange": exchange}
        for option in (option for option, value in given.items() if value is not None):
            raise InputError(f"{option} is in {scanner} already; change it there")
        return _choose_from_file(Path(scanner), name, universe)
    if name is not None:
        raise InputError("--scanner names a scanner of a configuration; give the configuration, a .json file")
    if scanner is None and settings is not None:
        raise InputError("--config is for a module; a screen says all in --where")
    return _choose_from_options(scanner, where, settings, universe, exchange)


def _is_file(text: str) -> bool:
    path = Path(text)
    if path.suffix == ".py":
        raise InputError(f"{text}: give the module's name instead of its file: {path.stem}")
    return path.suffix.lower() == ".json" or path.is_file()


def _choose_from_file(path: Path, name: str | None, universe: str | None) -> Choice:
    config = load_config(path)
    scanner = _select_scanner(config, name)
    if universe is not None:
        if scanner.screen is not None:
            scanner = replace(scanner, screen=replace(scanner.screen, universe=universe))
        else:
            scanner = replace(scanner, config={**scanner.config, "universe": universe})

    def locate(fault: ConfigError) -> ConfigError:
        is_given = universe is not None and (fault.path or "").endswith("universe")
        return ConfigError(fault.message, path="--universe") if is_given else fault

    return Choice(config, scanner, locate)


def _select_scanner(config: SessionConfig, name: str | None) -> ScannerConfig:
    by_name = {scanner.name: scanner for scanner in config.scanners}
    if not by_name:
        raise InputError(f"{config.file} has no scanner")
    has = ", ".join(by_name)
    if name is None:
        if len(by_name) > 1:
            raise InputError(f"{config.file} has {len(by_name)} scanners; say which with --scanner: {has}")
        (name,) = by_name
    if name not in by_name:
        close = get_close_matches(name, by_name, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"it has: {has}"
        raise InputError(f"{config.file} has no scanner '{name}'; {hint}")
    return by_name[name]


def _choose_from_options(
    module: str | None, where: str | None, settings: str | None, universe: str | None, exchange: str | None
) -> Choice:
    own = {} if universe is None else {"universe": universe}
    scanner: dict[str, Any] = {"name": "screen", "where": where, **own}
    if module is not None:
        scanner = {"module": module, "config": _settings(settings) | own}
    # The schedule is set afterwards; a configuration needs one.
    scanners = [{**scanner, "pre_session": True}]
    whole = {"exchange": exchange or "NYSE", "session_data_config": {"scanners": scanners}}
    with _located_errors(_as_option):
        config = parse_config(json.dumps(whole), "the command line")
    return Choice(config, config.scanners[0], _as_option)


def _settings(text: str | None) -> dict[str, Any]:
    try:
        settings = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise InputError(f"--config: not valid JSON: {error}") from None
    if not isinstance(settings, dict):
        raise InputError("--config: expected a JSON object, as in '{\"min_rsi\": 60}'")
    return settings


def _as_option(fault: ConfigError) -> ConfigError:
    """Return the error with its option as location, since there is no file."""
    path = (fault.path or "").removeprefix(f"{_SCANNER}.")
    return ConfigError(fault.message, path=_OPTIONS.get(path, path.replace("config.", "--config ", 1)))


@contextmanager
def _located_errors(locate: Callable[[ConfigError], ConfigError]) -> Iterator[None]:
    try:
        yield
    except ConfigErrors as faults:
        raise ConfigErrors([locate(fault) for fault in faults.errors]) from None
