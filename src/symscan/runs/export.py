"""Write a run's tables in other formats: for spreadsheets, for charts of others, for tomorrow's session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError
from symscan.runs.files.session_files import replacing
from symscan.runs.files.writing import TRY_AGAIN, writing
from symscan.runs.hit_values import json_texts
from symscan.runs.hits_csv import hits_csv_frame
from symscan.runs.layout import HITS_CSV, values_file
from symscan.runs.reading import TABLES, RunFiles
from symscan.runs.texts import with_texts

EXPORTS: Final = (*TABLES, "values")
"""What can be exported."""

TABLE_FORMATS: Final = ("csv", "parquet", "json")
LIST_FORMATS: Final = ("tradingview", "universe")
FORMATS: Final = (*TABLE_FORMATS, *LIST_FORMATS)
"""The formats: of tables, and of lists of symbols."""

_EMPTY: Final = "{}"
_EXCHANGE: Final = re.compile("[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is exported, and how.

    Attributes
    ----------
    what
        One of ``EXPORTS``; lists of symbols are made of ``hits``.
    format
        One of ``FORMATS``.
    scanner
        The scanner whose rows are exported; None for all.
    sessions_ahead
        For a universe: for how many sessions after the list's it is meant; None does not say.
    exchange
        For a watch list: what stands before each symbol, ``NASDAQ:AAPL``; None leaves it out.
    """

    what: str = "hits"
    format: str = "csv"
    scanner: str | None = None
    sessions_ahead: int | None = None
    exchange: str | None = None


def export(run: RunFiles, options: ExportOptions) -> bytes:
    """Return what is exported as the bytes of a file.

    ``hits`` as ``csv`` are those of ``hits.csv``. The lists hold who was on a scanner's list at its last
    scan that was ok, best first: ``tradingview`` is pasted or imported as a watch list, ``universe`` is
    the file of a universe as of the run's last session.

    Raises
    ------
    InputError
        If there is no such table, format or scanner, or a list without symbols.
    DataError
        If a file of the run is damaged.
    """
    _check(run, options)
    if options.format in LIST_FORMATS:
        return _list_text(run, options).encode()
    return _WRITERS[options.format](_table(run, options))


def export_to(run: RunFiles, options: ExportOptions, path: Path) -> None:
    """Write what is exported to a file, whole or not at all.

    Raises
    ------
    InputError
        As :func:`export`; or if the file cannot be written.
    """
    content = export(run, options)
    if path.is_dir():
        raise InputError(f"{path}: it is a folder; give the name of a file")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    with writing(path, TRY_AGAIN), replacing(path) as temporary:
        temporary.write_bytes(content)


def hits_csv(run: RunFiles) -> pl.DataFrame:
    """Return the rows of ``hits.csv``, as a run with ``--csv`` writes them.

    Raises
    ------
    DataError
        If a file of the run is damaged.
    """
    if run.is_old:
        return pl.read_csv(run.folder / HITS_CSV, infer_schema=False, glob=False)
    hits, zone = run.read("hits"), zone_of(run)
    days = {day: hits.filter(pl.col("session") == day) for day in run.sessions}
    frames = [hits_csv_frame(one, _metadata(run, day, one), zone) for day, one in days.items()]
    return pl.concat([hits_csv_frame(hits.clear(), pl.Series([], dtype=pl.String), zone), *frames])


def zone_of(run: RunFiles) -> ZoneInfo:
    """Return the zone of the run's exchange."""
    if run.description is not None and "zone" in run.description.facts:
        return ZoneInfo(run.description.facts["zone"])
    return SessionCalendar(str(run.summary.get("exchange", "NYSE"))).zone


def _check(run: RunFiles, options: ExportOptions) -> None:
    if options.what not in EXPORTS:
        raise InputError(f"there is no '{options.what}' to export; there are {', '.join(EXPORTS)}")
    if options.format not in FORMATS:
        raise InputError(f"there is no format '{options.format}'; there are {', '.join(FORMATS)}")
    if options.scanner is not None:
        run.check_scanner(options.scanner)
    if options.what == "values" and options.scanner is None:
        known = ", ".join(run.scanners)
        raise InputError(f"each scanner has values of its own; name one by --scanner (there are: {known})")
    if options.format in LIST_FORMATS and options.what != "hits":
        raise InputError(f"a list for '{options.format}' is made of hits; leave out --what")
    if options.sessions_ahead is not None and options.format != "universe":
        raise InputError("--for says which sessions a universe is for; give it with --format universe")
    if options.exchange is not None:
        _check_exchange(options.exchange, options.format)


def _check_exchange(exchange: str, form: str) -> None:
    if form != "tradingview":
        raise InputError("--exchange is for the symbols of a watch list; give it with --format tradingview")
    if not _EXCHANGE.fullmatch(exchange):
        raise InputError(
            f"--exchange {exchange!r} is no exchange; write it as a watch list does: NASDAQ, NYSE"
        )


