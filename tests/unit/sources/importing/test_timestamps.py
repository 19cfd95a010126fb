"""When a row is, however it is written."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from symscan.errors import DataError
from symscan.sources.importing.timestamps import read_dates, read_instants

NEW_YORK = "America/New_York"
OPEN = datetime(2018, 2, 20, 14, 30, tzinfo=UTC)
OPEN_SECONDS = 1519137000


def instants(*texts: object, zone: str | None = NEW_YORK, form: str | None = None) -> list[datetime | None]:
    return read_instants(pl.DataFrame({"timestamp": list(texts)}), zone, form).to_list()


@pytest.mark.parametrize(
    "text",
    [
        "2018-02-20 09:30:00",
        "2018-02-20T09:30:00",
        "2018-02-20 09:30",
        "2018-02-20 09:30:00.000",
        "2018/02/20 09:30",
        "20180220 09:30:00",
        "20180220 093000",
        "201802200930",
        "20180220093000",
        "2/20/2018 9:30",
        "02/20/2018 09:30 AM",
        "20/02/2018 09:30",
        "20.02.2018 09:30",
        " 2018-02-20 09:30:00 ",
    ],
)
def test_local_times_are_read_in_their_zone(text: str) -> None:
    assert instants(text) == [OPEN]


@pytest.mark.parametrize(
    "text",
    [
        "2018-02-20T14:30:00Z",
        "2018-02-20 14:30:00 UTC",
        "2018-02-20T14:30:00.000000+0000",
        "2018-02-20T09:30:00-05:00",
        "2018-02-20 09:30:00-0500",
        str(OPEN_SECONDS),
        f"{OPEN_SECONDS}.0",
        str(OPEN_SECONDS * 10**3),
        str(OPEN_SECONDS * 10**6),
        str(OPEN_SECONDS * 10**9),
    ],
)
def test_instants_need_no_zone(text: str) -> None:
    assert instants(text, zone=None) == [OPEN]


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
def test_numbers_are_instants_of_their_magnitude(scale: int) -> None:
    assert instants(OPEN_SECONDS * scale, zone=None) == [OPEN]


def test_one_odd_number_is_unknown() -> None:
    seconds = float(OPEN_SECONDS)
    assert instants(seconds, seconds + 0.5, 7.0, seconds, seconds, zone=None) == [
        OPEN,
        None,
        None,
        OPEN,
        OPEN,
    ]
    text = str(OPEN_SECONDS)
    assert instants(text, "soon", text, zone=None) == [OPEN, None, OPEN]


def test_typed_columns_keep_their_zone() -> None:
    assert instants(OPEN, zone=None) == [OPEN]
    assert instants(datetime(2018, 2, 20, 9, 30)) == [OPEN]
    cells = pl.DataFrame({"timestamp": [OPEN]}).cast(pl.Datetime("ns", NEW_YORK))
    assert read_instants(cells, None, None).to_list() == [OPEN]


@pytest.mark.parametrize("time", ["09:30:00", "9:30", "930", "93000", 930, 93000, "9:30 AM"])
@pytest.mark.parametrize(
    "day", ["2018-02-20", "20180220", 20180220, date(2018, 2, 20), datetime(2018, 2, 20)]
)
def test_date_and_time_may_be_two_columns(day: object, time: object) -> None:
    assert read_instants(pl.DataFrame({"date": [day], "time": [time]}), NEW_YORK, None).to_list() == [OPEN]


def test_daylight_saving_moves_the_open() -> None:
    assert instants("2018-03-09 09:30", "2018-03-12 09:30") == [
        datetime(2018, 3, 9, 14, 30, tzinfo=UTC),
        datetime(2018, 3, 12, 13, 30, tzinfo=UTC),
    ]


def test_times_that_do_not_exist_or_exist_twice_are_unknown() -> None:
    assert instants("2018-03-11 02:30", "2018-11-04 01:30", "2018-03-12 09:30")[:2] == [None, None]


def test_a_zone_is_never_guessed() -> None:
    with pytest.raises(DataError, match="carry no zone; say which it is with --timezone"):
        instants("2018-02-20 09:30", zone=None)


def test_day_and_month_are_never_guessed() -> None:
    with pytest.raises(
        DataError, match=r"may be %m/%d/%Y %H:%M or %d/%m/%Y %H:%M; choose with --time-format"
    ):
        instants("02/03/2018 09:30")
    assert instants("20/02/2018 09:30", form="%d/%m/%Y %H:%M") == [OPEN]


@pytest.mark.parametrize("text", ["Tuesday", "2018-02-20", "12345"])
def test_what_tells_no_time_of_day_is_an_error(text: str) -> None:
    with pytest.raises(DataError, match=f"look like '{text}'; say how to read them"):
        instants(text)


def test_one_bad_text_among_good_ones_is_unknown() -> None:
    assert instants("2018-02-20 09:30", "soon", "2018-02-20 09:30") == [OPEN, None, OPEN]


@pytest.mark.parametrize(
    "cell",
    [
        "2018-02-20",
        "20180220",
        20180220,
        "2/20/2018",
        date(2018, 2, 20),
        datetime(2018, 2, 20),
        datetime(2018, 2, 20, tzinfo=UTC),
        "2018-02-20 00:00:00",
        "2018-02-20T00:00:00Z",
        "2018-02-20T00:00:00-05:00",
        str(OPEN_SECONDS - 52_200),
    ],
)
def test_dates_are_taken_as_written(cell: object) -> None:
    assert read_dates(pl.DataFrame({"timestamp": [cell]}), None).to_list() == [date(2018, 2, 20)]


@pytest.mark.parametrize(
    "cell", ["2018-02-20 05:00:00", datetime(2018, 2, 20, 5, tzinfo=UTC), str(OPEN_SECONDS)]
)
def test_a_time_of_day_is_no_date(cell: object) -> None:
    assert read_dates(pl.DataFrame({"timestamp": [cell]}), None).to_list() == [None]
