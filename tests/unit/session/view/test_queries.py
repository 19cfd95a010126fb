from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, NAN, make_block, rows
from symscan.errors import CandidateError, NotRequested, SpecError
from symscan.indicators.registry import spec_of
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, ONE_WEEK, Interval
from symscan.model.readings import SESSION_READINGS
from symscan.session.holders import CONFIG, MEMBERS
from symscan.session.requests import RequestQueue
from symscan.session.static_columns import StaticColumns
from symscan.session.view import MemberView

ME, OTHER = "scanner:me", "scanner:other"
LAST, BANDS = spec_of("sma_1_5m"), spec_of("bbands_2_2_5m")


def _play(playing: Any, minutes: int = 5) -> None:
    for minute in range(1, minutes + 1):
        playing.minute(minute, 10.0 + minute, 20.0, None)


def test_columns_are_over_this_holders_candidates_in_its_order(playing: Any) -> None:
    playing.data.add_candidates(OTHER, ["C", "A"])
    _play(playing)
    assert playing.view().symbols == ("A", "B", "C")
    np.testing.assert_array_equal(playing.view().column("close"), [15, 20, NAN])
    assert playing.view(OTHER).symbols == ("C", "A")
    np.testing.assert_array_equal(playing.view(OTHER).column("close"), [NAN, 15])
    assert playing.view("scanner:new").column("close").tolist() == []


@pytest.mark.parametrize("name", [*SESSION_READINGS, "sma_1_5m", "sma_9_5m", "sma_1_1d"])
def test_a_column_can_not_be_written_and_stays(playing: Any, name: str) -> None:
    playing.data.request_indicator(LAST, ME, rows(0, 1, 2))
    playing.data.requested.add(ME, spec_of("sma_9_5m"), spec_of("sma_1_1d"))
    playing.data.readings.previous_close[:3] = 9
    playing.minute(0, 3.0, 4.0, 5.0)
    _play(playing)
    kept = playing.view().column(name)
    before = kept.copy()
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 1
    for minute in range(6, 11):
        playing.minute(minute, 99.0, 98.0, 97.0)
    playing.data.readings.previous_close[:3] = 1
    np.testing.assert_array_equal(kept, before)


def test_what_one_holder_asked_for_another_does_not_see(playing: Any) -> None:
    playing.data.add_candidates(OTHER, ["A", "B"])
    playing.data.request_indicator(LAST, ME, rows(0))
    playing.data.request_indicator(LAST, OTHER, rows(1))
    _play(playing)
    np.testing.assert_array_equal(playing.view().column("sma_1_5m"), [15, NAN, NAN])
    np.testing.assert_array_equal(playing.view(OTHER).column("sma_1_5m"), [NAN, 20])
    playing.data.request_indicator(LAST, CONFIG, rows(0, 1))
    np.testing.assert_array_equal(playing.view().column("sma_1_5m"), [15, 20, NAN])


def test_what_is_asked_for_in_the_middle_of_a_minute_is_seen_in_it(playing: Any) -> None:
    _play(playing)
    view = playing.view()
    assert view.add_indicator(["A", "B"], "sma_1_5m")
    assert np.isnan(view.column("sma_1_5m")).all()
    new = playing.data.request_indicator(LAST, ME, rows(0, 1))
    playing.data.indicators.rebuild(LAST, new, [make_block(1, 15.0, 20.0)])
    np.testing.assert_array_equal(playing.view().column("sma_1_5m"), [15, 20, NAN])


def test_a_frame_has_nulls_where_a_column_has_nan(playing: Any) -> None:
    playing.data.request_indicator(spec_of("sma_3_5m"), ME, rows(0, 1, 2))
    _play(playing)
    frame = playing.view().frame(["close", "last_bar_end", "sma_3_5m"])
    assert frame.schema == {
        "symbol": pl.String,
        "close": pl.Float64,
        "last_bar_end": pl.Datetime("us", "UTC"),
        "sma_3_5m": pl.Float64,
    }
    end = datetime(2018, 2, 27, 14, 35, tzinfo=UTC)
    assert frame.rows() == [("A", 15.0, end, None), ("B", 20.0, end, None), ("C", None, None, None)]


def test_a_frame_of_some_symbols_is_in_their_order(playing: Any) -> None:
    _play(playing)
    assert playing.view().frame(["close"], ["B", "A"]).rows() == [("B", 20.0), ("A", 15.0)]
    assert playing.view().frame([]).rows() == [("A",), ("B",), ("C",)]
    with pytest.raises(KeyError, match=r"^'Z' is not a candidate of this scanner;"):
        playing.view().frame(["close"], ["Z"])


@pytest.mark.parametrize("look", ["column", "frame"])
def test_a_column_that_is_none(playing: Any, look: str) -> None:
    view = playing.view()
    with pytest.raises(SpecError, match="closed"):
        view.column("closed") if look == "column" else view.frame(["closed"])


