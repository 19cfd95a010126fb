"""The base of scanners: three methods, a context they read, a result they return."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import wraps
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from symscan.model.fills import rests_on_daily_bars
from symscan.model.universes.renames import Renames, renamed
from symscan.scanners.scan import ScanContext as ScanContext
from symscan.scanners.scan import ScanResult as ScanResult
from symscan.scanners.tables.scanner_tables import CurrentColumns, ScannerTables, as_dated_files
from symscan.scanners.universe import Universe, load_universe
from symscan.session.static_columns import StaticColumns

DEFAULT_UNIVERSE: Final = "sp500"
"""The universe of a scanner that names none."""

_MADE_BY_SETUP: Final = (
    *("_folders", "_file", "_loaded_universe", "_static", "_known", "_date"),
    *("_dated_files", "_exchange", "_tables", "_kept", "_renames", "_stored"),
)

if TYPE_CHECKING:
    from pydantic import BaseModel

    from symscan.model.instant import Instant
    from symscan.model.universes.dated_file import DatedFile
    from symscan.model.universes.universe_spec import UniverseSpec
    from symscan.scanners.membership import Period


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

    judges_alone: bool = False
    """Whether what it finds of a symbol depends on no other symbol; an audit then halves the universe."""

    _date: date | None = None
    _kept: frozenset[str] | None = None
    _renames: Renames = Renames()
    _stored: Callable[[], Sequence[Collection[str]]] | None = None
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

    def use_renames(self, renames: Renames, stored: Callable[[], Sequence[Collection[str]]] | None) -> None:
        """Set changes of ticker, and what the store has bars of. Called by the engine."""
        self._renames, self._stored, self._tables = renames, stored, None

    @property
    def tables(self) -> ScannerTables:
        """The dated files it rests on: those of the configuration and of :attr:`rests_on`."""
        if self._tables is None:
            self._tables = ScannerTables(
                self._joined_files(), as_dated_files(self.rests_on), self._folders, self._exchange
            )
            self._tables.use_renames(self._renames, self._date)
        return self._tables

    def narrow(self, symbols: Sequence[str]) -> None:
        """Keep of its universe only these symbols. Called by the engine before ``setup``."""
        self._kept = frozenset(symbols)
        self._universe, self._loaded_universe, self._file = [], [], None

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
    def universe_path(self) -> Path | None:
        """The file of the universe loaded last, None where none was loaded; of ``store`` no file is there."""
        return self._file.path if self._file is not None else None

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

    def _load_universe_from_file(self, file_path: UniverseSpec) -> list[str]:
        """The symbols of a universe by name or path; ``store``: those the bar store knows before the session.

        An object makes one of others: ``{"any": [...], "all": [...], "except": [...]}``.

        Sets ``_universe`` as ``_load_universe`` does.

        Raises
        ------
        UniverseError
            If there is no such universe, or its file is malformed.
        """
        self._file = load_universe(file_path, self._folders, self._date, self._known)
        if self._stored is not None and self._date is not None:
            others = renamed(self._file.symbols, self._renames, self._date, self._stored)
            self._file = self._file.renamed(others) if others else self._file
        if self._kept is not None:
            self._file = self._file.of_symbols(self._narrowed(self._file.symbols))
        self._static = StaticColumns(self._file.symbols, self._file.columns)
        self._adopt_universe(self._file.symbols)
        return list(self._file.symbols)

    def _narrowed(self, symbols: list[str] | tuple[str, ...]) -> list[str]:
        """Return who is kept of a universe."""
        return [one for one in symbols if self._kept is None or one in self._kept]

    def _adopt_universe(self, symbols: Iterable[str]) -> None:
        """Set the universe to what was loaded, unless the scanner chose another one."""
        loaded = list(symbols)
        if self._universe == self._loaded_universe:
            self._universe = loaded.copy()
        self._loaded_universe = loaded

    def _named_universe(self) -> UniverseSpec | None:
        """The universe of the configuration, else the one ``params`` declares; None without either."""
        if "universe" in self.config:
            named: UniverseSpec = self.config["universe"]
            return named
        field = None if self.params is None else self.params.model_fields.get("universe")
        if field is None or field.is_required():
            return None
        default = field.get_default(call_default_factory=True, validated_data={})
        return os.fspath(default) if isinstance(default, os.PathLike) else default or None


def _adopting(load: Callable[..., list[str]]) -> Callable[..., list[str]]:
    @wraps(load)
    def adopting(self: BaseScanner) -> list[str]:
        symbols = self._narrowed(load(self))
        self._adopt_universe(symbols)
        return symbols

    return adopting
