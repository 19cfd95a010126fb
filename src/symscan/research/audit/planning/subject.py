"""What an audit is of: a configuration over stored bars, its sessions, and the scans that are looked at."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from symscan.config import ScannerConfig, SessionConfig
from symscan.config.defaults import chosen_store
from symscan.errors import ConfigErrors, DataError, InputError
from symscan.model.session import Session
from symscan.research.audit.child.play import Cut
from symscan.research.audit.judging.hints import requests_in_scans
from symscan.research.audit.planning.samples import cuts_of, sampled
from symscan.research.audit.planning.universes import names_store
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.parallel.divisible import check_divisible
from symscan.scanners.base import BaseScanner
from symscan.scanners.screens.screen import ScreenScanner
from symscan.scanners.universe import STORE
from symscan.sources.store.bar_store import BarStore

_BEFORE: Final = 2
"""How many sessions are played before one, to find state that goes over."""


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """What is asked for, from the command line or from Python.

    Attributes
    ----------
    store
        The bar store; None for the default one.
    day, start, end
        One date, or the ends of a range; None for those of the configuration, else of the store.
    scanners
        Which are audited; none named means all.
    sessions, scans
        How many sessions, and how many scans of each.
    seed
        Of random draws.
    """

    store: Path | None = None
    day: date | None = None
    start: date | None = None
    end: date | None = None
    scanners: Sequence[str] = ()
    sessions: int = 3
    scans: int = 20
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Subject:
    """What is audited.

    Attributes
    ----------
    backtest
        The configuration without strategies and observers, checked, with its store.
    first, last
        The range that sessions are taken from.
    sessions
        Those that are looked at.
    scanners
        The scanners by name, as configured and as made.
    cuts
        The instants that are looked at, by scanner and date.
    seed
        Of random draws.
    """

    backtest: Backtest
    first: date
    last: date
    sessions: tuple[Session, ...]
    scanners: Mapping[str, tuple[ScannerConfig, BaseScanner]]
    cuts: Mapping[tuple[str, date], tuple[Cut, ...]]
    seed: int

    @property
    def config(self) -> SessionConfig:
        """The configuration."""
        return self.backtest.config

    @property
    def store(self) -> BarStore:
        """The store."""
        return self.backtest.store

    def all_cuts(self, day: date) -> list[Cut]:
        """Return the instants of a session that are looked at for any scanner."""
        return sorted({cut for (_, one), cuts in self.cuts.items() if one == day for cut in cuts})

    def with_read(self, scanner: str) -> tuple[str, ...]:
        """Return a scanner and all whose scans it reads, directly or not."""
        names = [scanner]
        for name in names:
            read = self.scanners[name][1].reads_scanners if name in self.scanners else ()
            names += [one for one in read if one not in names]
        return tuple(names)

    def stored_days(self) -> list[date]:
        """Return the dates the store can play, ascending."""
        store = self.store
        used = [one for one in store.intervals() if one.is_intraday or store.has_only_days]
        return sorted({day for one in used for day in store.sessions(one)})

    def sources_of(self, scanner: str) -> list[Path]:
        """Return the files of a scanner's class and of those it derives from, none of symscan's own."""
        classes = type(self.scanners[scanner][1]).__mro__
        named = [(one, one.__module__) for one in classes]
        own = [one for one, name in named if not f"{name}.".startswith(("symscan.", "builtins.", "abc."))]
        return list(dict.fromkeys(Path(file) for one in own if (file := inspect.getsourcefile(one))))

    def is_stateful(self, scanner: str) -> bool:
        """Whether a scanner says that it depends on scans before."""
        return self.scanners[scanner][1].is_stateful

    def judges_store(self, scanner: str) -> bool:
        """Whether a scanner's universe follows from what is in the store: nobody there is unrelated."""
        config, made = self.scanners[scanner]
        return made.universe_name == STORE or names_store(universe_of(config))

    def requests_in_scans(self, scanner: str) -> bool:
        """Whether a scanner asks for data in its scans, which those after it have."""
        return any(map(requests_in_scans, self.sources_of(scanner)))

    def judges_alone(self, scanner: str) -> bool:
        """Whether a scanner says that it judges each symbol alone, or is a screen that does."""
        config, made = self.scanners[scanner]
        if config.universe_where is not None:
            return False  # which may compare symbols
        if isinstance(made, ScreenScanner):
            return not made.is_cross_sectional and not made.reads_scanners
        return made.judges_alone