SECTORS = StaticColumns(
    ("C", "A", "Z"), {"sector": ("Energy", None, "Tech"), "size": (3, 1, None), "beta": (1.5, None, 2.0)}
)


def test_static_columns_are_those_of_the_candidates(playing: Any) -> None:
    _play(playing)
    view = playing.view()
    view.use_static_columns(lambda: SECTORS)
    frame = view.frame(["sector", "close", "size", "beta"])
    assert frame.schema == {
        "symbol": pl.String,
        "sector": pl.String,
        "close": pl.Float64,
        "size": pl.Int64,
        "beta": pl.Float64,
    }
    assert frame.rows() == [
        ("A", None, 15.0, 1, None),
        ("B", None, 20.0, None, None),
        ("C", "Energy", None, 3, 1.5),
    ]
    assert view.frame(["sector"], ["C", "B"])["sector"].to_list() == ["Energy", None]
    np.testing.assert_array_equal(view.column("size"), [1, NAN, 3])
    with pytest.raises(ValueError, match="read-only"):
        view.column("beta")[0] = 1.0


def test_static_columns_follow_new_candidates(playing: Any) -> None:
    playing.data.add_candidates(OTHER, ["C"])
    views = [playing.view(OTHER), playing.view()]
    for view in views:
        view.use_static_columns(lambda: SECTORS)
    assert [view.frame(["size"])["size"].to_list() for view in views] == [[3], [1, None, 3]]


@pytest.mark.parametrize(
    ("name", "message"),
    [("sector", r"'sector' is text; read it with frame\(\['sector'\]\)"), ("sektor", "sector, size, beta$")],
)
def test_a_static_column_that_is_none_or_no_number(playing: Any, name: str, message: str) -> None:
    view = playing.view()
    view.use_static_columns(lambda: SECTORS)
    with pytest.raises(SpecError, match=message):
        view.column(name)


def test_the_latest_bar(playing: Any) -> None:
    playing.data.add_interval(FIVE_MINUTES, "scanner:me")
    playing.minute(0, (1, 2, 0.5, 1.5, 7), None, None)
    before = playing.view().get_latest_bar("A")
    assert (before.close, before.volume, before.end) == (1.5, 7, playing.session.open)
    assert playing.view().get_latest_bar("B") is None
    _play(playing, 6)
    view = playing.view()
    assert view.get_latest_bar("A", "1m").close == 16
    assert view.get_latest_bar("A", "5m").open == 11
    assert view.get_latest_bar("C") is None
    assert view.get_latest_bar("NOBODY") is None
    assert before.close == 1.5


SMA = 'sma_2_5m was not requested: call context.session_data.add_indicator(symbols, "sma_2_5m") in setup'
BARS = '15m bars were not requested: call context.session_data.add_session_bars(symbols, "15m") in setup'
DAYS = (
    '1d bars were not requested: call context.session_data.add_historical_bars(symbols, "1d", days) in setup'
)


@pytest.mark.parametrize(
    ("look", "message"),
    [
        (lambda view: view.column("sma_2_5m"), SMA),
        (lambda view: view.frame(["close", "sma_2_5m"]), SMA),
        (lambda view: view.column("bbands_2_2_5m.upper"), 'add_indicator(symbols, "bbands_2_2_5m") in setup'),
        (lambda view: view.get_latest_bar("A", "15m"), BARS),
        (lambda view: view.get_bars("A", "15m", 3), BARS),
        (lambda view: view.get_bars("A", "1d", 3), DAYS),
    ],
)
def test_what_this_holder_never_requested_is_an_error(
    playing: Any, look: Callable[[Any], Any], message: str
) -> None:
    playing.data.request_indicator(spec_of("sma_2_5m"), OTHER, rows(0, 1, 2))
    playing.data.request_indicator(spec_of("sma_2_5m"), CONFIG, rows(0, 1, 2))
    playing.data.add_interval(Interval.parse("15m"), OTHER)
    playing.data.request_indicator(LAST, ME, rows(0))
    _play(playing)
    with pytest.raises(NotRequested) as refused:
        look(playing.view())
    assert message in str(refused.value)


def test_what_is_requested_and_not_there_yet_is_unknown(playing: Any) -> None:
    """In the request's own scan, and in those that follow until the data is loaded."""
    _play(playing)
    requesting = playing.view()
    requesting.add_indicator("A", "sma_2_5m")
    requesting.add_session_bars("A", "15m")
    requesting.add_historical_bars("A", "1d", 3)
    requests = playing.book.drain()
    playing.data.requested.add_requests(requests)
    playing.data.derived[Interval.parse("15m")] = playing.data.regular.grid  # another's
    for view in (requesting, playing.view()):
        assert np.isnan(view.column("sma_2_5m")).all()
        assert view.get_latest_bar("A", "15m") is None
        assert view.get_latest_bar("A", "5m") is None  # the indicator reads them
        assert view.get_bars("A", "1d", 3) == view.get_bars("A", "15m", 3) == []
        assert view.get_indicator("A", "sma_2_5m") is None


