"""A session that a script runs over a store, slice by slice, with its own scanners."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from symscan.clock.schedule import Window
from symscan.clock.time_manager import TimeManager
from symscan.clock.wall_clock import Stopwatch
from symscan.config import ScannerConfig, SessionConfig, load_config, parse_config
from symscan.errors import InputError, RunError
from symscan.model.bar import SourceUpdate
from symscan.model.events.session import Event, Warned
from symscan.model.instant import MINUTE, Instant, from_datetime
from symscan.model.session import Session
from symscan.observers.collector import EventCollector
from symscan.runtime.assembly import assemble_backtest
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.run_warnings import NO_SCANNER
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.jobs.result_validation import checked_result
from symscan.scanners.running.evaluation import ResultEvaluator
from symscan.scanners.running.manager import ScannerManager
from symscan.session.holders import SCRIPT, scanner_holder
from symscan.session.requests import Request, RequestQueue
from symscan.session.view.script import ScriptView

Config = SessionConfig | Mapping[str, Any] | Path | str | None


def open_session(
    store: Path | str, day: date | str, config: Config = None, scanners: Sequence[ScannerConfig] = ()
) -> ScriptSession:
    """Open the session of a day over a bar store, ready to be played by hand.

    The configuration's scanners are set up and its symbols are members; no bar has been played yet.

    Parameters
    ----------
    store
        The folder of the bar store.
    day
        The session's date; a text is written as ``2018-02-20``.
    config
        A configuration, its file, or what the file would hold; None for one without scanners.
    scanners
        Further scanners of the configuration. Windows of ``regular_session`` may be written as in its
        file: ``{"start": "09:35", "end": "15:55", "interval": "5m"}``.

    Raises
    ------
    ConfigErrors
        If anything in the configuration is wrong.
    CalendarError
        If there is no session on the day.
    DataError
        If there is no store, or it has no intraday bars of the day.
    """
    chosen = _with_scanners(_configuration(config), scanners)
    session_date = _date(day)
    backtest = assemble_backtest(chosen, Path(store), session_date, session_date)
    (session,) = backtest.sessions
    warnings = (message for message in backtest.warnings if message != NO_SCANNER)  # it may have its own
    collector = EventCollector()
    collector.events += [Warned(session.pre_open, message) for message in warnings]
    coordinator = backtest.coordinator(session, [collector], start=session.pre_open, completes_day=True)
    folders = backtest.checked.scanners.folders
    return ScriptSession(coordinator, folders, collector.events)


class ScriptSession:
    """A session that a script plays, reads and changes between two slices; see :func:`open_session`.

    It is a context manager: at its end scanners are torn down and the script's locks are released.

    Attributes
    ----------
    session_data
        The session as it stands, bound to the holder ``script``: what a script reads and requests.
    coordinator
        What carries the slices through the session.
    edition
        Another number whenever the session has changed.
    """

    def __init__(
        self, coordinator: SessionCoordinator, folders: Sequence[Path], events: Sequence[Event]
    ) -> None:
        self.coordinator = coordinator
        self.edition = 0
        self._folders = tuple(folders)
        self._events = events
        self._queues: dict[str, RequestQueue] = {}
        self._scanners: dict[str, BaseScanner] = {}
        self._ok_scans: Counter[str] = Counter()
        self._updates: Iterator[SourceUpdate] = coordinator.slices()
        self._has_minutes = coordinator.source.base.is_intraday
        session = coordinator.session
        self._next_end = session.pre_open if self._has_minutes else session.open
        self._is_closed = False
        coordinator.prepare()
        self.session_data = self._view(SCRIPT)

    @property
    def session(self) -> Session:
        """The trading day."""
        return self.coordinator.session

    @property
    def time_manager(self) -> TimeManager:
        """The session's clock."""
        return self.coordinator.time_manager

    @property
    def scanner_manager(self) -> ScannerManager:
        """Runs the configuration's scanners."""
        return self.coordinator.scanner_manager

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened so far: warnings of what to know of first; refused requests, too."""
        return tuple(self._events)

    def advance_to(self, at: str | time | datetime) -> None:
        """Play every slice that ends by a time of the session's day; scans that are due run.

        Parameters
        ----------
        at
            On the exchange's clock: ``10:30``, a ``time``, or a ``datetime`` with a zone; or ``open``;
            or ``close``, when the day is complete and daily indicators read its bar, too.

        Raises
        ------
        InputError
            If it is no time, or has passed.
        """
        until = self._instant(at)
        if until < self.coordinator.now:
            now = self.time_manager.get_current_time()
            raise InputError(f"the session is at {now:%H:%M} already; it cannot go back to {at}")
        self._advance(None if at == "close" else until)

    def run(self) -> None:
        """Play the session to its close, and close it."""
        self._advance(None)
        self.close()

    def add_symbol_mid_session(
        self,
        symbol: str,
        streams: Sequence[str] | None = None,
        load_historical: bool = True,
        historical_days: int | None = None,
    ) -> bool:
        """Bring a symbol into the session; see :meth:`SessionCoordinator.add_symbol_mid_session`."""
        self._flush()
        days = historical_days
        is_coming = self.coordinator.add_symbol_mid_session(symbol, streams, load_historical, days)
        self.edition += 1
        return is_coming

    def apply_requests(self, requests: Sequence[Request]) -> None:
        """Carry requests out; what is requested of ``session_data`` is so as soon as it is read again."""
        self.coordinator.apply_requests(requests)
        self.edition += 1

    def run_scan(self, name: str) -> ScanResult:
        """Let a scanner of the configuration scan now, due or not; what it finds joins the session.

        Raises
        ------
        InputError
            If there is no such scanner, or it is not ready: disabled, or torn down after its last scan.
        """
        self._flush()
        self.coordinator.run_scan(name)
        self.edition += 1
        result = self.scanner_manager.scanners[name].last_result
        if result is None:
            raise RunError(f"scanner '{name}' did not scan")
        return result

    def context(self, scanner: BaseScanner, name: str | None = None) -> ScanContext:
        """What the engine would give a scanner now, for calling its methods by hand.

        Take a new one for each call: ``current_time`` stays as it is.

        Parameters
        ----------
        scanner
            A scanner that is not the configuration's.
        name
            Under which it holds its symbols, as ``scanner:NAME``; None for its class's name.

        Raises
        ------
        InputError
            If another scanner has the name.
        """
        holder = self._holder(scanner, name)
        scanner.use_folders(self._folders)
        scanner.use_date(self.coordinator.session_data.session.date)
        now = self.time_manager.get_current_time()
        view = self._view(holder, lambda: scanner.universe)
        ok_scans, tables = self._ok_scans[holder], scanner.tables
        return ScanContext(view, self.time_manager, "backtest", now, scanner.config, ok_scans, tables=tables)

    def scan(self, scanner: BaseScanner, name: str | None = None) -> ScanResult:
        """Let a scanner scan now; nothing it finds joins by itself.

        It is set up first, unless that was done by hand: with what :meth:`context` gave before.

        Returns
        -------
        ScanResult
            Checked, with ``execution_time_ms``, and ``unknown`` saying who could not be judged.

        Raises
        ------
        RunError
            If its ``setup`` returns False.
        TypeError
            If what it returns is no result.
        """
        if scanner not in self._scanners.values():
            self._set_up(scanner, name)
        context = self.context(scanner, name)
        candidates, watch = len(context.session_data.symbols), Stopwatch()
        result = checked_result(scanner.scan(context), candidates)
        result.execution_time_ms = watch.elapsed_ms
        if result.error is None and not result.skipped:
            holder, view = self._holder(scanner, name), context.session_data
            self._ok_scans[holder] += 1
            evaluator = ResultEvaluator(self.coordinator.session_data, scanner, holder)
            result.unknown = evaluator.unknown(result, view.unanswered())
        return result

    def close(self) -> None:
        """End the session where it stands: scanners are torn down, the script's locks released."""
        if not self._is_closed:
            self._is_closed = True
            self._flush()
            self.coordinator.finish(tuple(self._queues))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _holder(self, scanner: BaseScanner, name: str | None) -> str:
        name = name or type(scanner).__name__
        if name in self.scanner_manager.scanners or self._scanners.setdefault(name, scanner) is not scanner:
            raise InputError(f"there is a scanner '{name}' already; give this one another name")
        return scanner_holder(name)

    def _set_up(self, scanner: BaseScanner, name: str | None) -> None:
        context = self.context(scanner, name)
        if not scanner.setup(context):
            self._scanners = {one: made for one, made in self._scanners.items() if made is not scanner}
            raise RunError(f"setup() of {type(scanner).__name__} did not return True")

    def _view(self, holder: str, universe: Callable[[], Sequence[str]] = tuple) -> ScriptView:
        queue = self._queues.setdefault(holder, RequestQueue(holder))
        return ScriptView(self.coordinator.session_data, queue, self, universe)

    def _flush(self) -> None:
        """Apply requests that were made and not read yet."""
        for queue in self._queues.values():
            if not queue.is_empty:
                self.apply_requests(queue.drain())

    def _advance(self, until: Instant | None) -> None:
        """Run up to an instant, or to the end; a slice is as wide as the session, so none is made early."""
        self._flush()
        while until is None or self._next_end <= until:
            update = next(self._updates, None)
            if update is None:
                return
            self.coordinator.process(update)
            self._next_end = self.coordinator.now + MINUTE if self._has_minutes else self.session.close
            self.edition += 1

    def _instant(self, at: str | time | datetime) -> Instant:
        if at in ("open", "close"):
            return self.session.open if at == "open" else self.session.close
        if isinstance(at, str):
            try:
                at = time.fromisoformat(at)
            except ValueError:
                raise InputError(f"'{at}' is not a time; write it as 10:30, or open or close") from None
        if isinstance(at, time):
            at = datetime.combine(self.session.date, at, self.session.zone)
        if at.tzinfo is None:
            at = at.replace(tzinfo=self.session.zone)
        return from_datetime(at)