def _table(run: RunFiles, options: ExportOptions) -> pl.DataFrame:
    if options.what == "values":
        assert options.scanner is not None
        return run.collect(run.values(options.scanner))
    frame = hits_csv(run) if (options.what, options.format) == ("hits", "csv") else run.read(options.what)
    if options.scanner is None:
        return frame
    if "scanner" not in frame.columns:
        raise InputError(f"{options.what} have no scanner; leave out --scanner")
    return frame.filter(pl.col("scanner") == options.scanner)


def _metadata(run: RunFiles, day: date, hits: pl.DataFrame) -> pl.Series:
    """Return the metadata of a session's hits as JSON."""
    texts = pl.repeat(_EMPTY, hits.height, dtype=pl.String, eager=True).to_list()
    numbered = hits.with_row_index("row")
    for scanner in numbered["scanner"].unique().to_list():
        notes = run.value_notes(scanner, day)
        if notes is None:
            continue
        path = values_file(run.folder, scanner, day)
        frame = run.collect(pl.scan_parquet(path, glob=False, hive_partitioning=False))
        rows = numbered.filter(pl.col("scanner") == scanner)["row"].to_list()
        for row, text in zip(rows, json_texts(frame, notes).to_list(), strict=True):
            texts[row] = text
    return pl.Series(texts, dtype=pl.String)


def _csv(frame: pl.DataFrame) -> bytes:
    return with_texts(frame).write_csv().encode()


def _parquet(frame: pl.DataFrame) -> bytes:
    target = BytesIO()
    frame.write_parquet(target, compression="zstd")
    return target.getvalue()


def _json(frame: pl.DataFrame) -> bytes:
    return (with_texts(frame).write_json() + "\n").encode()


_WRITERS: Final[dict[str, Callable[[pl.DataFrame], bytes]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "json": _json,
}


def _list_text(run: RunFiles, options: ExportOptions) -> str:
    lists = {name: symbols for name, symbols in last_lists(run).items() if options.scanner in (None, name)}
    if not any(lists.values()):
        of = f"scanner '{options.scanner}'" if options.scanner else "any scanner"
        when = f" of {run.sessions[-1]}" if run.sessions else ""
        raise InputError(
            f"{run.folder}: no symbol was on the list of {of} at its last scan{when}; "
            "--what episodes has everyone who was on it earlier"
        )
    if options.format == "universe":
        return "\n".join(_universe_lines(run, lists, options.sessions_ahead)) + "\n"
    return ",".join(_watch_list(lists, f"{options.exchange}:" if options.exchange else "")) + "\n"


def last_lists(run: RunFiles) -> dict[str, list[str]]:
    """Return who was on each scanner's list at its last scan that was ok in the last session, best first."""
    if not run.sessions:
        return {}
    of_day = pl.col("session") == run.sessions[-1]
    scans = run.collect(run.scans().filter(of_day, pl.col("outcome") == "ok"))
    hits = run.collect(run.hits().filter(of_day))
    lists = {}
    for name in run.scanners:
        last = scans.filter(pl.col("scanner") == name).tail(1)
        found = hits.join(last, on=["scan_at", "scanner", "phase"], how="semi").sort("rank")
        lists[name] = found["symbol"].to_list()
    return lists


def _watch_list(lists: dict[str, list[str]], prefix: str) -> Iterator[str]:
    """Yield the entries of a watch list; with several scanners, a section for each."""
    found = {name: symbols for name, symbols in lists.items() if symbols}
    for name, symbols in found.items():
        if len(found) > 1:
            yield "###" + " ".join(name.replace(",", " ").split())
        yield from (f"{prefix}{symbol}" for symbol in symbols)


def _universe_lines(run: RunFiles, lists: dict[str, list[str]], sessions_ahead: int | None) -> Iterator[str]:
    day = run.sessions[-1]
    names = ", ".join(" ".join(name.split()) for name in lists)
    yield f"# as_of: {day}"
    yield f"# the list of {names} at its last scan, of run {run.run_id or run.summary.get('name')}"
    if sessions_ahead is not None:
        ahead = _next_sessions(str(run.summary.get("exchange", "NYSE")), day, sessions_ahead)
        yield f"# for: {ahead[0]} to {ahead[-1]} ({len(ahead)} sessions)"
    for symbol in dict.fromkeys(symbol for symbols in lists.values() for symbol in symbols):
        if "#" in symbol:
            raise InputError(f"'{symbol}' cannot be in the file of a universe: there '#' begins a remark")
        yield symbol


def _next_sessions(exchange: str, day: date, count: int) -> list[date]:
    calendar, found = SessionCalendar(exchange), list[date]()
    while len(found) < count:
        day = calendar.next(day).date
        found.append(day)
    return found


def parse_sessions_ahead(text: str) -> int:
    """Parse for how many sessions a list is: ``5d``.

    Raises
    ------
    InputError
        If it is none.
    """
    number = text.removesuffix("d")
    if not (text.endswith("d") and number.isascii() and number.isdigit() and 0 < int(number) <= 250):
        raise InputError(f"--for {text!r} is no number of sessions; write 1d to 250d")
    return int(number)
