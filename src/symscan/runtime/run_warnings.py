"""Warn of a run's data and schedule before it starts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from symscan.clock.schedule import DAYS, Window
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import ScannerConfig, SessionConfig
from symscan.errors import SpecError
from symscan.model.interval import ONE_DAY
from symscan.model.session import Session
from symscan.runtime.building.plugins import due_times
from symscan.scanners.base import BaseScanner
from symscan.scanners.screens.screen import ScreenScanner
from symscan.scanners.universe import STORE
from symscan.session.candidates import parse_column
from symscan.session.requirements import most_sessions_needed
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.day_mix import measure_day_mix

NO_SCANNER = "no scanner is enabled: nothing will be found"

_SHOWN = 5


def find_run_warnings(
    config: SessionConfig,
    made: Sequence[BaseScanner],
    store: BarStore,
    wanted: Sequence[Session],
    playable: Sequence[Session],
) -> Iterator[str]:
    """Warnings of a run, one sentence each.

    Parameters
    ----------
    made
        The enabled scanners, in the order of the configuration.
    wanted, playable
        The sessions asked for, and those the store has bars of; not empty.
    """
    enabled = [scanner for scanner in config.scanners if scanner.enabled]
    if not enabled:
        yield NO_SCANNER
    kind = "daily" if store.has_only_days else "intraday"
    traded = store.traded(session.date for session in playable)
    missing = [symbol for symbol in config.symbols if symbol not in traded]
    if missing:
        yield f"the store has no {kind} bars of the configured {', '.join(missing)} on {_when(playable)}"
    without = [session.date for session in wanted if session not in playable]
    if without:
        yield f"the store has no {kind} bars of {len(without)} of {len(wanted)} sessions: {_dates(without)}"
    scanners = {scanner.name: instance for scanner, instance in zip(enabled, made, strict=True)}
    yield from _not_traded(scanners, store, traded, playable)
    yield from survivorship_warnings(scanners, playable[0].date)
    yield from _without_members(scanners, playable)
    yield from unknown_table_warnings(scanners, playable)
    for scanner in enabled:
        yield from _never_due(scanner, playable)


def find_day_mix_warnings(
    config: SessionConfig,
    made: Sequence[BaseScanner],
    store: BarStore,
    calendar: SessionCalendar,
    playable: Sequence[Session],
) -> Iterator[str]:
    """Warn where scanners read daily indicators over bars made of minutes among stored ones.

    Screens name what they read, other scanners may in ``reads``; what these request beside is known only
    once they are set up.

    Parameters
    ----------
    made
        The enabled scanners, in the order of the configuration.
    playable
        The sessions of the run; not empty.
    """
    enabled = [scanner for scanner in config.scanners if scanner.enabled]
    needed = {
        scanner.name: most
        for scanner, one in zip(enabled, made, strict=True)
        if (most := max(map(_sessions_of_days, _known_columns(one)), default=0))
    }
    closing = [scanner.name for scanner in enabled if scanner.at_close and scanner.name in needed]
    others = [
        name
        for name, most in needed.items()
        if name not in closing and _mixes_sessions(store, playable, most)
    ]
    mix = measure_day_mix(store, calendar, playable[-1].date) if closing or others else None
    if mix is None:
        return
    if closing:
        yield (
            f"the daily indicators of {_named(closing)} have at the close a bar made of minutes after stored "
            f"ones: {mix}"
        )
    if others:
        yield f"the daily indicators of {_named(others)} read bars made of minutes among stored ones: {mix}"


def _known_columns(made: BaseScanner) -> Sequence[str]:
    """Return the columns that a scanner is known to read before its setup."""
    if isinstance(made, ScreenScanner):
        return (*made.columns, *made.market_columns)
    return made.reads or ()


def _sessions_of_days(column: str) -> int:
    """Return how many daily bars a column reads at the most, 0 for one that reads none, or is none."""
    try:
        spec = parse_column(column).spec
    except SpecError:  # of a scanner in code, whose scans will say so
        return 0
    return 0 if spec is None or spec.interval.is_intraday else most_sessions_needed(spec)


def _mixes_sessions(store: BarStore, playable: Sequence[Session], most: int) -> bool:
    """Return whether the sessions read have both: some with daily rows, some with minutes alone."""
    rows = store.files(ONE_DAY)
    dates = sorted({day for interval in store.intervals() for day in store.files(interval)})
    start = bisect_left(dates, playable[0].date)
    read = [day for day in dates[max(start - most, 0) :] if day < playable[-1].date]
    return any(day in rows for day in read) and any(day not in rows for day in read)


def _not_traded(
    scanners: Mapping[str, BaseScanner], store: BarStore, traded: frozenset[str], sessions: Sequence[Session]
) -> Iterator[str]:
    """A universe may be in the store, and hardly any of it on the dates that are played."""
    stored, kind = store.symbols(), "daily" if store.has_only_days else "intraday"
    lacking: dict[tuple[int, int, int], list[str]] = {}
    for name, scanner in scanners.items():
        universe = scanner.universe_between(sessions[0].date, sessions[-1].date)
        missing = [symbol for symbol in universe if symbol not in traded]
        if missing:
            nowhere = sum(symbol not in stored for symbol in missing)
            lacking.setdefault((len(missing), nowhere, len(universe)), []).append(name)
    for (count, nowhere, of), names in lacking.items():
        yield (
            f"only {of - count} of the {of} symbols in the universe of {_named(names)} have {kind} bars on "
            f"{_when(sessions)}" + (f"; of {nowhere} the store has no bars at all" if nowhere else "")
        )


def survivorship_warnings(
    scanners: Mapping[str, BaseScanner], first: date, *, is_past: bool = True
) -> Iterator[str]:
    """Warn of universes that are lists of a later date than a session, or of a date nobody knows.

    Parameters
    ----------
    scanners
        The scanners by name, with their universes loaded.
    first
        The date of the first session.
    is_past
        Whether that session is over, so that a list without a date is likely of a later one.
    """
    later: dict[date, list[str]] = {}
    undated: dict[str, list[str]] = {}
    for name, scanner in scanners.items():
        file, as_of = scanner.universe_name, scanner.universe_as_of
        if as_of is not None and as_of > first:
            later.setdefault(as_of, []).append(name)
        elif as_of is None and is_past and file not in (None, STORE):
            undated.setdefault(str(file), []).append(name)
    for as_of, names in later.items():
        yield (
            f"the universe of {_named(names)} is of {as_of}, after the session of {first}: symbols that "
            "have left it since are not scanned (survivorship bias)"
        )
    for file, names in undated.items():
        yield (
            f"the universe '{file}' of {_named(names)} is undated: if the list was made after the session of "
            f"{first}, symbols that had left it by then are not scanned (survivorship bias); date it with a "
            "line '# as_of: DATE', or give it columns 'from' and 'to'"
        )


def unknown_table_warnings(scanners: Mapping[str, BaseScanner], sessions: Sequence[Session]) -> Iterator[str]:
    """Warn of dated files of which no row is known on some of the sessions."""
    for name, scanner in scanners.items():
        for file, table in scanner.tables.tables.items():
            without = [one.date for one in sessions if table.count_at(one.close) == 0]
            if without:
                begins = ""
                if len(table.known_at):
                    since = sessions[0].local(int(table.known_at[0]))
                    begins = f"; its first counts from {since:%Y-%m-%d %H:%M} on"
                yield f"no row of '{file}', which '{name}' reads, is known on {_dates(without)}{begins}"


def _without_members(scanners: Mapping[str, BaseScanner], sessions: Sequence[Session]) -> Iterator[str]:
    """A universe by dates may not reach back to the run's sessions, or end before them."""
    for name, scanner in scanners.items():
        periods = scanner.universe_periods or ()
        days = [one.date for one in sessions]
        outside = [day for day in days if periods and not any(one.includes(day) for one in periods)]
        if outside:
            first = min(one.start or date.min for one in periods)
            last = max(one.end or date.max for one in periods)
            begins = "" if first == date.min else f"; its first membership begins on {first}"
            ends = "" if last == date.max else f"; its last one ends on {last}"
            yield (
                f"the universe of '{name}' has no members on {_dates(outside)}: nobody is scanned there"
                f"{begins}{ends}"
            )


