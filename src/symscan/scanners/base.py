"""The base of scanners: three methods, a context they read, a result they return."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from symscan.model.decisions.clauses import Clause
from symscan.model.fills import rests_on_daily_bars
from symscan.model.instant import from_datetime
from symscan.scanners.judging import Judge
from symscan.scanners.past_scans import PastScans
from symscan.scanners.tables.scanner_tables import CurrentColumns, ScannerTables, as_dated_files
from symscan.scanners.universe import STORE, Universe, load_universe, store_universe
from symscan.session.static_columns import StaticColumns

DEFAULT_UNIVERSE: Final = "sp500"
"""The universe of a scanner that names none."""

_MADE_BY_SETUP: Final = (
    *("_folders", "_file", "_loaded_universe", "_static", "_known", "_date"),
    *("_dated_files", "_exchange", "_tables"),
)

if TYPE_CHECKING:
    import polars as pl
    from pydantic import BaseModel

    from symscan.clock.time_manager import TimeManager
    from symscan.model.bar import Mask
    from symscan.model.dated_file import DatedFile
    from symscan.model.hit_metadata import StrayMetadata
    from symscan.model.instant import Instant
    from symscan.scanners.membership import Period
    from symscan.session.view import SessionView


@dataclass(slots=True)
class ScanContext:
    """The context of each call of a scanner.

    Attributes
    ----------
    session_data
        The session as it stood at ``current_time``, bound to this scanner.
    time_manager
        The session's clock.
    mode
        ``backtest`` or ``live``; for information, results must not depend on it.
    current_time
        The instant the scan is as of, on the exchange's clock.
    config
        The scanner's own configuration.
    ok_scans
        How many scans of this scanner were ok so far in this session.
    past_scans
        The scans so far of the scanners that this one names in ``reads_scanners``, by name.
    tables
        The files that it rests on; read them with :meth:`table`.
    explains
        Whether clauses are wanted: a screen makes them only then.
    clause_names
        The names of the conditions that :attr:`judge` was given so far in the session.
    """

    session_data: SessionView
    time_manager: TimeManager
    mode: str
    current_time: datetime
    config: dict[str, Any]
    ok_scans: int = 0
    past_scans: Mapping[str, PastScans] = field(default_factory=dict)
    tables: ScannerTables | None = field(default=None, repr=False)

    def table(self, file: str, *, latest: bool = False) -> pl.DataFrame:
        """Return the rows of a file of one's own that were known by ``current_time``, and no others.

        Parameters
        ----------
        file
            As :attr:`BaseScanner.rests_on` or the configuration's ``columns`` name it.
        latest
            Only the last known row of each symbol.

        Returns
        -------
        polars.DataFrame
            The file's columns, in the order in which rows became known: numbers, dates or texts, null
            where empty. The date column is the instant from which a row counts, on the exchange's clock.

        Raises
        ------
        TableError
            If the scanner does not declare the file.
        """
        tables = self.tables or ScannerTables((), (), (), "NYSE")
        return tables.known(file, from_datetime(self.current_time), latest=latest)

    explains: bool = False
    clause_names: dict[str, None] = field(default_factory=dict)
    _judge: Judge[ScanResult] | None = None

    @property
    def judge(self) -> Judge[ScanResult]:
        """What judges all symbols at once, and keeps by which values: the reasons that are told of a scan."""
        if self._judge is None:
            names = self.clause_names
            self._judge = Judge(self.session_data, ScanResult, names, explains=self.explains)
        return self._judge

    @property
    def judged(self) -> tuple[Clause, ...]:
        """The clauses of :attr:`judge`; none where the scanner did not use it."""
        return () if self._judge is None else self._judge.clauses


@dataclass(slots=True)
class ScanResult:
    """The result of a scan.

    Attributes
    ----------
    symbols
        The symbols that meet the criteria, best first.
    metadata
        Why, per symbol: a mapping of values by name, which JSON can hold. NaN becomes null, dates and
        instants ISO 8601.
    execution_time_ms
        How long the scan took; filled in by the engine.
    skipped
        True if the scan did not run.
    error
        Why the scan failed, None if it did not.
    unknown
        Which of ``session_data.symbols`` could not be judged, shape ``(len(symbols),)``. None lets
        the engine decide: a symbol is unknown while anything the scanner requested is.
    evaluated
        Which of ``session_data.symbols`` the scan was about, shape ``(len(symbols),)``; the others are
        neither judged nor unknown. None: all of them.
    without_row
        For whom a dated file has no row yet, which explains why they are unknown, shape
        ``(len(symbols),)``; None where none is read.
    stray_metadata
        Metadata of symbols that are not among ``symbols``; filled in by the engine.
    clauses
        The conditions by which symbols were judged, over ``session_data.symbols``. None: those of
        ``context.judge``.
    """

    symbols: Sequence[str]
    metadata: Mapping[str, Any] | None = None
    execution_time_ms: float = 0.0
    skipped: bool = False
    error: str | None = None
    unknown: Mask | None = None
    evaluated: Mask | None = None
    stray_metadata: StrayMetadata | None = None
    without_row: Mask | None = None
    clauses: Sequence[Clause] | None = None


class BaseScanner(ABC):
    """The base of every scanner.

    ``setup`` runs once before the session, ``scan`` whenever the schedule says, ``teardown`` once
    after the last scan. A scanner keeps nothing from scan to scan but what ``setup`` made.

    Parameters
    ----------
    config
        The scanner's own ``config`` from the session configuration.
    """

    params: ClassVar[type[BaseModel] | None] = None
    """A pydantic model that checks ``config`` before the run starts; None checks nothing.

    The default of its ``universe``, if it has one, is the universe where the configuration names none.
    """

    max_age_minutes: float | None = None
    """A symbol whose last bar ended longer ago is unknown; None sets no limit."""

    reads: Sequence[str] | None = None
    """The readings and indicators a decision needs; None means the last price and all that was requested."""

    rests_on: Mapping[str, str | DatedFile] = MappingProxyType({})
    """Files of its own that it reads with ``context.table``, each with the column that says since when a
    row is known: ``{"earnings.csv": "announced_at"}``; or with a :class:`DatedFile`, which has a zone."""

    reads_scanners: Sequence[str] = ()
    """The scanners of the configuration whose scans it reads: at the same instant it runs after them."""

    is_stateful: bool = False
    """Whether what it finds depends on its earlier scans of the session, or on other scanners' scans."""

    _folders: tuple[Path, ...] = ()
    _dated_files: tuple[DatedFile, ...] = ()
    _exchange: str = "NYSE"
    _tables: ScannerTables | None = None

    transient_attributes: ClassVar[tuple[str, ...]] = _MADE_BY_SETUP
    """Attributes that every setup makes the same; the others are kept, should a session be resumed."""

    def __init_subclass__(cls, **more: Any) -> None:
        """Let what an override of ``_load_universe`` returns be the scanner's universe, too."""
        super().__init_subclass__(**more)
        if "_load_universe" in vars(cls):
            cls._load_universe = _adopting(cls._load_universe)  # type: ignore[method-assign]

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self._indicators_registered: dict[str, Any] = {}  # the specification's; for subclasses to fill
        self._universe: list[str] = []
        self._loaded_universe: list[str] = []
        self._file: Universe | None = None
        self._static: StaticColumns | None = None
        self._known: Callable[[], Sequence[str]] | None = None
        self._date: date | None = None

    def use_folders(self, folders: Sequence[Path]) -> None:
        """Set where universe files are searched, first match wins. Called by the engine before ``setup``."""
        self._folders, self._tables = tuple(folders), None

    def use_known_symbols(self, known: Callable[[], Sequence[str]] | None) -> None:
        """Set the source of the universe ``store``, None for none. Called by the engine."""
        self._known = known

    def use_date(self, day: date | None) -> None:
        """Set the session's date, as of which universes are loaded, None for none. Called by the engine."""
        self._date = day

    def use_dated_files(self, files: Sequence[DatedFile], exchange: str) -> None:
        """Set the files whose columns are joined with the universe's. Called by the engine."""
        self._dated_files, self._exchange, self._tables = tuple(files), exchange, None

    @property
    def tables(self) -> ScannerTables:
        """The dated files it rests on: those of the configuration and of :attr:`rests_on`."""
        if self._tables is None:
            self._tables = ScannerTables(
                self._joined_files(), as_dated_files(self.rests_on), self._folders, self._exchange
            )
        return self._tables

    @property
    def universe(self) -> tuple[str, ...]:
        """The symbols this scanner judges: its ``_universe``, else what it loaded last."""
        return tuple(self._universe or self._loaded_universe)

    @property
    def universe_as_of(self) -> date | None:
        """The date of the universe loaded last, None where it has none; of one by dates, the session's."""
        return self._file.as_of if self._file is not None else None

    @property
    def universe_name(self) -> str | None:
        """The name of the universe loaded last, None where none was loaded."""
        return self._file.name if self._file is not None else None

    @property
    def universe_periods(self) -> tuple[Period, ...] | None:
        """All periods of membership in the file of the universe loaded last, None where it has none."""
        return self._file.periods if self._file is not None else None

    def universe_between(self, first: date, last: date) -> tuple[str, ...]:
        """The symbols judged on any date of a range, both included, as far as their periods are known."""
        periods = self.universe_periods
        if periods is None or self._universe != self._loaded_universe:
            return self.universe
        return tuple(dict.fromkeys(one.symbol for one in periods if one.meets(first, last)))

    @property
    def static_columns(self) -> StaticColumns | None:
        """The columns of the universe loaded last, None where none was loaded."""
        return self._static

    def columns_at(self, at: Instant) -> StaticColumns | CurrentColumns | None:
        """Return the columns of its universe as of an instant: the file's own, and those of dated files."""
        if not self.tables.joined:
            return self.static_columns
        return CurrentColumns(self.static_columns, self.tables, at)

    @property
    def rests_on_daily_bars(self) -> bool:
        """Whether it reads bars of completed sessions alone, as its ``reads`` say."""
        return rests_on_daily_bars(self.reads)

    def check(self) -> None:
        """Find faults before the run starts; a universe the configuration or :attr:`params` names must load.

        Raises
        ------
        TableError
            If a dated file is missing or malformed.
        UniverseError
            If there is no such universe, or its file is malformed.
        """
        if self._named_universe() is not None:
            self._load_universe()
        self._check_tables()

    def setup(self, context: ScanContext) -> bool:  # noqa: ARG002 - for subclasses to use
        """Prepare once before the session: load the universe, request indicators.

        Returns
        -------
        bool
            False disables the scanner for this session.
        """
        return True

    @abstractmethod
    def scan(self, context: ScanContext) -> ScanResult:
        """Evaluate the universe as of ``context.current_time`` and return what meets the criteria."""

    def teardown(self, context: ScanContext) -> None:  # noqa: B027 - optional
        """Release what ``setup`` made; called once, after the last scan."""

    def universe_before_setup(self) -> Universe:
        """Return the universe with its columns, as far as it is known before ``setup``.

        Raises
        ------
        UniverseError
            If it is missing or malformed.
        """
        if not self.universe:
            self._load_universe()
        file = self._file or Universe(type(self).__name__, (), {}, None, Path())
        return file if self.universe == file.symbols else file.of_symbols(self.universe)

    def _joined_files(self) -> tuple[DatedFile, ...]:
        """The dated files whose columns are joined."""
        return self._dated_files

    def _check_tables(self) -> None:
        columns = {} if self._file is None else self._file.columns
        self.tables.check(columns, self.universe)

    def _load_universe(self) -> list[str]:
        """The symbols of the universe the configuration names, else :attr:`params`, else of ``sp500``.

        Sets ``_universe`` to them; one that the scanner chose itself stays as it is.

        Raises
        ------
        UniverseError
            If there is no such universe, or its file is malformed.
        """
        named = self._named_universe()
        return self._load_universe_from_file(DEFAULT_UNIVERSE if named is None else named)

    def _load_universe_from_file(self, file_path: str) -> list[str]:
        """The symbols of a universe by name or path; ``store``: those the bar store knows before the session.

        Sets ``_universe`` as ``_load_universe`` does.

        Raises
        ------
        UniverseError
            If there is no such universe, or its file is malformed.
        """
        if file_path == STORE and self._known is not None:
            self._file = store_universe(self._known())
        else:
            self._file = load_universe(file_path, self._folders, self._date)
        self._static = StaticColumns(self._file.symbols, self._file.columns)
        self._adopt_universe(self._file.symbols)
        return list(self._file.symbols)

    def _adopt_universe(self, symbols: Iterable[str]) -> None:
        """Set the universe to what was loaded, unless the scanner chose another one."""
        loaded = list(symbols)
        if self._universe == self._loaded_universe:
            self._universe = loaded.copy()
        self._loaded_universe = loaded

    def _named_universe(self) -> str | None:
        """The universe of the configuration, else the one ``params`` declares; None without either."""
        if "universe" in self.config:
            named: str = self.config["universe"]
            return named
        field = None if self.params is None else self.params.model_fields.get("universe")
        if field is None or field.is_required():
            return None
        default = field.get_default(call_default_factory=True, validated_data={})
        return os.fspath(default) if isinstance(default, os.PathLike) else default or None


def _adopting(load: Callable[..., list[str]]) -> Callable[..., list[str]]:
    @wraps(load)
    def adopting(self: BaseScanner) -> list[str]:
        symbols = load(self)
        self._adopt_universe(symbols)
        return symbols

    return adopting
