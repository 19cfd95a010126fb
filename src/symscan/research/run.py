"""A run as data: its tables as polars frames, read when they are first used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import SessionConfig, parse_config
from symscan.errors import DataError, InputError
from symscan.research.charts import scanner_chart, symbol_chart
from symscan.research.report import ReportOptions, make_report
from symscan.research.store import Store
from symscan.research.summary_html import summary_html
from symscan.research.trading import Trading
from symscan.research.unchanged_store import unchanged_store
from symscan.runs.export import ExportOptions, export_to
from symscan.runs.layout import JOURNAL
from symscan.runs.reading import TABLES, RunFiles

if TYPE_CHECKING:
    from symscan.research.study import Study
    from symscan.research.why.python import Why


def open_run(folder: Path | str) -> Run:
    """Open the folder of a run that is over, of a backtest or a live session.

    Parameters
    ----------
    folder
        What ``symscan run``, ``symscan live`` or :func:`symscan.run` wrote, also one of the old format
        without ``run.json``.

    Raises
    ------
    InputError
        If there is no run in it, or it is being written or was broken off.
    DataError
        If it is of a newer format, or a file of it is missing or damaged; the error names it.
    """
    return Run(RunFiles.open(Path(folder)))


class Run:
    """The results of a run; make it with :func:`symscan.run` or :func:`symscan.open_run`.

    Tables are read when they are first used, and kept. Instants are UTC; prices are as traded, ``_pct``
    in percent, volumes in shares.

    Parameters
    ----------
    files
        Its folder.
    """

    def __init__(self, files: RunFiles) -> None:
        self._files = files

    @cached_property
    def hits(self) -> pl.DataFrame:
        """Every symbol at every scan: a row each, by session, instant, scanner, rank and symbol."""
        return self._files.read("hits")

    @cached_property
    def episodes(self) -> pl.DataFrame:
        """Every stay of a symbol on a scanner's list: when it entered and left, why, and its prices."""
        return self._files.read("episodes")

    @cached_property
    def scans(self) -> pl.DataFrame:
        """Every scan that was due, with its outcome and counts."""
        return self._files.read("scans")

    @cached_property
    def unknown(self) -> pl.DataFrame:
        """Whom a scanner could not judge, from when to when, and for what reason."""
        return self._files.read("unknown")

    @cached_property
    def trades(self) -> pl.DataFrame:
        """The trades on paper; no rows in a run without strategies."""
        return self._files.read("trades")

    @cached_property
    def trading(self) -> Trading:
        """What the strategies did: figures with their intervals, equity, months; empty without strategies."""
        return Trading(self._files)

    def values(self, scanner: str) -> pl.DataFrame:
        """Return what a scanner said of its hits: a typed column per name, keyed as ``hits``.

        Numbers are Float64; what is mixed or nested is JSON text.

        Raises
        ------
        InputError
            If the run has no such scanner.
        DataError
            If a file is damaged.
        """
        return self._files.collect(self._files.values(scanner))

    def lazy(self, what: str, scanner: str | None = None) -> pl.LazyFrame:
        """Return a table as a lazy frame, which reads no more than a query needs.

        Parameters
        ----------
        what
            ``hits``, ``episodes``, ``scans``, ``unknown``, ``trades`` or ``values``.
        scanner
            Whose values.

        Raises
        ------
        InputError
            If there is no such table or scanner.
        """
        if what == "values":
            if scanner is None:
                has = ", ".join(self.scanners) or "none"
                raise InputError(f"values are of one scanner; name it (there are: {has})")
            return self._files.values(scanner)
        if what not in TABLES:
            known = ", ".join((*TABLES, "values"))
            raise InputError(f"there is no table '{what}' in a run; there are {known}")
        if scanner is not None:
            raise InputError(f"{what} are of all scanners; filter its column 'scanner'")
        frame: pl.LazyFrame = getattr(self._files, what)()
        return frame

    @property
    def summary(self) -> dict[str, Any]:
        """What ``summary.json`` holds: status, figures by scanner, warnings."""
        return self._files.summary

    @cached_property
    def config(self) -> dict[str, Any] | None:
        """The configuration as it was read; None in the old format, which did not keep it."""
        described = self._files.description
        text = None if described is None else described.facts.get("configuration", {}).get("as_read")
        return json.loads(text) if text else None

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return self._files.folder

    @property
    def run_id(self) -> str | None:
        """The digest of what the run is of; None in the old format."""
        return self._files.run_id

    @property
    def sessions(self) -> list[date]:
        """The dates of its sessions."""
        return self._files.sessions

    @property
    def scanners(self) -> list[str]:
        """The names of its scanners."""
        return self._files.scanners

    @property
    def files(self) -> RunFiles:
        """The files of the run, for what is built on it."""
        return self._files

    def journal(self) -> Iterator[dict[str, Any]]:
        """Yield every event of the run, in order.

        Raises
        ------
        DataError
            If the journal is damaged; the error names the line.
        """
        path = self.path / JOURNAL
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise DataError(f"{path}:{number}: it is damaged ({error}); run it anew") from None

    def store(self, path: Path | str | None = None) -> Store:
        """Open the store whose bars the run was of, and check that they are still the same.

        Parameters
        ----------
        path
            Where the store is now; None for where it was.

        Raises
        ------
        InputError
            If the run does not say where it was.
        DataError
            If there is no store, or a file of it has changed since; the error names it.
        """
        files = unchanged_store(self._files, None if path is None else Path(path))
        return Store(
            files, SessionCalendar(str(self.summary.get("exchange", "NYSE"))), self._session_config()
        )

    def _session_config(self) -> SessionConfig | None:
        """Return the configuration of a run of a file, for the modules that it names."""
        described = self._files.description
        if described is None or not self.config or "indicator_modules" not in self.config:
            return None
        text = described.facts["configuration"]["as_read"]
        return parse_config(text, described.environment.get("configuration", "run"))

    def chart(self, symbol: str, session: date | str, *, store: Path | str | None = None) -> Any:
        """Return the chart of a symbol in a session, as an altair chart.

        Candles of five minutes with vwap and the close of the session before, the indicators that the
        scanners asked for, and a lane for each scanner with the symbol's stays. Exchange time.

        Parameters
        ----------
        store
            Where the bars are now; None for where they were.

        Raises
        ------
        InputError
            If altair is not installed, or there is no such session or symbol.
        DataError
            If there is no store, or it has changed since the run; the error names a file.
        """
        return symbol_chart(self._files, partial(self.store, store), symbol, session)

    def chart_scanner(self, name: str) -> Any:
        """Return the chart of a scanner, as an altair chart: entries by time of day, and how many it found.

        Raises
        ------
        InputError
            If altair is not installed, or there is no such scanner.
        """
        return scanner_chart(self._files, name)

    def report(
        self,
        path: Path | str | None = None,
        *,
        store: Path | str | None = None,
        start: date | None = None,
        end: date | None = None,
        top: int = 20,
    ) -> Path:
        """Write the page that ``symscan report`` writes, and return where it is.

        Parameters
        ----------
        path
            The file; None for ``report.html`` in the run's folder.
        store
            Where the bars of the candles are now; None for where they were.
        start, end
            The first and last session of the report; None for those of the run.
        top
            How many of the best stays are drawn.

        Raises
        ------
        InputError
            If the run has no session in the range, or the page cannot be written.
        DataError
            If there is no store where one was given, or it has changed since; the error names a file.
        """
        options = ReportOptions(None if store is None else Path(store), start, end, top)
        return make_report(self._files, options).write(None if path is None else Path(path))

    def study(self, **options: Any) -> Study:
        """Measure what happened after the run's hits, as :func:`symscan.study` does.

        The sessions are played again, and must have the same hits.

        Parameters
        ----------
        **options
            Those of :func:`symscan.study`.
        """
        from symscan.research.study.python import study  # which takes runs

        return study(self, **options)

    def why(
        self,
        symbol: str,
        at: str | None = None,
        scanner: str | None = None,
        *,
        session: date | str | None = None,
        store: Path | str | None = None,
    ) -> Why:
        """Explain why a symbol was a hit or not, clause by clause, as ``symscan why`` does.

        Parameters
        ----------
        at
            ``10:35`` on the exchange's clock, ``open`` or ``close``; None for the whole day.
        scanner
            Whose decisions; None for all scanners'.
        session
            Its date; None where the run has one session.
        store
            Where the bars are now; None for where they were.

        Raises
        ------
        InputError
            If there is no such session, scanner, scan or candidate.
        RunError
            If the session was played again and its hits are not those of the run.
        """
        from symscan.research.why.python import why  # which takes runs

        return why(self._files, symbol, at, scanner, session=session, store=store)

    def near(
        self,
        scanner: str | None = None,
        at: str | None = None,
        *,
        most: int | None = None,
        session: date | str | None = None,
        store: Path | str | None = None,
    ) -> pl.DataFrame:
        """Return who missed by one clause alone, nearest first, as ``symscan near`` does.

        Parameters are those of :meth:`why`; ``most`` is how many of each scanner, None for all. Of a whole
        day it is each symbol's nearest scan.
        """
        from symscan.research.why.python import near

        return near(self._files, scanner, at, most=most, session=session, store=store)

    def export(
        self,
        path: Path | str,
        what: str = "hits",
        *,
        format: str = "csv",
        scanner: str | None = None,
        sessions_ahead: int | None = None,
        exchange: str | None = None,
    ) -> Path:
        """Write a table, or a list of symbols, as ``symscan export`` does, and return where it is.

        Parameters
        ----------
        what
            ``hits``, ``values``, ``episodes``, ``scans``, ``unknown`` or ``trades``.
        format
            ``csv``, ``parquet`` or ``json``; of hits also ``tradingview`` and ``universe``.
        scanner
            Whose rows; None for all.
        sessions_ahead
            For how many sessions after its own a universe is meant.
        exchange
            What stands before each symbol of a ``tradingview`` list: ``NASDAQ:AAPL``.

        Raises
        ------
        InputError
            If there is no such table, format or scanner, or the file cannot be written.
        """
        export_to(self._files, ExportOptions(what, format, scanner, sessions_ahead, exchange), Path(path))
        return Path(path)

    def __repr__(self) -> str:
        return f"<Run {self.summary.get('name', '')!r} {self.summary['status']}: {self.path}>"

    def _repr_html_(self) -> str:
        return summary_html(self._files)
