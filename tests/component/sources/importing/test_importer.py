"""From bar files to stored bars: what becomes of every row."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import DataError
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, Interval
from symscan.sources.importing import files as bar_files
from symscan.sources.importing.importer import ImportReport, import_bars
from symscan.sources.importing.options import (
    BadRows,
    ImportOptions,
    Label,
    OnConflict,
    OpeningPrint,
    Outside,
    ZeroVolume,
)
from symscan.sources.store.bar_store import BarStore

HEADER = "symbol,ts,open,high,low,close,volume\n"
TUESDAY = date(2018, 2, 20)
STARTS = ImportOptions(ONE_MINUTE, Label.START, timezone="America/New_York")
ENDS = replace(STARTS, label=Label.END)
DAYS = ImportOptions(ONE_DAY)
FLAT = "10,10,10,10,100"

Row = tuple[Any, ...]


@dataclass
class Desk:
    """A store, and a folder to import from."""

    folder: Path
    store: BarStore

    def write(self, text: str, name: str = "bars.csv") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def take(self, text: str, options: ImportOptions = STARTS, name: str = "bars.csv") -> ImportReport:
        return import_bars(self.store, [self.write(text, name)], options, SessionCalendar())

    def refuse(self, text: str, options: ImportOptions = STARTS, name: str = "bars.csv") -> str:
        with pytest.raises(DataError) as error:
            self.take(text, options, name)
        assert self.store.generation == 0
        return str(error.value)

    def bars(self, interval: Interval = ONE_MINUTE) -> list[Row]:
        """Symbol, local start as text (intraday), open, high, low, close, volume."""
        frame = self.store.load(interval, self.store.sessions(interval))
        if interval.is_intraday:
            local = pl.col("start").dt.convert_time_zone("America/New_York").dt.strftime("%m-%d %H:%M")
            frame = frame.with_columns(local)
        return frame.drop("session").rows()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "files"
    folder.mkdir()
    return Desk(folder, BarStore.create(tmp_path / "store"))


def test_rows_become_bars_sorted_by_symbol_and_start(desk: Desk) -> None:
    report = desk.take(
        HEADER
        + "B,2018-02-20 09:31,2,4,1,3,30\n"
        + "B,2018-02-20 09:30,1,2,1,2,20.0\n"
        + "A,2018-02-20 09:30,5,6,5,6,1e1\n"
        + "A,2018-02-21 09:30,7,7,7,7,1\n"
    )
    assert desk.bars() == [
        ("A", "02-20 09:30", 5.0, 6.0, 5.0, 6.0, 10.0),
        ("B", "02-20 09:30", 1.0, 2.0, 1.0, 2.0, 20.0),
        ("B", "02-20 09:31", 2.0, 4.0, 1.0, 3.0, 30.0),
        ("A", "02-21 09:30", 7.0, 7.0, 7.0, 7.0, 1.0),
    ]
    assert (report.rows, report.bars, report.symbols) == (4, 4, ("A", "B"))
    assert report.sessions == report.changed == (TUESDAY, date(2018, 2, 21))


class TestLabels:
    def test_intraday_bars_need_one(self) -> None:
        with pytest.raises(DataError, match="--label is needed for 5m bars"):
            ImportOptions(FIVE_MINUTES)

    def test_a_bar_labelled_by_its_end_started_before(self, desk: Desk) -> None:
        desk.take(HEADER + f"A,2018-02-20 09:31,{FLAT}\nA,2018-02-20 16:00,{FLAT}\n", ENDS)
        assert [row[1] for row in desk.bars()] == ["02-20 09:30", "02-20 15:59"]

    def test_the_last_bar_of_a_session_may_be_cut_short(self, desk: Desk) -> None:
        hours = replace(ENDS, interval=Interval.parse("1h"))
        rows = "".join(f"A,2018-11-23 {end},{FLAT}\n" for end in ("12:30", "13:00"))
        desk.take(HEADER + rows, hours)
        assert [row[1] for row in desk.bars(hours.interval)] == ["11-23 11:30", "11-23 12:30"]

    def test_daylight_saving_weeks(self, desk: Desk) -> None:
        desk.take(HEADER + f"A,2018-03-09 09:30,{FLAT}\nA,2018-03-12 09:30,{FLAT}\n")
        frame = desk.store.load(ONE_MINUTE, desk.store.sessions(ONE_MINUTE))
        assert frame["start"].to_list() == [
            datetime(2018, 3, 9, 14, 30, tzinfo=UTC),
            datetime(2018, 3, 12, 13, 30, tzinfo=UTC),
        ]


class TestOpeningPrint:
    PRINT = "A,2018-02-20 09:30,9,12,9,11,50\n"
    FIRST = "A,2018-02-20 09:31,10,11,8,10,100\n"

    def test_it_is_merged_into_the_first_minute(self, desk: Desk) -> None:
        report = desk.take(HEADER + self.FIRST + self.PRINT, ENDS)
        assert desk.bars() == [("A", "02-20 09:30", 9.0, 12.0, 8.0, 10.0, 150.0)]
        assert (report.prints_merged, report.bars) == (1, 1)

    def test_alone_it_is_the_first_minute(self, desk: Desk) -> None:
        desk.take(HEADER + self.PRINT + "B,2018-02-20 09:31,1,1,1,1,1\n", ENDS)
        assert desk.bars() == [
            ("A", "02-20 09:30", 9.0, 12.0, 9.0, 11.0, 50.0),
            ("B", "02-20 09:30", 1.0, 1.0, 1.0, 1.0, 1.0),
        ]

    def test_it_is_merged_once_however_often_it_is_there(self, desk: Desk) -> None:
        report = desk.take(HEADER + (self.PRINT + self.FIRST) * 2, ENDS)
        assert desk.bars() == [("A", "02-20 09:30", 9.0, 12.0, 8.0, 10.0, 150.0)]
        assert (report.duplicates, report.prints_merged) == (2, 1)
        again = desk.take(HEADER + self.PRINT + self.FIRST, ENDS)
        assert (again.duplicates, again.changed) == (1, ())

    def test_it_may_be_dropped(self, desk: Desk) -> None:
        report = desk.take(HEADER + self.PRINT + self.FIRST, replace(ENDS, opening_print=OpeningPrint.DROP))
        assert desk.bars() == [("A", "02-20 09:30", 10.0, 11.0, 8.0, 10.0, 100.0)]
        assert report.prints_dropped == 1

    def test_among_pre_market_bars_it_is_in_doubt(self, desk: Desk) -> None:
        text = HEADER + "A,2018-02-20 09:29,8,8,8,8,5\n" + self.PRINT + self.FIRST
        assert "bars.csv:3: A at 2018-02-20T14:30:00Z" in (message := desk.refuse(text, ENDS))
        assert "--opening-print merge" in message
        desk.take(text, replace(ENDS, opening_print=OpeningPrint.KEEP))
        assert [row[1] for row in desk.bars()] == ["02-20 09:28", "02-20 09:29", "02-20 09:30"]
        assert desk.bars()[1][2:] == (9.0, 12.0, 9.0, 11.0, 50.0)

    def test_start_labelled_bars_have_none(self, desk: Desk) -> None:
        assert desk.take(HEADER + self.PRINT + self.FIRST).prints_merged == 0
        assert len(desk.bars()) == 2


class TestDuplicates:
    ROW = f"A,2018-02-20 09:30,{FLAT}\n"
    OTHER = "A,2018-02-20 09:30,10,10.5,10,10,100\n"

    def test_agreeing_ones_are_dropped_and_counted(self, desk: Desk) -> None:
        assert desk.take(HEADER + self.ROW * 3).duplicates == 2
        again = desk.take(HEADER + self.ROW)
        assert (again.duplicates, again.changed, len(desk.bars())) == (1, (), 1)

    def test_conflicting_ones_are_named(self, desk: Desk) -> None:
        message = desk.refuse(HEADER + self.ROW + self.OTHER)
        assert "rows of 2018-02-20 that contradict another row of the same bar: 1;" in message
        assert "--on-conflict first or last" in message
        assert (
            "bars.csv:2: A at 2018-02-20T14:30:00Z: open 10, high 10, low 10, close 10, volume 100" in message
        )
        assert "bars.csv:3: A at 2018-02-20T14:30:00Z: open 10, high 10.5," in message

    def test_a_conflict_with_a_stored_bar_is_named(self, desk: Desk) -> None:
        desk.take(HEADER + self.ROW)
        with pytest.raises(DataError, match=r"the store: A at 2018-02-20T14:30:00Z: open 10, high 10,"):
            desk.take(HEADER + self.OTHER)
        assert desk.bars()[0][3] == 10.0

    @pytest.mark.parametrize(("choice", "high"), [(OnConflict.FIRST, 10.0), (OnConflict.LAST, 10.5)])
    def test_conflicts_are_settled_on_request(self, desk: Desk, choice: OnConflict, high: float) -> None:
        report = desk.take(HEADER + self.ROW + self.OTHER, replace(STARTS, on_conflict=choice))
        assert [row[3] for row in desk.bars()] == [high]
        assert (report.conflicts, report.duplicates) == (1, 0)

    @pytest.mark.parametrize(("choice", "high"), [(OnConflict.FIRST, 10.0), (OnConflict.LAST, 10.5)])
    def test_stored_bars_come_first(self, desk: Desk, choice: OnConflict, high: float) -> None:
        desk.take(HEADER + self.ROW)
        desk.take(HEADER + self.OTHER, replace(STARTS, on_conflict=choice))
        assert [row[3] for row in desk.bars()] == [high]

    def test_daily_bars_follow_the_same_rule(self, desk: Desk) -> None:
        day = "A,2018-02-20,10,10,10,10,1\n"
        assert "2018-02-20: open 10," in desk.refuse(HEADER + day + "A,2018-02-20,9,10,9,10,1\n", DAYS)
        assert desk.take(HEADER + day * 2, DAYS).duplicates == 1

    def test_new_bars_join_stored_ones(self, desk: Desk) -> None:
        desk.take(HEADER + f"B,2018-02-20 09:31,{FLAT}\n")
        report = desk.take(HEADER + f"C,2018-02-20 09:30,{FLAT}\nA,2018-02-20 09:31,{FLAT}\n")
        assert [row[0] for row in desk.bars()] == ["A", "B", "C"]
        assert report.bars == 2
        assert desk.store.symbols() == {"A", "B", "C"}


class TestRowsThatAreNoBars:
    @pytest.mark.parametrize("cell", ["12,5", "n/a", "1 000"])
    def test_text_that_is_no_number_is_named(self, desk: Desk, cell: str) -> None:
        text = HEADER + f'A,2018-02-20 09:30,{FLAT}\nA,2018-02-20 09:31,10,10,"{cell}",10,1\n'
        for options in (STARTS, replace(STARTS, bad_rows=BadRows.DROP)):
            message = desk.refuse(text, options)
            assert f"bars.csv:3: low '{cell}' is not a number" in message

    def test_text_that_is_no_time_is_named(self, desk: Desk) -> None:
        message = desk.refuse(HEADER + f"A,2018-02-20 09:30,{FLAT}\nA,later,{FLAT}\n")
        assert "bars.csv:3: ts 'later' is not a time" in message

    @pytest.mark.parametrize(
        ("row", "fault"),
        [
            ("A,2018-02-20 09:31,10,9,10,10,1", "the high is not the highest"),
            ("A,2018-02-20 09:31,10,11,10.5,10.5,1", "the low not the lowest"),
            ("A,2018-02-20 09:31,0,10,0,10,1", "a price is not above zero"),
            ("A,2018-02-20 09:31,-1,10,-1,10,1", "a price is not above zero"),
            ("A,2018-02-20 09:31,10,10,10,10,-1", "the volume is negative"),
            ("A,2018-02-20 09:31,10,,10,10,1", "a value is missing"),
            ("A,2018-02-20 09:31,10,nan,10,10,1", "a value is missing or not finite"),
            ("A,2018-02-20 09:31,10,inf,10,10,1", "a value is missing or not finite"),
            ("A,2018-02-20 09:31,10,10,10,10,", "a value is missing"),
            ("A,,10,10,10,10,1", "a value is missing"),
            (" ,2018-02-20 09:31,10,10,10,10,1", "a value is missing"),
            ("A,2018-02-20 09:31,10,10", "a value is missing"),
            ("A,", "a value is missing"),
        ],
    )
    def test_contradictions_are_named_or_dropped(self, desk: Desk, row: str, fault: str) -> None:
        text = HEADER + f"A,2018-02-20 09:30,{FLAT}\n{row}\n"
        message = desk.refuse(text)
        assert "bars.csv:3: " in message
        assert fault in message
        assert "--bad-rows drop" in message
        assert desk.take(text, replace(STARTS, bad_rows=BadRows.DROP)).bad_rows == 1
        assert len(desk.bars()) == 1

    def test_zero_volume_is_dropped_or_kept(self, desk: Desk) -> None:
        text = HEADER + f"A,2018-02-20 09:30,{FLAT}\nA,2018-02-20 09:31,9,9,9,9,0\n"
        assert desk.take(text).zero_volume == 1
        assert len(desk.bars()) == 1
        desk.take(text, replace(STARTS, zero_volume=ZeroVolume.KEEP))
        assert [row[-1] for row in desk.bars()] == [100.0, 0.0]

    def test_rows_without_volume_go_whatever_else_they_hold(self, desk: Desk) -> None:
        assert desk.take(HEADER + f"A,2018-02-20 09:30,{FLAT}\nA,2018-02-20 09:31,,,,,0\n").zero_volume == 1

    def test_blank_lines_do_not_count(self, desk: Desk) -> None:
        text = HEADER + f"\nA,2018-02-20 09:30,{FLAT}\n\nA,2018-02-20 09:31,x,1,1,1,1\n"
        assert "bars.csv:5: open 'x'" in desk.refuse(text)

    def test_an_import_without_one_bar_is_an_error(self, desk: Desk) -> None:
        assert "there is not one bar among 0 rows" in desk.refuse(HEADER)


class TestCountsOfRefusedRows:
    """What an import that stopped counted is a lower bound, unless it had read everything."""

    GOOD = f"A,2018-02-20 09:30:00,{FLAT}\n"
    BAD = (
        ("A,2018-02-20 09:31:00,10,x,10,10,1\n", "that cannot be read"),
        ("A,2018-02-20 09:31:00,10,9,10,10,1\n", "that cannot be bars"),
        (f"A,2018-02-18 09:31:00,{FLAT}\n", "outside any session"),
        (f"A,2018-02-20 09:31:30,{FLAT}\n", "off the grid of 1m bars, which begins at the session's open"),
    )

    @pytest.mark.parametrize(("row", "what"), BAD)
    def test_other_files_may_hold_more(self, desk: Desk, row: str, what: str) -> None:
        desk.write(HEADER + self.GOOD + row * 2, "a.csv")
        desk.write(HEADER + self.GOOD + row * 3, "b.csv")
        with pytest.raises(DataError, match=f"^rows {what}: at least 2(;|\n)"):
            import_bars(desk.store, [desk.folder], STARTS, SessionCalendar())

    @pytest.mark.parametrize(("row", "what"), BAD)
    def test_when_all_was_read_the_count_is_exact(self, desk: Desk, row: str, what: str) -> None:
        desk.write(HEADER + self.GOOD, "a.csv")
        desk.write(HEADER + self.GOOD + row * 3, "b.csv")
        with pytest.raises(DataError, match=f"^rows {what}: 3(;|\n)"):
            import_bars(desk.store, [desk.folder], STARTS, SessionCalendar())

    @pytest.mark.parametrize(("row", "what"), BAD)
    def test_other_parts_of_a_file_may_hold_more(
        self, desk: Desk, row: str, what: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bar_files, "_CHUNK_ROWS", 4)
        text = HEADER + self.GOOD * 10 + row * 2 + self.GOOD * 10
        assert f"rows {what}: at least " in desk.refuse(text)

    def test_rows_with_cells_of_several_columns_are_counted_once(self, desk: Desk) -> None:
        rows = "A,later,10,x,10,10,1\nA,2018-02-20 09:31:00,10,10,10,y,1\nA,soon,10,10,10,10,1\n"
        message = desk.refuse(HEADER + self.GOOD * 5 + rows)
        assert "rows that cannot be read: 3;" in message
        assert "bars.csv:7: high 'x' is not a number" in message
        assert "bars.csv:9: ts 'soon' is not a time" in message

    def test_conflicts_of_later_sessions_are_not_counted(self, desk: Desk) -> None:
        day = "A,2018-02-{},10,10,10,10,{}\n"
        rows = [day.format(number, volume) for number in (20, 21) for volume in (1, 2)]
        message = desk.refuse(HEADER + "".join(rows), DAYS)
        assert "rows of 2018-02-20 that contradict another row of the same bar: at least 1;" in message

    def test_conflicts_with_the_store_come_on_top(self, desk: Desk) -> None:
        desk.take(HEADER + self.GOOD)
        other = "A,2018-02-20 09:30:00,10,10.5,10,10,{}\n"
        with pytest.raises(DataError, match="the same bar: at least 1;"):
            desk.take(HEADER + other.format(1) + other.format(2))
        with pytest.raises(DataError, match="the same bar: 1;"):
            desk.take(HEADER + other.format(1))


class TestPlaces:
    def test_extended_hours_belong_to_the_session(self, desk: Desk) -> None:
        desk.take(HEADER + f"A,2018-02-20 04:00,{FLAT}\nA,2018-02-20 19:59,{FLAT}\n")
        assert desk.store.sessions(ONE_MINUTE) == [TUESDAY]

    def test_bars_at_night_are_kept_by_their_date(self, desk: Desk) -> None:
        report = desk.take(HEADER + f"A,2018-02-20 03:59,{FLAT}\nA,2018-02-20 23:00,{FLAT}\n")
        assert (report.outside_hours, report.sessions) == (2, (TUESDAY,))

    @pytest.mark.parametrize("when", ["2018-02-19 10:00", "2018-02-18 22:00"])
    def test_days_without_a_session_are_named_or_dropped(self, desk: Desk, when: str) -> None:
        text = HEADER + f"A,{when},{FLAT}\nA,2018-02-20 09:30,{FLAT}\n"
        message = desk.refuse(text)
        assert "rows outside any session: 1;" in message
        assert "bars.csv:2: A at 2018-02-19" in message
        assert desk.take(text, replace(STARTS, outside=Outside.DROP)).outside == 1

    def test_daily_bars_need_a_session_too(self, desk: Desk) -> None:
        assert "bars.csv:2: A at 2018-02-19" in desk.refuse(HEADER + f"A,2018-02-19,{FLAT}\n", DAYS)

    @pytest.mark.parametrize(
        ("interval", "when"), [("1m", "09:30:30"), ("5m", "09:31:00"), ("5m", "09:29:00"), ("1h", "10:00:00")]
    )
    def test_bars_off_the_grid_are_named(self, desk: Desk, interval: str, when: str) -> None:
        options = replace(STARTS, interval=Interval.parse(interval))
        message = desk.refuse(HEADER + f"A,2018-02-20 {when},{FLAT}\n", options)
        assert f"rows off the grid of {interval} bars, which begins at the session's open: 1" in message
        assert "bars.csv:2: A at 2018-02-20 14:" in message or "bars.csv:2: A at 2018-02-20 15:" in message

    def test_a_daily_bar_with_a_time_of_day_is_named(self, desk: Desk) -> None:
        message = desk.refuse(HEADER + f"A,2018-02-20 05:00,{FLAT}\n", DAYS)
        assert (
            "bars.csv:2: ts '2018-02-20 05:00' is not a date (daily bars carry the session's date" in message
        )

    def test_daily_bars_have_no_start(self, desk: Desk) -> None:
        desk.take(HEADER + f"A,2018-02-20T00:00:00Z,{FLAT}\n", DAYS)
        assert "start" not in desk.store.load(ONE_DAY, [TUESDAY]).columns
        assert desk.bars(ONE_DAY) == [("A", 10.0, 10.0, 10.0, 10.0, 100.0)]


class TestFiles:
    BODY = f"2018-02-20 09:30,{FLAT}\n"
    SHORT = "ts,open,high,low,close,volume\n"

    @pytest.mark.parametrize("name", ["BRK.B.csv", "BRK.B.csv.gz", "BRK.B.parquet"])
    def test_the_symbol_may_be_the_files_name(self, desk: Desk, name: str) -> None:
        path = desk.write(self.SHORT + self.BODY)
        target = path.with_name(name)
        if name.endswith(".gz"):
            target.write_bytes(gzip.compress(path.read_bytes()))
        elif name.endswith(".parquet"):
            pl.read_csv(path).write_parquet(target)
        else:
            path.rename(target)
        assert import_bars(desk.store, [target], STARTS, SessionCalendar()).symbols == ("BRK.B",)

    def test_a_name_that_is_more_than_a_symbol_needs_a_pattern(self, desk: Desk) -> None:
        text = self.SHORT + self.BODY
        assert "--name-pattern '{symbol}_1m'" in desk.refuse(text, name="AAPL_1m_2018.csv")
        for pattern in ("{symbol}_", "{symbol}_1m_*"):
            report = desk.take(text, replace(STARTS, name_pattern=pattern), "AAPL_1m_2018.csv")
            assert report.symbols == ("AAPL",)
        report = desk.take(text, replace(STARTS, name_pattern="*_{symbol}"), "bars_KR.csv")
        assert report.symbols == ("KR",)

    def test_the_symbol_may_be_given(self, desk: Desk) -> None:
        options = replace(STARTS, symbol="SPY")
        assert desk.take(HEADER + f"X,2018-02-20 09:30,{FLAT}\n", options).symbols == ("SPY",)

    @pytest.mark.parametrize("delimiter", [";", "\t", "|"])
    def test_other_delimiters(self, desk: Desk, delimiter: str) -> None:
        desk.take((HEADER + f"A,2018-02-20 09:30,{FLAT}\n").replace(",", delimiter))
        assert len(desk.bars()) == 1

    def test_byte_order_marks_and_line_ends_of_windows(self, desk: Desk) -> None:
        desk.take("\ufeff" + HEADER.replace("\n", "\r\n") + f"A,2018-02-20 09:30,{FLAT}\r\n")
        assert desk.bars() == [("A", "02-20 09:30", 10.0, 10.0, 10.0, 10.0, 100.0)]

    def test_a_file_without_a_header_line_needs_one(self, desk: Desk) -> None:
        assert "name the columns with --header" in desk.refuse(self.BODY, name="AAPL.csv")
        names = ("ts", "open", "high", "low", "close", "volume")
        desk.take(self.BODY, replace(STARTS, header=names), "AAPL.csv")
        assert len(desk.bars()) == 1
        with pytest.raises(DataError, match="--header names 2 columns, the first line has 6"):
            desk.take(self.BODY, replace(STARTS, header=("ts", "open")), "AAPL.csv")

    def test_a_line_with_too_many_fields_is_an_error(self, desk: Desk) -> None:
        message = desk.refuse(HEADER + f"A,2018-02-20 09:30,{FLAT},1\n")
        assert "bars.csv: line 2 has more fields than the first, which has 7" in message

    def test_folders_and_globs(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("A", "B"):
            desk.write(self.SHORT + self.BODY, f"{name}.csv")
        desk.write("hello", "README.md")
        calendar = SessionCalendar()
        assert import_bars(desk.store, [desk.folder], STARTS, calendar).symbols == ("A", "B")
        assert import_bars(desk.store, [str(desk.folder / "[AB].csv")], STARTS, calendar).files == 2
        monkeypatch.chdir(desk.folder.parent)
        assert import_bars(desk.store, ["files/*.csv", "files"], STARTS, calendar).files == 2
        with pytest.raises(DataError, match="there is no such file"):
            import_bars(desk.store, [desk.folder / "C.csv"], STARTS, calendar)

    @pytest.mark.parametrize("name", ["x.parquet", "x.csv"])
    def test_a_file_that_is_neither_is_an_error(self, desk: Desk, name: str) -> None:
        path = desk.folder / name
        path.write_bytes(b"\xff\xfe\x00junk")
        with pytest.raises(DataError, match=name):
            import_bars(desk.store, [path], STARTS, SessionCalendar())

    @pytest.mark.parametrize(
        ("column", "value"), [("open", [1.0]), ("ts", True), ("close", True), ("volume", TUESDAY)]
    )
    def test_a_column_of_a_type_that_cannot_be_is_an_error(
        self, desk: Desk, column: str, value: object
    ) -> None:
        row = {
            "symbol": "A",
            "ts": "2018-02-20 09:30",
            "open": 1.0,
            "high": 1.0,
            "low": 1.0,
            "close": 1.0,
            "volume": 1,
        }
        path = desk.folder / "bars.parquet"
        pl.DataFrame([{**row, column: value}]).write_parquet(path)
        with pytest.raises(DataError, match=f"the column {column} holds"):
            import_bars(desk.store, [path], STARTS, SessionCalendar())

    def test_a_stores_own_files_can_be_imported_into_another(self, desk: Desk, tmp_path: Path) -> None:
        desk.take(HEADER + f"A,2018-02-20 09:30,{FLAT}\n")
        other = BarStore.create(tmp_path / "other")
        import_bars(other, [desk.store.root / "1m"], STARTS, SessionCalendar())
        assert other.load(ONE_MINUTE, [TUESDAY]).equals(desk.store.load(ONE_MINUTE, [TUESDAY]))

    def test_an_empty_file_is_an_error(self, desk: Desk) -> None:
        assert "the first line is empty" in desk.refuse("")
