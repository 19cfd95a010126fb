"""Play sessions over changed stores, and say what their scans found."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import orjson

from symscan.clock.schedule import Window
from symscan.config import ScannerConfig, SessionConfig
from symscan.errors import SymscanError
from symscan.model.bar import Floats
from symscan.model.events.session import Event, Hits, ScanFinished, ScannerDisabled, ScannerReady
from symscan.model.readings import SESSION_READINGS
from symscan.model.session import Session
from symscan.plugins.errors import PROJECT
from symscan.research.audit.child.play import Cut, FamilyResult, Play, Played, Plays, ScanRecord
from symscan.research.audit.child.project import ProjectCopy
from symscan.research.audit.child.readers import watch_readers
from symscan.research.audit.child.stores import ChangedStores
from symscan.research.audit.child.walls import Denials
from symscan.runtime.assembly import Backtest
from symscan.runtime.building.build import calendar_of, check
from symscan.runtime.building.plugins import due_times
from symscan.runtime.coordinator import SessionCoordinator
from symscan.scanners.base import BaseScanner
from symscan.scanners.running.verdicts import ScanVerdicts
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.block_cache import BlockCache
from symscan.sources.stored.daily_bars import DailyBars
from symscan.sources.stored.universe import symbols_before
from symscan.tasks.work import Report

_NEVER: Final[dict[str, Any]] = {
    "pre_session": False,
    "pre_session_windows": (),
    "regular_session": (),
    "at_close": False,
}


class Player:
    """Plays sessions, one after another; a scanner's modules are imported anew for each.

    Parameters
    ----------
    config
        What is audited.
    base
        The store that plays start from.
    store
        The folder of the store that is played: ``base`` itself, or where changed ones are made.
    copy
        The folder of the project that scanners find themselves in.
    denials
        Gets what the walls deny; None without walls.
    """

    def __init__(
        self, config: SessionConfig, base: Path, store: Path, copy: ProjectCopy, denials: Denials | None
    ) -> None:
        self._config = config
        self._calendar = calendar_of(config)
        self._base = base
        self._stores = None if store == base else ChangedStores(base, store, self._calendar)
        self._copy = copy
        self._denials = denials
        self._universes: dict[str, Path | None] = {}
        if denials is not None:
            watch_readers(denials)

    def __call__(self, given: Plays, report: Report) -> FamilyResult:  # noqa: ARG002 - it is soon done
        """Play sessions."""
        played = []
        for play in given.plays:
            if not play.keeps_modules:
                forget_project()
            played.append(self._played(play))
        return FamilyResult(tuple(played), foreign_modules(), self._universes)

    def _played(self, play: Play) -> Played:
        records = _Records(keeps_readings=play.keeps_readings)
        fault: str | None = None
        if self._stores is not None:
            self._copy.replace(play.files)
        store = BarStore(self._base) if self._stores is None else self._stores.make(play)
        with _active(self._denials), _clock(play.clock_seconds):
            try:
                backtest = self._assembled(play, store)
                self._play(backtest, play, records)
            except SymscanError as error:
                fault = self._cleaned(str(error))
        denied = () if self._denials is None else tuple(self._denials.found)
        candidates = {name: frozenset(symbols) for name, symbols in records.candidates.items()}
        scans = map(self._cleaned_scan, records.scans)
        disabled = {name: self._cleaned(reason) for name, reason in records.disabled.items()}
        return Played(tuple(scans), disabled, fault, candidates, denied)

    def _cleaned_scan(self, scan: ScanRecord) -> ScanRecord:
        return scan if scan.error is None else replace(scan, error=self._cleaned(scan.error))

    def _cleaned(self, text: str) -> str:
        """Return a text without the folders of this process, which are others each time."""
        for folder in (self._copy.folder, self._copy.folder.parent):
            text = text.replace(f"{folder}{os.sep}", "")
        return text

    def _assembled(self, play: Play, store: BarStore) -> Backtest:
        config = _config_of(self._config, play, self._calendar.session(play.day))
        checked = check(config, "backtest", play.day, partial(symbols_before, store.root))
        for one, made in zip(checked.scanners.enabled, checked.made, strict=True):
            path = made.universe_path
            self._universes.setdefault(one.name, None if path is None else path.resolve())
        session = checked.calendar.session(play.day)
        planned = (session,) if store.has_only_days else ()
        cache = BlockCache()  # of this store alone: others have other symbols
        daily = DailyBars(store, cache, planned)
        return Backtest(checked, store, (session,), (), cache, daily_bars=daily)

    @staticmethod
    def _play(backtest: Backtest, play: Play, records: _Records) -> None:
        (session,) = backtest.sessions
        coordinator = backtest.coordinator(session, [records], verdicts=records)
        records.scanners = {name: one.scanner for name, one in coordinator.scanner_manager.scanners.items()}
        try:
            coordinator.prepare()
            for update in coordinator.slices():
                coordinator.process(update)
                if play.cut is not None and _is_past(coordinator, play.cut):
                    break
        finally:
            coordinator.finish()


def _is_past(coordinator: SessionCoordinator, cut: Cut) -> bool:
    return coordinator.is_over if cut.is_complete else coordinator.now >= cut.at


@dataclass(eq=False)
class _Records:
    """Keeps the scans of a session: an observer of its events and of its verdicts."""

    keeps_readings: bool
    scans: list[ScanRecord] = field(default_factory=list)
    disabled: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, set[str]] = field(default_factory=dict)
    scanners: Mapping[str, BaseScanner] = field(default_factory=dict)
    _columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _read: tuple[tuple[str, ...], dict[str, Floats]] | None = None

    @staticmethod
    def wants_clauses(_scanner: str) -> bool:
        """Return False: what is compared are hits."""
        return False

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:  # noqa: ARG002 - an observer's
        """Keep what a scan could read, before its event comes."""
        own = self.candidates.setdefault(verdicts.scan.scanner, set())
        if len(own) != len(verdicts.candidates):
            own.update(verdicts.candidates)
        if self.keeps_readings:
            self._read = tuple(verdicts.candidates), self._values(verdicts)

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's
        """Keep a scan."""
        match event:
            case ScanFinished():
                self.scans.append(self._record(event))
                self._read = None
            case ScannerReady():
                self._columns[event.scanner] = event.indicators
            case ScannerDisabled():
                self.disabled[event.scanner] = event.reason

    def _record(self, event: ScanFinished) -> ScanRecord:
        hits = event.hits
        metadata = tuple(map(_as_json, _values_of(hits)))
        candidates, readings = self._read or ((), {})
        return ScanRecord(
            event.scanner,
            str(event.phase),
            event.at,
            str(event.outcome),
            hits.symbols,
            tuple(hashlib.blake2b(one, digest_size=8).digest() for one in metadata),
            event.error,
            candidates,
            readings,
            metadata if self.keeps_readings else (),
        )

    def _values(self, verdicts: ScanVerdicts) -> dict[str, Floats]:
        names = dict.fromkeys([*SESSION_READINGS, *self._columns.get(verdicts.scan.scanner, ())])
        values = {}
        for name in names:
            with suppress(SymscanError, KeyError):  # one of several outputs has another name
                values[name] = verdicts.column(name).copy()
        return values


def _values_of(hits: Hits) -> Iterator[Any]:
    known = hits.metadata
    return (known.get(symbol) for symbol in hits.symbols)


def _as_json(value: Any) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def _config_of(config: SessionConfig, play: Play, session: Session) -> SessionConfig:
    """Return the configuration of a play."""
    taken = [one for one in config.scanners if not play.only or one.name in play.only]
    scanners = [_with_universe(one, play.universes) for one in taken]
    if play.once and play.cut is not None:
        scanners = [_due_once(one, play.cut, session) for one in scanners]
    if play.reverses_scanners:
        scanners.reverse()
    more = () if play.symbols and play.change == "without" else play.symbols
    return replace(config, scanners=tuple(scanners), symbols=(*config.symbols, *more))


def _with_universe(scanner: ScannerConfig, universes: Mapping[str, str]) -> ScannerConfig:
    screen = scanner.screen
    named = scanner.config.get("universe") if screen is None else screen.universe
    if not isinstance(named, str) or named not in universes:
        return scanner
    if screen is not None:
        return replace(scanner, screen=replace(screen, universe=universes[named]))
    return replace(scanner, config={**scanner.config, "universe": universes[named]})


def _due_once(scanner: ScannerConfig, cut: Cut, session: Session) -> ScannerConfig:
    """Return a scanner that is due at the cut alone, if it is at all."""
    due, at = due_times(scanner, session), session.local(cut.at).time()
    once = (Window(at, at, 1),)
    times: dict[str, Any] = {
        "pre_session_windows": once if cut.at in due.pre_session else (),
        "regular_session": once if cut.at in due.regular else (),
    }
    if cut.is_complete:
        times = {"at_close": bool(due.at_close)}
    return replace(scanner, **(_NEVER | times))


def forget_project() -> None:
    """Forget the modules of the user's, so that they are imported anew with nothing in their globals."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.startswith(PROJECT) or (file is not None and not file.startswith(_libraries())):
            del sys.modules[name]


def foreign_modules() -> dict[str, str]:
    """Return the files of the modules that are neither Python's nor installed, by their names."""
    result = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and not file.startswith(_libraries()):
            result[name] = os.path.realpath(file)
    return result


def _package() -> str:
    import symscan

    return f"{Path(symscan.__file__).parent}{os.sep}"


@cache
def _libraries() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return (
        *(f"{paths[name]}{os.sep}" for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        _package(),
    )


@contextmanager
def _active(denials: Denials | None) -> Iterator[None]:
    if denials is None:
        yield
        return
    denials.active = True
    try:
        yield
    finally:
        denials.active = False


def _clock(seconds: int) -> Any:
    """Move the computer's clock, as all of Python sees it."""
    if not seconds:
        return nullcontext()
    import time_machine

    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)
