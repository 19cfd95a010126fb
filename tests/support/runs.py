"""Playing a configuration over a store in a folder of its own, and reading what the run wrote."""

from __future__ import annotations

import json
from contextlib import chdir
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import parse_config
from symscan.model.interval import Interval
from symscan.observers.results.run_folder import run_folder
from symscan.runs.texts import with_texts
from symscan.runtime.assembly import assemble_backtest
from symscan.runtime.runner import run_backtest
from symscan.runtime.session_bars import StoredSessionBars
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.importing.splits import import_splits
from symscan.sources.store.bar_store import BarStore


@dataclass(frozen=True)
class Run:
    """What a run wrote."""

    folder: Path

    def table(self, name: str) -> pl.DataFrame:
        """A table with instants as texts; episodes.csv is for people."""
        if name == "episodes":
            return with_texts(pl.read_parquet(self.folder / name / "*.parquet"))
        return pl.read_csv(self.folder / f"{name}.csv", infer_schema_length=None)

    @property
    def hits(self) -> pl.DataFrame:
        return self.table("hits")

    def bytes(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def columnar(self) -> list[str]:
        """The names of its Parquet files."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*.parquet"))

    def lines(self, name: str) -> list[str]:
        return (self.folder / name).read_text().splitlines()

    def hits_of(self, scanner: str) -> list[str]:
        """The lines of one scanner's hits, as written."""
        return [line for line in self.lines("hits.csv") if f",{scanner}," in line]

    def found(self, scanner: str) -> set[tuple[str, str]]:
        """When a scanner returned which symbol."""
        return set(self.hits.filter(scanner=scanner).select("scan_at", "symbol").iter_rows())


def lines_without(path: Path, *columns: str) -> list[str]:
    """The lines of a table, without some columns and the times at which live results were applied."""
    frame = pl.read_csv(path, infer_schema=False)
    return frame.drop(*columns, "decided_at", strict=False).write_csv().splitlines()


def make_store(
    folder: Path,
    bars: dict[str, pl.DataFrame],
    splits: list[tuple[str, date, float]] | None = None,
) -> Path:
    """A store of bars by interval, through the importer: ``symbol, ts`` or ``date``, and the five fields."""
    folder.mkdir(parents=True, exist_ok=True)
    store, calendar = BarStore.create(folder / "store"), SessionCalendar()
    for name, frame in bars.items():
        interval = Interval.parse(name)
        frame.write_parquet(folder / f"{name}.parquet")
        options = ImportOptions(interval, label=Label.START if interval.is_intraday else None)
        import_bars(store, [folder / f"{name}.parquet"], options, calendar)
    if splits:
        lines = ["symbol,ex_date,ratio", *(f"{symbol},{day},{ratio}" for symbol, day, ratio in splits)]
        (folder / "splits.csv").write_text("\n".join(lines) + "\n")
        import_splits(store, folder / "splits.csv")
    return store.root


def play(
    folder: Path,
    scanners: list[dict[str, Any]],
    store: Path,
    first: date,
    last: date | None = None,
    **more: Any,
) -> Run:
    """Run scanners; ``folder`` is the project's and holds their modules and universes."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"session_data_config": {"scanners": scanners, **more}})
    config = parse_config(text, str(folder / "session.json"))
    out = folder / f"run{sum(1 for _ in folder.glob('run*'))}"
    # Universes are looked up in the current folder first, and the project's own ships one called sp500.
    with chdir(folder):
        backtest = assemble_backtest(config, store, first, last or first)
        bars = StoredSessionBars(backtest.store)
        with run_folder(
            out, force=False, facts=dict, bars=bars, csv=True, warnings=backtest.warnings
        ) as results:
            run_backtest(backtest, [results])
    return Run(out)