def universe_of(config: ScannerConfig) -> object:
    """Return the universe that a configuration names, None if it names none."""
    return config.screen.universe if config.screen is not None else config.config.get("universe")


def find_subject(config: SessionConfig, request: AuditRequest) -> Subject:
    """Find what an audit is of.

    Raises
    ------
    InputError
        If the configuration, the store, a scanner or the dates are wrong.
    """
    for name, count in (("sessions", request.sessions), ("scans", request.scans)):
        if count < 1:
            raise InputError(f"--{name} {count}: give at least 1")
    store = chosen_store(request.store).absolute()
    names = _names(config, request.scanners)
    config = replace(
        config,
        mode="backtest",
        file=config.file.absolute(),
        scanners=_with_read(config, names),
        strategies=(),
        observers=(),
    )
    check_divisible(config)
    first, last = _range(config, request, store)
    backtest = assemble_backtest(config, store, first, last)
    sessions = _chosen(backtest.sessions, request.sessions, is_given=_is_given(config, request))
    made = {
        one.name: (one, each)
        for one, each in zip(backtest.checked.scanners.enabled, backtest.checked.made, strict=True)
    }
    cuts = {
        (name, session.date): tuple(
            sampled(cuts_of(made[name][0], session), session, request.scans, request.seed)
        )
        for name in names
        for session in sessions
    }
    for name in names:
        if not any(cuts[name, session.date] for session in sessions):
            raise ConfigErrors(
                [config.error(made[name][0].path, f"'{name}' is never due in the sessions of the audit")]
            )
    audited = {name: made[name] for name in names}
    return Subject(backtest, first, last, sessions, audited, cuts, request.seed)


def _names(config: SessionConfig, wanted: Sequence[str]) -> list[str]:
    enabled = [one.name for one in config.scanners if one.enabled]
    for name in wanted:
        if name not in enabled:
            known = ", ".join(enabled) or "none"
            raise InputError(f"there is no scanner '{name}' in the configuration (there are: {known})")
    if not enabled:
        raise InputError(f"{config.file}: the configuration has no scanner that could be audited")
    return [name for name in enabled if not wanted or name in wanted]


def _with_read(config: SessionConfig, names: Sequence[str]) -> tuple[ScannerConfig, ...]:
    """Return the scanners that are audited; all, if any of them reads another one's."""
    if len(names) == sum(one.enabled for one in config.scanners):
        return config.scanners
    by_name = {one.name: one for one in config.scanners}
    if any(_may_read(by_name[name]) for name in names):
        return config.scanners
    return tuple(one for one in config.scanners if one.name in names)


def _may_read(scanner: ScannerConfig) -> bool:
    screen = scanner.screen
    if screen is None:
        return True  # its class may say so
    return screen.found_by is not None or "in_scanner" in f"{screen.where} {screen.leave_when} {screen.rank}"


def _is_given(config: SessionConfig, request: AuditRequest) -> bool:
    return any(one is not None for one in (request.day, request.start, request.end, config.start_date))


def _range(config: SessionConfig, request: AuditRequest, store: Path) -> tuple[date, date]:
    if request.day is not None:
        if request.start is not None or request.end is not None:
            raise InputError("--date is one session; give it alone, or --start and --end for a range")
        return request.day, request.day
    opened = BarStore(store)
    used = [one for one in opened.intervals() if one.is_intraday or opened.has_only_days]
    days = sorted({day for one in used for day in opened.sessions(one)})
    if not days:
        raise DataError(f"{store}: the store has no bars; import some with 'symscan data import'")
    first = request.start or config.start_date or days[0]
    last = request.end or config.end_date or days[-1]
    if last < first:
        raise InputError(f"the range's last date {last} is before its first date {first}")
    return first, last


def _chosen(sessions: Sequence[Session], count: int, *, is_given: bool) -> tuple[Session, ...]:
    """Return the first, the last, and others evenly between; of a whole store not the very first ones."""
    if not is_given and len(sessions) > _BEFORE + count:
        sessions = sessions[_BEFORE:]
    if len(sessions) <= count:
        return tuple(sessions)
    if count == 1:
        return (sessions[len(sessions) // 2],)
    places = [round(at * (len(sessions) - 1) / (count - 1)) for at in range(count)]
    return tuple(sessions[at] for at in places)
