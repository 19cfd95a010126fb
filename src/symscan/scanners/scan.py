"""One call of a scanner: the context it reads, and the result it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from symscan.model.decisions.clauses import Clause
from symscan.model.instant import from_datetime
from symscan.scanners.judging import Judge
from symscan.scanners.past_scans import PastScans
from symscan.scanners.tables.scanner_tables import ScannerTables

if TYPE_CHECKING:
    import polars as pl

    from symscan.clock.time_manager import TimeManager
    from symscan.model.bar import Mask
    from symscan.model.hit_metadata import StrayMetadata
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
