"""Collect what happens in one session, and write its files at its close."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from symscan.model.events.session import Event, ScanFinished, ScannerDone, SymbolsRemoved
from symscan.model.session import Session
from symscan.observers.journal import Journal
from symscan.observers.results.summary import RunSummary
from symscan.observers.results.tables import SessionHits, scan_order, scans_csv, unknown_frame
from symscan.observers.results.trades import SessionBars, SessionTrades
from symscan.runs.episodes import (
    REMOVALS_SCHEMA,
    SessionScans,
    episodes_of,
    finished,
    for_people,
)
from symscan.runs.files.session_files import SessionFiles
from symscan.runs.files.writing import writing
from symscan.runs.layout import EPISODES_CSV, FIGURES, HITS_CSV, JOURNAL, SCANS, TRADES, UNKNOWN
from symscan.runs.list_changes import Changes
from symscan.runs.schemas import HITS_SCHEMA
from symscan.runs.texts import csv_rows
from symscan.session.holders import scanner_holder

_FEW_BARS: Final = 1 << 19
"""The bars of a larger session are not kept in memory beside those of the next two."""


class _Tables(NamedTuple):
    """What happened in a session; ``trades`` is None without strategies."""

    hits: SessionHits
    unknown: pl.DataFrame
    stays: pl.DataFrame
    trades: pl.DataFrame | None


class SessionResults:
    """The results of one session.

    Parameters
    ----------
    session
        The session.
    part
        The folder of its part of the run's files.
    bars
        Reads its bars for the prices of episodes; None leaves these unknown.
    csv
        Whether hits are written as CSV, too.
    """

    def __init__(self, session: Session, part: Path, bars: SessionBars | None, *, csv: bool) -> None:
        self.session = session
        self._figures = RunSummary()
        self._pending: list[Event] = []
        self._part = part
        self._bars = bars
        self._csv = csv
        self._tables: _Tables | None = None
        self._trades = SessionTrades()
        self._scans: list[ScanFinished] = []
        self._changes: list[Changes] = []
        self._done: list[ScannerDone] = []
        self._removals: list[tuple[str, str, int]] = []
        with writing(self._part / JOURNAL) as path:
            self._journal = Journal(path.open("w", encoding="utf-8", newline="\n"))

    @property
    def figures(self) -> RunSummary:
        """The figures of all events so far."""
        self.process()
        return self._figures

    def observe(self, event: Event) -> None:
        """Keep an event to be processed: between two scans each would cost several times as much."""
        self._pending.append(event)

    def process(self) -> None:
        """Count the events that were kept, and write them into the journal."""
        pending, self._pending = self._pending, []
        with writing(self._part / JOURNAL):
            for event in pending:
                self._journal.observe(self.session, event)
                self._figures.observe(self.session, event)
                self._collect(event)

    def _collect(self, event: Event) -> None:
        match event:
            case ScanFinished():
                self._scans.append(event)
                self._changes.append(self._journal.changes.latest)
            case ScannerDone():
                self._done.append(event)
            case SymbolsRemoved():
                self._removals += [(event.holder, symbol, len(self._scans)) for symbol in event.symbols]
            case _:
                self._trades.observe(self.session, event)

    def close(self) -> None:
        """Write the journal to its end."""
        self.process()
        with writing(self._part / JOURNAL):
            self._journal.close()

    def prepare(self) -> None:
        """Write the journal to its end, and read what the session's bars say while they are in memory.

        Afterwards :meth:`write` may be called on another thread; what it still reads of the bars is little.
        """
        self.close()
        if self._bars is None:
            return
        symbols = set(self._trades.symbols).union(*(scan.hits.symbols for scan in self._scans))
        prices = self._bars(self.session, sorted(symbols))
        self._bars = lambda _session, _symbols: prices
        if prices.close.size > _FEW_BARS:
            self._read_tables()

    def write(self, folder: Path) -> None:
        """Write the session's Parquet files into the run's folder, and its parts of the other files."""
        self.close()
        tables = self._read_tables()
        hits, stays = tables.hits, tables.stays
        files = SessionFiles(folder, self.session.date)
        files.write(hits.frame[HITS_SCHEMA.names()], hits.values(), finished(stays, hits.texts(stays["hit"])))
        for name, text in self._texts(tables):
            with writing(self._part / name) as path:
                path.write_text(text, encoding="utf-8", newline="")

    def _texts(self, tables: _Tables) -> Iterator[tuple[str, str]]:
        hits = tables.hits
        shown = finished(tables.stays, hits.plain_texts(tables.stays["hit"]))
        yield SCANS, scans_csv(self.session, self._scans, self._changes)
        yield UNKNOWN, csv_rows(tables.unknown)
        yield EPISODES_CSV, csv_rows(for_people(shown, self.session.zone))
        if tables.trades is not None:
            yield TRADES, csv_rows(tables.trades)
        if self._csv:
            yield HITS_CSV, csv_rows(hits.csv_frame())
        yield FIGURES, json.dumps(self.figures.as_state(), ensure_ascii=False)

    def _read_tables(self) -> _Tables:
        """Return the tables of what happened, made once; then the bars' memory is free."""
        if self._tables is None:
            hits, unknown = SessionHits(self.session, self._scans), unknown_frame(self.session, self._done)
            has_trades = self._trades.has_strategies
            trades = self._trades.frame(self.session, self._bars) if has_trades else None
            self._tables = _Tables(hits, unknown, self._stays(hits, unknown), trades)
            self._bars = None
        return self._tables

    def _stays(self, hits: SessionHits, unknown: pl.DataFrame) -> pl.DataFrame:
        scans = SessionScans(
            self.session.close,
            scan_order(self._scans),
            hits.frame,
            unknown,
            self._removed(),
        )
        prices_of = None if self._bars is None else partial(self._bars, self.session)
        return episodes_of(scans, prices_of)

    def _removed(self) -> pl.DataFrame:
        """Return whom scanners had removed: columns, since at its end a scanner's symbols all are."""
        holders = {scanner_holder(scan.scanner): scan.scanner for scan in self._scans}
        known = [removal for removal in self._removals if removal[0] in holders]
        scanners, symbols, scans = zip(*known, strict=True) if known else ((), (), ())
        columns = [[holders[holder] for holder in scanners], symbols, scans]
        return pl.DataFrame(columns, schema=REMOVALS_SCHEMA, orient="col")
