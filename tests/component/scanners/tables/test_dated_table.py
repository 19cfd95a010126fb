"""Dated files: read as a whole, refused with their line, and joined as they were known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import TableError
from symscan.model.instant import from_datetime
from symscan.model.universes.dated_file import DatedFile
from symscan.scanners.tables.dated_columns import DatedColumns, sessions_until
from symscan.scanners.tables.dated_table import DatedTable, find_table, read_table
from symscan.scanners.tables.scanner_tables import ScannerTables, as_dated_files
from symscan.scanners.tables.times import known_since

ZONE = ZoneInfo("America/New_York")
HEAD = "symbol,published,cap,report\n"


def _read(folder: Path, text: str, zone: str | None = "America/New_York") -> DatedTable:
    path = folder / f"{abs(hash((text, zone)))}.csv"
    path.write_text(text)
    return read_table(path, DatedFile(path.name, "published", zone), ZONE)


def _at(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=ZONE))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-03-01", "2018-03-02T00:00-05:00"),  # from the next session on
        ("2018-03-10", "2018-03-11T00:00-05:00"),  # before clocks go forward
        ("2018-03-11", "2018-03-12T00:00-04:00"),
        ("2018-03-01 16:30", "2018-03-01T16:30-05:00"),
        ("2018-03-01T16:30:15", "2018-03-01T16:30:15-05:00"),
        ("2018-03-01T21:30:00Z", "2018-03-01T16:30-05:00"),
        ("2018-03-01 16:30:00.25-0500", "2018-03-01T16:30:00.25-05:00"),
        ("2018-03-02T03:00+05:30", "2018-03-01T21:30+00:00"),
        ("2018-11-04 01:30", "2018-11-04T01:30-05:00"),  # twice on the clock: the later one
        ("2018-03-11 02:30", None),  # not on the clock
        ("2018-02-30", None),
        ("01/03/2018", None),
        ("2018-03-01 25:00", None),
    ],
)
def test_times(text: str, expected: str | None) -> None:
    [found] = known_since(pl.Series([text]), "America/New_York", ZONE).to_list()
    assert found == (None if expected is None else from_datetime(datetime.fromisoformat(expected)))


def test_midnight_that_clocks_leave_out() -> None:
    zone = ZoneInfo("America/Sao_Paulo")  # 2018-11-04 began at 01:00
    [found] = known_since(pl.Series(["2018-11-03"]), None, zone).to_list()
    assert found == from_datetime(datetime(2018, 11, 4, 1, tzinfo=zone))


@pytest.mark.parametrize(
    ("text", "zone", "line", "key", "said"),
    [
        ("", None, None, "file", "the file is empty; write a header with 'published'"),
        ("symbol,date\nA,2018-01-01\n", None, 1, "as_of", "no column 'published'"),
        (HEAD + "A,,1,\n", None, 2, None, "there is no date in column 'published'"),
        (HEAD + "A,soon,1,\n", None, 2, None, "'soon' in column 'published' is not a time; write 2018-03-01"),
        ("# a note\n\n" + HEAD + "A,2018-01-01 09:00,1,\n", None, 4, "zone", "has no zone; give one"),
        (HEAD + "A,2018-03-11 02:30,1,\n", "America/New_York", 2, None, "is not a time"),
        (HEAD + "A B,2018-01-01,1,\n", None, 2, None, "'A B' is not a symbol"),
        (HEAD + "A,2018-01-01,1,\n,2018-01-01,1,\n", None, 3, None, "'' is not a symbol"),
        (HEAD + "A,2018-01-01,1,\nB,2018-01-02,2,\nA,2018-01-01,3,\n", None, 4, None, "the other on line 2"),
        (HEAD + "A,2018-01-01,1,\nB,2018-01-02\n", None, 3, None, "2 values, but the header has 4 columns"),
        (HEAD + "A,2018-01-01,1,,5\n", None, 2, None, "5 values, but the header has 4 columns"),
        (HEAD + "A,2018-01-01,1,\nB,2018-01-01,2,\nC,2018-01-01,n/a,\n", None, 4, None, "'n/a' stands in"),
        ("symbol,published,close\nA,2018-01-01,1\n", None, 1, None, "name of a session reading; rename it"),
        ("symbol,published,rsi_14_5m\nA,2018-01-01,1\n", None, 1, None, "indicator's key; rename it"),
        ("symbol,published,cap,Cap\nA,2018-01-01,1,2\n", None, 1, None, "the second column 'cap'"),
    ],
)
def test_malformed_files(
    tmp_path: Path, text: str, zone: str | None, line: int | None, key: str | None, said: str
) -> None:
    with pytest.raises(TableError) as caught:
        _read(tmp_path, text, zone)
    assert said in str(caught.value)
    assert (f".csv:{line}: " in str(caught.value)) == (line is not None)
    assert caught.value.key == key


def test_columns_have_types(tmp_path: Path) -> None:
    table = _read(
        tmp_path,
        'Ticker,published,"Market Cap",report,name\nA,2018-01-01,1e9,2018-02-01,"x, y"\nB,2018-01-01,nan,,\n',
    )
    assert table.frame.schema == {
        "symbol": pl.String,
        "market_cap": pl.Float64,
        "report": pl.Date,
        "name": pl.String,
    }
    assert table.frame.rows() == [("A", 1e9, date(2018, 2, 1), "x, y"), ("B", None, None, None)]


def test_numbers_that_are_not_finite_are_unknown(tmp_path: Path) -> None:
    table = _read(
        tmp_path, HEAD + "A,2018-01-01,inf,\nB,2018-01-01,-Infinity,\nC,2018-01-01,1e999,\nD,2018-01-01,2,\n"
    )
    assert table.frame["cap"].to_list() == [None, None, None, 2.0]


def test_last_known_row_counts_as_an_as_of_join_has_it(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    start = datetime(2018, 3, 1, 9, tzinfo=ZONE)
    minutes = random.choice(60 * 24 * 5, 200, replace=False)
    rows = pl.DataFrame(
        {
            "symbol": random.choice(["A", "B", "C", "D"], 200),
            "published": [(start + timedelta(minutes=int(one))).isoformat() for one in minutes],
            "cap": random.integers(1, 99, 200).astype(float),
            "name": random.choice(["x", "y", ""], 200),
        }
    )
    table = _read(tmp_path, rows.write_csv())
    joined = DatedColumns([table], ("C", "Z", "A", "B"), SessionCalendar())
    known = rows.with_columns(
        at=pl.col("published").str.to_datetime("%Y-%m-%dT%H:%M:%S%:z", time_zone="UTC"),
        name=pl.col("name").replace("", None),
    ).sort("at")
    for minute in (0, 500, 501, 3000, 200, 7200):
        at = start + timedelta(minutes=minute)
        asked = pl.DataFrame({"symbol": ["C", "Z", "A", "B"], "at": at}).with_columns(
            pl.col("at").dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        )
        expected = asked.join_asof(known, on="at", by="symbol", check_sortedness=False)
        for name in ("cap", "name"):
            found = joined.series(name, from_datetime(at))
            assert found.to_list() == expected[name].to_list()
        without = joined.without_row(["cap"], from_datetime(at))
        assert without is not None
        assert without.tolist() == expected["published"].is_null().to_list()


def test_days_to_counts_sessions() -> None:
    calendar = SessionCalendar()
    today = date(2018, 3, 28)  # a Wednesday; 2018-03-30 is Good Friday
    dates = [
        "2018-03-27",
        "2018-03-28",
        "2018-03-29",
        "2018-03-30",
        "2018-03-31",
        "2018-04-02",
        "2018-04-03",
        "2018-03-25",
        "2019-03-28",
        "9999-12-31",
    ]
    days = pl.Series(dates).str.to_date().to_physical().cast(pl.Float64).to_numpy()
    found = sessions_until(np.append(days, np.nan), today, calendar)
    a_year = len(calendar.sessions(today, date(2019, 3, 28))) - 1
    assert found[:9].tolist() == [-1, 0, 1, 2, 2, 2, 3, -2, a_year]
    assert np.isnan(found[9:]).all()


def test_table_of_code_is_of_what_was_known(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(
        "symbol,announced,report\nA,2018-03-01T17:00-05:00,2018-04-01\nA,2018-03-02,2018-04-02\n"
        "B,2018-03-01,2018-05-01\n"
    )
    tables = ScannerTables((), (DatedFile("e.csv", "announced"),), (tmp_path,), "NYSE")
    assert tables.known("e.csv", _at("2018-03-01T16:00")).is_empty()
    assert tables.known("e.csv", _at("2018-03-02T00:00"))["symbol"].to_list() == ["A", "B"]
    latest = tables.known("e.csv", _at("2018-03-05T09:30"), latest=True)
    assert latest["symbol", "report"].rows() == [("B", date(2018, 5, 1)), ("A", date(2018, 4, 2))]
    assert str(latest["announced"][1]) == "2018-03-03 00:00:00-05:00"
    with pytest.raises(TableError, match=r"does not rest on 'f.csv' \(it declares: 'e.csv'\); declare it"):
        tables.known("f.csv", 0)


def test_rests_on_is_a_mapping() -> None:
    assert as_dated_files({"a.csv": "x", "b.csv": DatedFile("", "y", "UTC")}) == (
        DatedFile("a.csv", "x"),
        DatedFile("b.csv", "y", "UTC"),
    )
    with pytest.raises(TableError, match=r"rests_on says 3 of 'a\.csv'; name its date column"):
        as_dated_files({"a.csv": 3})  # type: ignore[dict-item]
    with pytest.raises(TableError, match=r"rests_on is .*; write rests_on = "):
        as_dated_files(["a.csv"])  # type: ignore[arg-type]


def test_digest_is_of_the_rows_that_were_known(tmp_path: Path) -> None:
    before = _read(tmp_path, HEAD + "A,2018-01-01,1,\n")
    after = _read(tmp_path, HEAD + "A,2018-01-01,1,\nA,2018-02-01,2,\n")
    early, late = _at("2018-01-15T12:00"), _at("2018-03-01T12:00")
    assert before.digest(early) == after.digest(early)
    assert before.digest(late) != after.digest(late)


def test_two_files_with_one_column_are_refused(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("symbol,published,cap\nA,2018-01-01,1\n")
    files = [DatedFile("a.csv", "published"), DatedFile("b.csv", "published")]
    with pytest.raises(TableError, match=r"b.csv: the column 'cap' is also in .*a.csv; rename one"):
        ScannerTables(files, (), (tmp_path,), "NYSE").check({}, ("A",))
    with pytest.raises(TableError, match="none of its symbols is in the universe"):
        ScannerTables(files[:1], (), (tmp_path,), "NYSE").check({}, ("Q",))
    with pytest.raises(TableError, match=r"there is no file 'c\.csv'"):
        ScannerTables([DatedFile("c.csv", "x")], (), (tmp_path,), "NYSE").check({}, ("Q",))


def test_where_a_missing_file_was_looked_for_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TableError) as raised:
        find_table("c.csv", (tmp_path, tmp_path / "project"))
    tried = f"{tmp_path / 'c.csv'}, {tmp_path / 'project' / 'c.csv'}"
    assert str(raised.value) == f"there is no file 'c.csv' (looked for {tried})"