def test_without_candidates_there_is_nothing_to_miss(playing: Any) -> None:
    assert playing.view("scanner:new").column("sma_2_5m").tolist() == []


def test_bars_the_session_cannot_have_are_an_error(playing: Any) -> None:
    playing.data.base = FIVE_MINUTES
    for interval in ("1m", "7m"):
        with pytest.raises(SpecError, match=f"no {interval} bars: its finest interval is 5m"):
            playing.view().get_latest_bar("A", interval)
        with pytest.raises(SpecError, match=f"no {interval} bars: its finest interval is 5m"):
            playing.view().get_bars("A", interval, 2)
    with pytest.raises(SpecError, match=r"get_bars\(symbol, '1d', count\)"):
        playing.view().get_latest_bar("A", "1d")


def test_members_are_read_with_what_members_are_given(playing: Any) -> None:
    playing.data.holders.add_member("B", CONFIG)
    playing.data.add_interval(FIVE_MINUTES, MEMBERS)
    _play(playing)
    assert playing.view().get_latest_bar("B", "5m").close == 20
    assert len(playing.view().get_bars("B", "5m", 9)) == 1
    with pytest.raises(NotRequested):
        playing.view().get_latest_bar("A", "5m")
    strategy = MemberView(playing.data, RequestQueue("strategy:mine"))
    assert strategy.get_latest_bar("B", "5m").close == 20
    with pytest.raises(NotRequested, match=r'add_indicator\(symbols, "sma_2_5m"\) in on_symbol_added'):
        strategy.column("sma_2_5m")
    playing.data.requested.add(CONFIG, spec_of("sma_2_5m"))
    assert np.isnan(strategy.column("sma_2_5m")).all()


def test_symbols_read_by_indicators_that_answer_nothing_are_named(playing: Any) -> None:
    playing.data.request_indicator(LAST, ME, rows(0, 1))
    _play(playing)
    view = playing.view()
    for symbol, key in (("A", "sma_2_5m"), ("A", "sma_1_5m"), ("B", "sma_2_5m"), ("C", "sma_1_5m")):
        view.get_indicator(symbol, key)
    view.get_latest_price("C")
    first = {symbol: (one.spec.key, one.is_requested) for symbol, one in view.unanswered().items()}
    assert first == {"B": ("sma_2_5m", False), "C": ("sma_1_5m", True)}


def test_a_bar_can_not_be_changed(playing: Any) -> None:
    _play(playing)
    bar = playing.view().get_latest_bar("A")
    with pytest.raises(AttributeError):
        bar.close = 3.0
    assert bar == playing.view().get_latest_bar("A")
    assert len({bar, playing.view().get_latest_bar("A"), playing.view().get_latest_bar("B")}) == 2
    assert repr(bar) == "Bar(end=2018-02-27T14:35:00+00:00, open=15, high=15, low=15, close=15, volume=1)"


def test_the_latest_price_is_nan_when_unknown(playing: Any) -> None:
    _play(playing)
    view = playing.view()
    assert view.get_latest_price("A") == 15
    assert math.isnan(view.get_latest_price("C"))
    assert math.isnan(view.get_latest_price("NOBODY"))


def test_an_indicators_reading(playing: Any) -> None:
    playing.data.request_indicator(LAST, ME, rows(0, 2))
    _play(playing)
    view = playing.view()
    assert view.get_indicator("A", "sma_1_5m").current_value == 15
    unknown = view.get_indicator("C", "sma_1_5m")
    assert unknown is not None
    assert not unknown.valid
    assert view.get_indicator("B", "sma_1_5m") is None
    assert view.get_indicator("A", "sma_2_5m") is None
    assert view.get_indicator("NOBODY", "sma_1_5m") is None
    with pytest.raises(SpecError, match="'close' is a session reading"):
        view.get_indicator("A", "close")


def test_the_reading_of_an_indicator_with_several_outputs(playing: Any) -> None:
    playing.data.request_indicator(BANDS, ME, rows(0))
    playing.data.indicators.rebuild(BANDS, rows(0), [make_block(1, 11.0)])
    _play(playing)
    reading = playing.view().get_indicator("A", "bbands_2_2_5m")
    # 11 and 15: mean 13, deviation 2.
    assert (reading, reading.upper, reading.middle, reading.lower) == (17, 17, 13, 9)
    assert playing.view().get_indicator("A", "bbands_2_2_5m.lower") == 9


