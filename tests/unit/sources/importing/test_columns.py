"""Which column means what."""

from __future__ import annotations

import pytest

from symscan.errors import DataError
from symscan.sources.importing.columns import map_columns, parse_overrides

PRICES = ["open", "high", "low", "close", "volume"]


@pytest.mark.parametrize(
    ("names", "positions"),
    [
        (["symbol", "ts", *PRICES], {"symbol": 0, "timestamp": 1}),
        (["Ticker", "DateTime", "O", "H", "L", "C", "V"], {"symbol": 0, "timestamp": 1}),
        (["<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"], {"date": 0, "time": 1}),
        (["date", "ToD", *PRICES], {"date": 0, "time": 1}),
        (["Date", *PRICES], {"timestamp": 0}),
        (["time", *PRICES], {"timestamp": 0}),
        (["session", "symbol", *PRICES], {"timestamp": 0, "symbol": 1}),
        (["symbol", "start", *PRICES], {"symbol": 0, "timestamp": 1}),
    ],
)
def test_usual_names_are_recognised(names: list[str], positions: dict[str, int]) -> None:
    found = map_columns(names, {}, file="a.csv")
    prices = dict(zip(PRICES, range(len(names) - 5, len(names)), strict=True))
    assert found.positions == {**positions, **prices}
    assert found.ignored == ()


def test_columns_without_a_meaning_are_ignored_and_named() -> None:
    found = map_columns(["date", "Adj Close", *PRICES, "trades"], {}, file="a.csv")
    assert found.ignored == ("Adj Close", "trades")
    assert found.positions["close"] == 5


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["ts", "date", *PRICES], ["ts, date", "--columns timestamp=NAME", "its columns are ts, date, open"]),
        (["ts", "timestamp", *PRICES], ["ts, timestamp", "--columns"]),
        (["date", "Close", *PRICES], ["Close, close may each be the close", "--columns close=NAME"]),
        (["symbol", "ticker", "ts", *PRICES], ["symbol, ticker", "--columns symbol=NAME"]),
        (["ts", "open", "high", "adj_close"], ["no column for low, close, volume", "low=NAME,close=NAME"]),
        (PRICES, ["no column tells when", "timestamp=NAME"]),
    ],
)
def test_doubt_is_an_error_that_names_the_option(names: list[str], parts: list[str]) -> None:
    with pytest.raises(DataError) as error:
        map_columns(names, {}, file="a.csv")
    for part in ["a.csv: ", *parts]:
        assert part in str(error.value)


def test_overrides_settle_doubt() -> None:
    names = ["ts", "date", "when", "Close", *PRICES]
    overrides = parse_overrides("timestamp=when, close=Close")
    positions = map_columns(names, overrides, file="a.csv").positions
    assert positions["timestamp"] == 2
    assert positions["close"] == 3
    assert "date" not in positions
    positions = map_columns(names, {"date": "date", "time": "when", "close": "close"}, file="a.csv").positions
    assert (positions["date"], positions["time"]) == (1, 2)
    assert "timestamp" not in positions


def test_overrides_are_checked() -> None:
    with pytest.raises(DataError, match="'opn=o' is not ROLE=COLUMN; the roles are symbol, timestamp"):
        parse_overrides("opn=o")
    with pytest.raises(DataError, match="--columns open=o: there is no such column; there are ts, open"):
        map_columns(["ts", *PRICES], {"open": "o"}, file="a.csv")
