"""Check keys against each other: both of two, none of two, an end before its start, duplicates.

The checks read the values as parsed, so that their faults are reported together with those of single
values; values of the wrong type are skipped here, since the schema reports them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from symscan.config import fields
from symscan.config.alert_checks import alert_faults
from symscan.config.file_schema import ScannerShape
from symscan.config.json_locations import join
from symscan.config.messages import Fault, closest_key, keys_of
from symscan.config.study_settings import MEASURES
from symscan.model.live_settings import LiveSettings
from symscan.model.universes.universe_spec import is_set, set_faults, split_found_by

_LIVE: Final = LiveSettings()
_MOST_MEASURES: Final = 3
_MOST_MINUTES: Final = 100_000
_SCANNERS: Final = "session_data_config.scanners"
_STRATEGIES: Final = "session_data_config.strategies"
_OBSERVERS: Final = "session_data_config.observers"
_SCREEN_KEYS: Final = (
    *("universe", "rank", "take", "show", "max_age_minutes", "per", "market"),
    *("confirm_scans", "leave_when", "hold_minutes", "cooldown_minutes"),
)
_SWITCHES: Final = ("pre_session", "at_close")
_SCHEDULES: Final = (*_SWITCHES, "schedule", "regular_session")


def cross_faults(values: Any) -> Iterator[Fault]:
    """Yield the faults between the keys of a configuration, as parsed from JSON."""
    top = _object(values)
    yield from _order(
        _object(top.get("backtest_config")), "backtest_config", "start_date", "end_date", fields.parse_date
    )
    yield from _live_faults(_object(top.get("live_config")))
    yield from study_faults(_object(top.get("study_config")), "study_config")
    yield from _repeats(top, "", "indicator_modules", fields.parse_module)
    data = _object(top.get("session_data_config"))
    yield from _repeats(data, "session_data_config", "symbols", fields.parse_symbol)
    yield from _repeats(data, "session_data_config", "streams", fields.parse_stream)
    yield from _repeats(data, "session_data_config", "indicators", fields.parse_indicator)
    scanners = _objects(data, _SCANNERS)
    yield from _same_names(scanners, "scanners")
    yield from _same_names(_objects(data, _STRATEGIES), "strategies")
    yield from _same_names(_objects(data, _OBSERVERS), "observers")
    for path, scanner in scanners:
        yield from _scanner_faults(path, scanner)
    names = [name for _, scanner in scanners if (name := effective_name(scanner)) is not None]
    yield from alert_faults(_object(top.get("alerts")), names)


def study_faults(study: dict[str, Any], path: str) -> Iterator[Fault]:
    """Yield what the settings of a study say against each other."""
    yield from _repeats(study, path, "horizons", fields.parse_horizon)
    yield from _repeats(study, path, "match", fields.parse_text)
    yield from _repeats(study, path, "groups", fields.parse_text)
    static = [one for one in _list(study.get("match")) if isinstance(one, str) and one not in MEASURES]
    if len(static) > 1:
        known = f"the measures are {', '.join(MEASURES)}; of static columns one may be given"
        yield Fault(join(path, "match"), f"'{static[0]}' and '{static[1]}' are no measures; {known}")
    elif len(_list(study.get("match"))) - len(static) > _MOST_MEASURES:
        yield Fault(join(path, "match"), f"more than {_MOST_MEASURES} measures leave nobody alike")
    horizons, headline = study.get("horizons"), study.get("headline")
    if isinstance(horizons, list) and isinstance(headline, str) and headline not in horizons:
        yield Fault(
            join(path, "headline"), f"'{headline}' is none of the horizons ({', '.join(map(str, horizons))})"
        )


def _live_faults(live: dict[str, Any]) -> Iterator[Fault]:
    """Yield a fault if quiet_ms can never elapse."""
    quiet_ms, grace = (_number(live.get(key, getattr(_LIVE, key))) for key in ("quiet_ms", "grace_seconds"))
    if quiet_ms > 1000 * grace:
        key = "quiet_ms" if "quiet_ms" in live else "grace_seconds"
        message = f"quiet_ms ({quiet_ms:g}) is longer than grace_seconds ({grace:g}), which ends every wait"
        yield Fault(join("live_config", key), f"{message}; raise 'grace_seconds' or lower 'quiet_ms'")


def _number(value: object) -> float:
    """The number; NaN, which compares with nothing, where it is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def effective_name(scanner: dict[str, Any]) -> str | None:
    """The name of a scanner or strategy as parsed: its own, else the last part of its module's."""
    name, module = scanner.get("name"), scanner.get("module")
    if name is None and isinstance(module, str):
        return module.rpartition(".")[2]
    return name if isinstance(name, str) else None


def _objects(data: dict[str, Any], path: str) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a list of the session's, each with its path."""
    listed = _list(data.get(path.rpartition(".")[2]))
    return [(join(path, index), one) for index, one in enumerate(listed) if isinstance(one, dict)]


def _same_names(plug_ins: list[tuple[str, dict[str, Any]]], kind: str) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for path, plug_in in plug_ins:
        name = effective_name(plug_in)
        if name is None:
            continue
        if name in first:
            message = (
                f"two {kind} are named '{name}', the other is {first[name]}; give each a 'name' of its own"
            )
            yield Fault(join(path, "name"), message)
        first.setdefault(name, path)


