"""What is exported: the tables as the run wrote them, watch lists, and a universe for tomorrow."""

from __future__ import annotations

import json
from datetime import date
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from component.runs.conftest import DAYS, HOSTILE
from support.runs import Run, play
from symscan.errors import InputError
from symscan.runs.export import ExportOptions, export, export_to, parse_sessions_ahead
from symscan.runs.reading import RunFiles
from symscan.runs.texts import iso_texts
from symscan.scanners.universe import load_universe


@pytest.fixture
def opened(run: Run) -> RunFiles:
    return RunFiles.open(run.folder)


@pytest.mark.parametrize("what", ["hits", "scans", "unknown"])
def test_csv_is_the_file_that_the_run_wrote(run: Run, opened: RunFiles, what: str) -> None:
    assert export(opened, ExportOptions(what)) == run.bytes(f"{what}.csv")


def test_episodes_have_all_digits_and_instants_where_the_file_for_people_has_not(
    run: Run, opened: RunFiles
) -> None:
    exported = pl.read_csv(export(opened, ExportOptions("episodes")), infer_schema_length=None)
    shown = pl.read_csv(run.bytes("episodes.csv"), infer_schema_length=None)
    percents = ["highest_pct", "lowest_pct"]
    stored = pl.read_parquet(run.folder / "episodes" / "*.parquet")
    assert exported[percents].equals(stored[percents], null_equal=True)
    assert exported["entered"].to_list() == iso_texts(stored["entered"]).to_list()
    others = pl.exclude("values", "entered", "left")
    assert exported.with_columns(pl.col(percents).round(2)).select(others).equals(shown.select(others))


def test_hits_of_one_scanner_are_its_lines(run: Run, opened: RunFiles) -> None:
    exported = export(opened, ExportOptions(scanner="above")).decode().splitlines()
    assert exported == [run.lines("hits.csv")[0], *run.hits_of("above")]
    assert len(exported) > 100


def test_mixed_metadata_is_exported_as_the_run_writes_it(store: Path, tmp_path: Path) -> None:
    """Whole numbers among others, names in another order, columns at one scan and mappings at the next."""
    (tmp_path / "mixed.py").write_text(
        """
import polars as pl
from symscan import BaseScanner, ScanResult

class Scanner(BaseScanner):
    def setup(self, context):
        return True

    def scan(self, context):
        minute = int(context.current_time.timestamp()) // 60
        found = ["AAA", "BBB"]
        values = {"score": 1 if minute % 10 else 0.5, "level": 2.0}
        reverse = dict(reversed(values.items()))
        return ScanResult(found, {"AAA": values, "BBB": reverse})
"""
    )
    often = [{"start": "10:00", "end": "11:00", "interval": "5m"}]
    scanners = [{"name": "m", "module": "mixed", "regular_session": often}]
    made = play(tmp_path, scanners, store, DAYS[0])
    assert '"{""level"": 2.0, ""score"": 0.5}"' in made.bytes("hits.csv").decode()
    assert export(RunFiles.open(made.folder), ExportOptions()) == made.bytes("hits.csv")


def test_parquet_and_json_hold_the_same(opened: RunFiles) -> None:
    frame = pl.read_parquet(BytesIO(export(opened, ExportOptions("episodes", "parquet"))))
    assert frame.equals(opened.read("episodes"))
    rows = json.loads(export(opened, ExportOptions("episodes", "json", "above")))
    assert [row["symbol"] for row in rows] == frame.filter(scanner="above")["symbol"].to_list()
    assert rows[0]["entered"] == frame.filter(scanner="above")["entered"][0].strftime("%Y-%m-%dT%H:%M:%SZ")


def test_values_are_those_of_one_scanner(opened: RunFiles) -> None:
    frame = pl.read_parquet(BytesIO(export(opened, ExportOptions("values", "parquet", HOSTILE))))
    assert frame.equals(opened.collect(opened.values(HOSTILE)))


def _last_list(run: Run, scanner: str) -> list[str]:
    """The symbols of the scanner's last scan that was ok, from the text files alone."""
    scans = run.table("scans").filter(scanner=scanner, outcome="ok", session=str(DAYS[1]))
    hits = run.hits.filter(pl.col("scan_at") == scans["scan_at"].max(), scanner=scanner)
    return hits.sort("rank")["symbol"].to_list()


