"""Refuse, by name, what a store of daily bars cannot tell: a session is one bar there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from symscan.config import ScannerConfig, SessionConfig
from symscan.errors import ConfigError
from symscan.indicators.registry import spec_of
from symscan.model.readings import SESSION_READINGS
from symscan.model.specs import IndicatorSpec, prior_name
from symscan.scanners.base import BaseScanner
from symscan.scanners.screens.language.names import LAST_SCAN, MARKET, PRIOR
from symscan.scanners.screens.screen import ScreenScanner
from symscan.session.candidates import parse_column

_ONLY: Final = "the store has daily bars only"
_NEEDS_MINUTES: Final = ("vwap", "premarket_volume", "premarket_high", "premarket_low")
_KNOWN_BEFORE: Final = ("previous_close",)
_DAILY: Final = {
    "open": "open_1d",
    "high": "high_1d",
    "low": "low_1d",
    "close": "close_1d",
    "volume": "volume_1d",
    "change_pct": "roc_1_1d",
}
"""What is the same of the last bar that is complete."""
_INSTEAD: Final = _DAILY | {"close": "previous_close"}
"""What says of the session before what a reading says of this one."""


def daily_faults(config: SessionConfig, made: Sequence[BaseScanner]) -> Iterator[ConfigError]:
    """Yield what of a configuration needs minutes, each at its place and with what to write instead.

    Parameters
    ----------
    made
        The enabled scanners, in the order of the configuration.
    """
    for strategy in config.strategies:
        if strategy.enabled:
            message = (
                f"{_ONLY}, and a strategy decides between open and close; leave it out, or import minutes"
            )
            yield config.error(strategy.path, message)
    for number, indicator in enumerate(config.indicators):
        spec = indicator if isinstance(indicator, IndicatorSpec) else spec_of(indicator)
        if spec.interval.is_intraday:
            yield config.error(f"session_data_config.indicators[{number}]", _of_intraday(spec))
    enabled = [scanner for scanner in config.scanners if scanner.enabled]
    for scanner, one in zip(enabled, made, strict=True):
        yield from _schedule_faults(config, scanner)
        if isinstance(one, ScreenScanner):
            yield from _screen_faults(config, scanner, one)


def _schedule_faults(config: SessionConfig, scanner: ScannerConfig) -> Iterator[ConfigError]:
    if scanner.regular_session:
        message = f'{_ONLY}: there is nothing to scan between open and close; write "at_close": true instead'
        is_schedule = config.place(f"{scanner.path}.schedule") != config.place(scanner.path)
        key = "schedule" if is_schedule else "regular_session"
        yield config.error(f"{scanner.path}.{key}", message)
    if scanner.pre_session_windows:
        message = f'{_ONLY}: nothing happens before the open; write "pre_session": true instead'
        yield config.error(f"{scanner.path}.pre_session", message)


def _screen_faults(
    config: SessionConfig, scanner: ScannerConfig, made: ScreenScanner
) -> Iterator[ConfigError]:
    for name in dict.fromkeys((*made.columns, *made.market_columns)):
        fault = _fault(name, is_before=scanner.pre_session)
        if fault is not None:
            path, offset = _place(scanner, name)
            yield config.error(path, fault, offset=offset)
    if not (scanner.pre_session and scanner.at_close):
        if scanner.screen is not None and scanner.screen.confirm_scans > 1:
            message = f"{_ONLY}: it scans once a session, so that nobody is ever confirmed; leave it out"
            yield config.error(f"{scanner.path}.confirm_scans", message)
        for name in (f"{LAST_SCAN}.{one}" for one in made.last_scan_columns):
            path, offset = _place(scanner, name)
            yield config.error(path, _of_last_scan(name), offset=offset)


def _fault(name: str, *, is_before: bool) -> str | None:
    """Return why a column is not known in a session of daily bars; None if it is."""
    column = parse_column(name)
    if column.spec is not None:
        return _of_intraday(column.spec) if column.spec.interval.is_intraday else None
    if column.reading in _NEEDS_MINUTES:
        return _needs_minutes(column.reading)
    if column.back:
        daily = name.removesuffix(column.reading) + _DAILY[column.reading]
        return f"'{name}' is an earlier bar of the session, and {_ONLY}, one a session; write {daily}"
    if not is_before or name in _KNOWN_BEFORE or name not in SESSION_READINGS:
        return None
    if (instead := _INSTEAD.get(name)) is not None:
        return (
            f"'{name}' is not known before the session, and {_ONLY}; "
            f'write {instead}, which is of the session before, or scan with "at_close": true'
        )
    return f"'{name}' is not known before the session, and {_ONLY}; scan with \"at_close\": true"


def _of_last_scan(name: str) -> str:
    """Return why a scanner of one scan a session knows nothing of a last one."""
    now = name.removeprefix(f"{LAST_SCAN}.")
    is_plain = not now.startswith((f"{MARKET}.", PRIOR))
    before = now if is_plain and parse_column(now).spec is not None else _DAILY.get(now)
    instead = "leave it out" if before is None else f"write {prior_name(before, 1)}, of the session before"
    return f"'{name}' is of an earlier scan of the session, and {_ONLY}: it scans once; {instead}"


def _needs_minutes(name: str) -> str:
    return f"'{name}' needs minutes, and {_ONLY}; import minutes, or leave it out"


def _of_intraday(spec: IndicatorSpec) -> str:
    if spec.interval.is_premarket:
        return _needs_minutes(spec.key)
    daily = spec.key.removesuffix(str(spec.interval)) + "1d"
    return f"'{spec.key}' needs bars of {spec.interval}, and {_ONLY}; write {daily}, or import minutes"


def _place(scanner: ScannerConfig, name: str) -> tuple[str, int | None]:
    """Return where a screen names a column: the key, and the offset in its text."""
    screen = scanner.screen
    if screen is None:
        return f"{scanner.path}.module", None
    texts = {"where": screen.where, "rank": screen.rank, "leave_when": screen.leave_when}
    for part, text in texts.items():
        found = re.search(rf"\b{re.escape(name)}\b", text or "", re.IGNORECASE)
        if found is not None:
            return f"{scanner.path}.{part}", found.start()
    return f"{scanner.path}.{'show' if screen.show else 'where'}", None