def test_bars_are_history_then_today(playing: Any) -> None:
    playing.data.history.put(ME, ["A"], ONE_MINUTE, 1, [make_block(1, 1.0), make_block(2, 2.0)])
    playing.data.history.put(ME, ["A"], ONE_DAY, 2, [make_block(1, 7.0), make_block(2, 8.0)])
    _play(playing, 3)

    def closes(symbol: str, interval: str, count: int) -> list[float]:
        return [bar.close for bar in playing.view().get_bars(symbol, interval, count)]

    assert closes("A", "1m", 2) == [12, 13]
    assert closes("A", "1m", 4) == [2, 11, 12, 13]
    assert closes("A", "1m", 99) == [1, 2, 11, 12, 13]
    assert closes("A", "1d", 1) == [8]
    assert closes("B", "1m", 99) == [20, 20, 20]
    assert closes("C", "1m", 9) == closes("NOBODY", "1m", 9) == []
    with pytest.raises(ValueError, match="at least one bar"):
        playing.view().get_bars("A", "1m", 0)


def test_daily_bars_on_another_price_basis_are_unknown(playing: Any) -> None:
    for interval, close in ((ONE_MINUTE, 2.0), (ONE_DAY, 8.0), (ONE_WEEK, 9.0)):
        playing.data.history.put(ME, ["A", "B"], interval, 1, [make_block(1, close, close)])
    playing.data.mismatched[0] = True
    closes = {
        (symbol, interval): [bar.close for bar in playing.view().get_bars(symbol, interval, 9)]
        for symbol in ("A", "B")
        for interval in ("1m", "1d", "1w")
    }
    assert closes == {
        ("A", "1m"): [2], ("A", "1d"): [], ("A", "1w"): [],
        ("B", "1m"): [2], ("B", "1d"): [8], ("B", "1w"): [9],
    }  # fmt: skip


def test_bars_tell_when_they_start_today_and_earlier(playing: Any) -> None:
    session = playing.session
    earlier = session.close - 24 * 60 * MINUTE
    playing.data.history.put(ME, ["A"], ONE_DAY, 1, [make_block(earlier, 7.0)])
    _play(playing, 3)
    (day,) = playing.view().get_bars("A", "1d", 9)
    latest = playing.view().get_latest_bar("A", "1m")
    assert (latest.start, latest.end) == (session.open + 2 * MINUTE, session.open + 3 * MINUTE)
    assert (f"{latest.start_time:%H:%M}", f"{latest.end_time:%H:%M}") == ("09:32", "09:33")
    assert day.start_time == session.local(session.open - 24 * 60 * MINUTE)
    assert day.end_time == session.local(earlier)


def test_members_and_the_configurations_symbols(playing: Any) -> None:
    playing.data.holders.add_member("B", ME)
    playing.data.holders.add_member("A", CONFIG)
    assert playing.view().get_active_symbols() == ["B", "A"]
    assert playing.view().get_config_symbols() == {"A"}


def test_a_view_is_of_its_own_instant(playing: Any) -> None:
    _play(playing)
    first = playing.view()
    seen = first.column("close"), first.get_latest_price("A")
    playing.minute(6, 50.0, 50.0, 50.0)
    assert first.column("close") is seen[0]
    assert first.get_latest_price("A") == seen[1]
    assert playing.view().column("minutes_since_bar").tolist() == [0, 0, 0]
    assert playing.session.open + 6 * MINUTE == playing.data.now


@pytest.mark.parametrize(
    "read",
    [
        lambda view, symbol: view.get_latest_price(symbol),
        lambda view, symbol: view.get_latest_bar(symbol, "1m"),
        lambda view, symbol: view.get_bars(symbol, "1m", 2),
    ],
)
def test_a_symbol_that_nobody_asked_for_is_an_error(playing: Any, read: Callable[[Any, str], object]) -> None:
    """A symbol to compare with, forgotten in setup: unknown would be so for ever, without a word."""
    requested = playing.data.requested
    read(playing.view(), "Z")  # in setup no symbol is a candidate yet
    requested.add_symbols(ME, ["A", "B", "C"])
    _play(playing)
    with pytest.raises(CandidateError, match=r"call context.session_data.add_session_bars\('Z', '1m'\)"):
        read(playing.view(), "Z")
    with pytest.raises(CandidateError, match=r"did you mean 'A'\?"):
        read(playing.view(), "a")
    view = playing.view()
    view.add_session_bars("Z", "1m")
    read(view, "Z")  # on its way
    requested.add_symbols(MEMBERS, ["Z"])
    read(playing.view(), "Z")  # a member that left, or that the store has no bars of
    read(MemberView(playing.data, RequestQueue(OTHER)), "Y")  # a strategy remembers members that left