def test_a_watch_list_has_who_was_there_at_the_last_scan(run: Run, opened: RunFiles) -> None:
    above = _last_list(run, "above")
    assert above
    assert (
        export(opened, ExportOptions(format="tradingview", scanner="above")).decode()
        == ",".join(above) + "\n"
    )
    everyone = ",".join(["###1. näme +", *_last_list(run, HOSTILE), "###above", *above]) + "\n"
    assert export(opened, ExportOptions(format="tradingview")).decode() == everyone


def test_a_watch_list_may_name_the_exchange(run: Run, opened: RunFiles) -> None:
    exported = export(
        opened, ExportOptions(format="tradingview", scanner="above", exchange="NASDAQ")
    ).decode()
    assert exported == ",".join(f"NASDAQ:{symbol}" for symbol in _last_list(run, "above")) + "\n"
    for exchange, form in (("nasdaq", "tradingview"), ("A:B", "tradingview"), ("NASDAQ", "universe")):
        with pytest.raises(InputError, match="--exchange"):
            export(opened, ExportOptions(format=form, exchange=exchange))


def test_last_nights_list_is_tomorrows_universe(store: Path, tmp_path: Path) -> None:
    first = RunFiles.open(play(tmp_path / "one", _screens("AAA,BBB,CCC", tmp_path), store, DAYS[0]).folder)
    target = tmp_path / "tonight.txt"
    export_to(first, ExportOptions(format="universe", sessions_ahead=5), target)
    universe = load_universe(str(target))
    assert universe.as_of == DAYS[0]
    assert set(universe.symbols) == {"AAA", "BBB", "CCC"}
    assert f"# for: {DAYS[1]} to {date(2018, 3, 5)} (5 sessions)" in target.read_text()
    screen = {"name": "next", "universe": str(target), "where": "close > 0", "regular_session": _AT_TEN}
    second = play(tmp_path / "two", [screen], store, DAYS[1])
    assert set(second.hits["symbol"]) == {"AAA", "BBB", "CCC"}


_AT_TEN = [{"start": "10:00", "end": "10:00", "interval": "5m"}]


def _screens(symbols: str, folder: Path) -> list[dict[str, object]]:
    path = folder / "first.txt"
    path.write_text("\n".join(symbols.split(",")) + "\n")
    return [{"name": "tonight", "universe": str(path), "where": "close > 0", "regular_session": _AT_TEN}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ExportOptions("hit"), "there is no 'hit' to export; there are hits, episodes"),
        (ExportOptions(format="xlsx"), "there is no format 'xlsx'; there are csv"),
        (ExportOptions(scanner="abov"), r"no scanner 'abov' in the run; did you mean 'above'\?"),
        (
            ExportOptions("values"),
            r"each scanner has values of its own; name one by --scanner \(there are: 1",
        ),
        (ExportOptions("scans", "universe"), "a list for 'universe' is made of hits; leave out --what"),
        (ExportOptions(sessions_ahead=5), "give it with --format universe"),
        (ExportOptions("trades", scanner="above"), "trades have no scanner; leave out --scanner"),
        (ExportOptions(format="universe", scanner="never"), "no symbol was on the list of scanner 'never'"),
    ],
)
def test_what_cannot_be_exported(opened: RunFiles, options: ExportOptions, message: str) -> None:
    with pytest.raises(InputError, match=message):
        export(opened, options)


@pytest.mark.parametrize("text", ["5", "d", "0d", "251d", "-1d", "5 d", "five"])
def test_a_number_of_sessions(text: str) -> None:
    assert parse_sessions_ahead("5d") == 5
    with pytest.raises(InputError, match="is no number of sessions; write 1d to 250d"):
        parse_sessions_ahead(text)


def test_a_file_that_cannot_be_written(opened: RunFiles, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is a folder"):
        export_to(opened, ExportOptions(), tmp_path)
    with pytest.raises(InputError, match=r"there is no folder .*nowhere; make it first"):
        export_to(opened, ExportOptions(), tmp_path / "nowhere" / "hits.csv")