def _scanner_faults(path: str, scanner: dict[str, Any]) -> Iterator[Fault]:
    given = _given(scanner)
    yield from _kind_faults(path, scanner, given)
    yield from _schedule_faults(path, scanner, given)
    yield from _repeats(scanner, path, "show", fields.parse_text)
    yield from _universe_faults(path, scanner.get("universe"))
    universe = scanner.get("universe")
    if "universe_where" in given and isinstance(universe, dict) and _finds_by(universe):
        message = "it narrows a universe; one of what another scanner finds is narrowed there"
        yield Fault(join(path, "universe_where"), message, key=True)
    requirements = _object(scanner.get("symbol_requirements"))
    yield from _repeats(requirements, join(path, "symbol_requirements"), "streams", fields.parse_stream)
    schedule = join(path, "schedule")
    yield from _window_faults(_object(scanner.get("schedule")), schedule, "start_time", "end_time")
    for key in ("pre_session", "regular_session"):
        for index, window in enumerate(_list(scanner.get(key))):
            yield from _window_faults(_object(window), join(join(path, key), index), "start", "end")


def _given(scanner: dict[str, Any]) -> set[str]:
    """The keys that say something, counting a mistyped one as the key it was meant to be."""
    known = keys_of(ScannerShape)
    said = [key for key, value in scanner.items() if value is not None]
    return {key if key in known else closest_key(key, known) or key for key in said}


def _kind_faults(path: str, scanner: dict[str, Any], given: set[str]) -> Iterator[Fault]:
    if "module" in given and "where" in given:
        yield Fault(
            join(path, "where"), "a scanner has a 'module' or a 'where', not both; keep one", key=True
        )
    elif "module" in given:
        for key in _SCREEN_KEYS:
            if scanner.get(key) is not None:
                message = (
                    f"'{key}' belongs to a screen, one with a 'where'; for a module put it into 'config'"
                )
                yield Fault(join(path, key), message, key=True)
    elif "where" in given:
        if scanner.get("config") is not None:
            message = (
                "'config' belongs to a scanner with a 'module'; a screen's keys stand beside its 'where'"
            )
            yield Fault(join(path, "config"), message, key=True)
        if "name" not in given:
            yield Fault(path, "the key 'name' is missing; a screen needs one")
    else:
        yield Fault(path, "expected a 'module' (a scanner in code) or a 'where' (a screen), got neither")


def _finds_by(universe: dict[str, Any]) -> bool:
    return "found_by" in universe or (is_set(universe) and split_found_by(universe)[0] is not None)


def _universe_faults(path: str, universe: Any) -> Iterator[Fault]:
    """Yield the faults of a universe made of others, each at its part."""
    if not is_set(universe):
        return
    found, rest = split_found_by(universe)
    if found is not None:
        number = universe["all"].index(found)
        place = f"{path}.universe.all[{number}]"
        if not isinstance(found["found_by"], str) or not found["found_by"].strip():
            yield Fault(f"{place}.found_by", "expected the name of a scanner")
        minutes = found.get("within_minutes")
        if minutes is not None and not 0 < _number(minutes) <= _MOST_MINUTES:
            yield Fault(f"{place}.within_minutes", f"expected a number above 0, got {fields.show(minutes)}")
        known = ("found_by", "within_minutes")
        for key in found:
            if key not in known:
                message = f"unknown key '{key}'; known here: {', '.join(known)}"
                yield Fault(f"{place}.{key}", message, key=True)
    elif rest is None:
        return
    if rest is not None and not (found is not None and set(rest) == {"except"}):
        for place, message in set_faults(rest):
            yield Fault(f"{path}.universe{place}", message)


def _schedule_faults(path: str, scanner: dict[str, Any], given: set[str]) -> Iterator[Fault]:
    if "schedule" in given and "regular_session" in given:
        message = "a scanner has a 'schedule' or a 'regular_session', not both; keep one"
        yield Fault(join(path, "regular_session"), message, key=True)
    elif all(key in _SWITCHES and scanner.get(key) is False for key in given.intersection(_SCHEDULES)):
        switches = " or ".join(f'"{key}": true' for key in _SWITCHES)
        yield Fault(path, f"it would never scan; give it a 'schedule', a 'regular_session', {switches}")


def _window_faults(window: dict[str, Any], path: str, start: str, end: str) -> Iterator[Fault]:
    yield from _order(window, path, start, end, fields.parse_time)
    yield from _repeats(window, path, "days_of_week", fields.parse_day)


def _order(
    holder: dict[str, Any], path: str, start: str, end: str, parse: Callable[[object], Any]
) -> Iterator[Fault]:
    first, last = _parsed(parse, holder.get(start)), _parsed(parse, holder.get(end))
    if first is not None and last is not None and last < first:
        message = f"'{end}' is before '{start}' ({holder[start]})"
        yield Fault(join(path, end), message)


def _repeats(holder: dict[str, Any], path: str, key: str, parse: Callable[[object], Any]) -> Iterator[Fault]:
    """Elements of a list that mean the same as an earlier one, such as 60m and 1h."""
    seen = set()
    for index, value in enumerate(_list(holder.get(key))):
        parsed = _parsed(parse, value)
        if parsed is not None and parsed in seen:
            yield Fault(
                join(join(path, key), index), f"{fields.show(value)} stands in the list twice; keep one"
            )
        seen.add(parsed)


def _parsed(parse: Callable[[object], Any], value: object) -> Any:
    try:
        return parse(value)
    except ValueError:
        return None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