def _configuration(config: Config) -> SessionConfig:
    if isinstance(config, SessionConfig):
        return config
    if config is None or isinstance(config, Mapping):
        return parse_config(json.dumps(dict(config or {"session_data_config": {}})), "script.json")
    return load_config(Path(config))


def _with_scanners(config: SessionConfig, scanners: Sequence[ScannerConfig]) -> SessionConfig:
    """The configuration with further scanners, each under a name of its own."""
    names = [one.name for one in (*config.scanners, *scanners)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two scanners are called '{twice}'; give each a name of its own")
    first = len(config.scanners)
    located = (
        replace(_with_windows(one), path=f"session_data_config.scanners[{first + number}]")
        for number, one in enumerate(scanners)
    )
    return replace(config, scanners=(*config.scanners, *located))


def _with_windows(scanner: ScannerConfig) -> ScannerConfig:
    """The scanner with the windows of its regular session read as those of a file are."""
    written: Any = () if scanner.regular_session is None else scanner.regular_session
    if isinstance(written, Sequence) and all(isinstance(one, Window) for one in written):
        return replace(scanner, regular_session=tuple(written))
    try:
        shape = {"name": "script", "module": "script", "regular_session": written}
        text = json.dumps({"session_data_config": {"scanners": [shape]}})
    except TypeError:
        meant = '{"start": "09:35", "end": "15:55", "interval": "5m"}'
        message = f"regular_session of scanner '{scanner.name}' is not written as in a file: [{meant}]"
        raise InputError(message) from None
    (read,) = parse_config(text, f"scanner '{scanner.name}'").scanners
    return replace(scanner, regular_session=read.regular_session)


def _date(day: date | str) -> date:
    if isinstance(day, date):
        return day
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise InputError(f"'{day}' is not a date; write it as 2018-02-20") from None