def _never_due(scanner: ScannerConfig, sessions: Sequence[Session]) -> Iterator[str]:
    """Windows that lie outside a session are no fault of the file's: half days and exchanges differ."""
    idle = [session for session in sessions if not _is_due(scanner, session)]
    outside = [session.date for session in idle if _day_matches(scanner, session)]
    if outside:
        yield (
            f"scanner '{scanner.name}' is never due on {_dates(outside)}: its windows lie outside the session"
        )
    elif len(idle) == len(sessions):
        yield f"scanner '{scanner.name}' is never due: none of its days of the week is played"


def _is_due(scanner: ScannerConfig, session: Session) -> bool:
    return due_times(scanner, session).last is not None


def _day_matches(scanner: ScannerConfig, session: Session) -> bool:
    windows: Sequence[Window] = (*scanner.pre_session_windows, *scanner.regular_session)
    return any(DAYS[session.date.weekday()] in window.days for window in windows)


def _named(scanners: Sequence[str]) -> str:
    return " and ".join(f"'{name}'" for name in scanners)


def _dates(days: Sequence[date]) -> str:
    return ", ".join(map(str, days[:_SHOWN])) + (", ..." if len(days) > _SHOWN else "")


def _when(sessions: Sequence[Session]) -> str:
    first, last = sessions[0].date, sessions[-1].date
    return str(first) if first == last else f"any of the {len(sessions)} sessions from {first} to {last}"
