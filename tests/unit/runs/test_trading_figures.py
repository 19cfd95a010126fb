"""The figures of trades, worked out by hand."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from symscan.inference.clustered import Mark
from symscan.runs.schemas import TRADES_SCHEMA
from symscan.runs.trading_figures import TradingFigures

DAYS = [date(2018, 1, 29) + timedelta(days=age) for age in range(6)]
"""Three in January, three in February; the last without a trade."""

# session, minute of entry and exit, shares, entry and exit price, gross, costs, held_net, mfe, mae
TRADES = [
    (0, 0, 10, 10, 100.0, 103.0, 30.0, 2.0, 8.0, 350.0, -10.0),
    (0, 5, 20, 10, 50.0, 49.0, -10.0, 1.0, 9.0, 20.0, -220.0),
    (1, 0, 100, 20, 50.0, 49.0, -20.0, 2.0, -32.0, 0.0, -250.0),
    (2, 30, 60, 10, 100.0, 104.0, 40.0, 2.0, 18.0, 420.0, -5.0),
    (3, 0, 50, 10, 20.0, 19.0, -10.0, 1.0, -1.0, 5.0, -520.0),
    (4, 10, 20, 5, 100.0, 102.0, 10.0, 1.0, 29.0, 230.0, 0.0),
]
NET = [28.0, -11.0, -22.0, 38.0, -11.0, 9.0]


def _instant(session: int, minute: int) -> datetime:
    return datetime(2018, 1, 29, 14, 30, tzinfo=UTC) + timedelta(days=session, minutes=minute)


def trades() -> pl.DataFrame:
    """The table above as a run has it, with a signal that came to nothing."""
    rows = [
        {
            "session": DAYS[session],
            "strategy": "one",
            "number": number,
            "shares": shares,
            "entry_at": _instant(session, first),
            "entry_price": entry,
            "exit_at": _instant(session, last),
            "exit_price": exit_,
            "outcome": "target",
            "gross": gross,
            "slippage": costs / 2,
            "commission": costs / 2,
            "net": gross - costs,
            "held_net": held,
            "mfe_bp": mfe,
            "mae_bp": mae,
        }
        for number, (session, first, last, shares, entry, exit_, gross, costs, held, mfe, mae) in enumerate(
            TRADES
        )
    ]
    unfilled = {"session": DAYS[5], "strategy": "one", "number": 9, "outcome": "unfilled: no_bar_in_time"}
    return pl.DataFrame([*rows, unfilled], schema=TRADES_SCHEMA)


@pytest.fixture
def figures() -> TradingFigures:
    return TradingFigures(trades(), DAYS, dict.fromkeys(DAYS, 390), 2000.0)


def test_the_expectancy_of_a_trade_has_the_interval_of_its_sessions(figures: TradingFigures) -> None:
    net = figures.per_trade["net"]
    mean = 31 / 6
    u = [17 - 2 * mean, -22 - mean, 38 - mean, -11 - mean, 9 - mean]
    error = math.sqrt(5 / 4 * sum(one * one for one in u)) / 6
    assert net.value == pytest.approx(mean)
    assert (net.lo, net.hi) == pytest.approx((mean - 2.7764451 * error, mean + 2.7764451 * error))
    assert Mark.FEW in net.marks


def test_means_of_trades(figures: TradingFigures) -> None:
    found = {name: one.value for name, one in figures.per_trade.items()}
    assert found == pytest.approx(
        {
            "net": 31 / 6,
            "return_bp": (280 - 220 - 220 + 380 - 550 + 180) / 6,
            "won": 0.5,
            "held_net": 31 / 6,
            "over_held": 0.0,
            "mfe_bp": 1025 / 6,
            "mae_bp": -1005 / 6,
        },
        abs=1e-9,
    )


def test_means_of_sessions_count_those_without_a_trade(figures: TradingFigures) -> None:
    net = figures.per_session["net"]
    squares = sum((one - 31 / 6) ** 2 for one in (17, -22, 38, -11, 9, 0))
    error = math.sqrt(6 / 5 * squares) / 6
    assert net.value == pytest.approx(31 / 6)
    assert net.hi == pytest.approx(31 / 6 + 2.5705818 * error)


def test_the_profit_factor_has_an_interval_too(figures: TradingFigures) -> None:
    factor = figures.profit_factor
    u = [28 / 75 - 11 / 44, -22 / 44, 38 / 75, -11 / 44, 9 / 75]
    reach = math.exp(2.7764451 * math.sqrt(5 / 4 * sum(one * one for one in u)))
    value = 75 / 44
    assert (factor.value, factor.lo, factor.hi) == pytest.approx((value, value / reach, value * reach))


def test_the_drawdown_is_the_largest_fall_of_closed_results(figures: TradingFigures) -> None:
    # 28, 17, -5, 33, 22, 31: the largest fall is from 28 to -5
    assert figures.drawdown == {"amount": 33.0, "pct": 1.65, "from": "2018-01-29", "to": "2018-01-30"}


def test_a_fall_from_the_start_is_a_drawdown() -> None:
    lost = trades().filter(number=2)
    only = TradingFigures(lost, DAYS[1:2], {}, None)
    assert only.drawdown == {"amount": 22.0, "pct": None, "from": "2018-01-30", "to": "2018-01-30"}


def test_exposure_is_what_was_invested_over_time(figures: TradingFigures) -> None:
    held = 1000 * 10 + 500 * 15 + 1000 * 100 + 1000 * 30 + 200 * 50 + 500 * 10
    assert figures.exposure["mean_pct"] == pytest.approx(100 * held / (6 * 390) / 2000)
    assert figures.exposure["largest_pct"] == pytest.approx(75.0)  # two at one time in the first session


def test_turnover_and_costs(figures: TradingFigures) -> None:
    bought = 1000 + 500 + 1000 + 1000 + 200 + 500
    sold = 1030 + 490 + 980 + 1040 + 190 + 510
    assert figures.turnover == pytest.approx((bought + sold) / 6 / 2000)
    assert figures.cost_share_pct == pytest.approx(100 * 9 / 40)


def test_equity_and_months(figures: TradingFigures) -> None:
    assert figures.equity["equity"].to_list() == [17, -5, 33, 22, 31, 31]
    assert figures.equity["held_equity"].to_list() == [17, -15, 3, 2, 31, 31]
    january, february = figures.months.rows(named=True)
    assert january == {
        "month": "2018-01",
        "sessions": 3,
        "trades": 4,
        "net": 33.0,
        "return_pct": pytest.approx(1.65),
        "won": 0.5,
    }
    assert (february["trades"], february["net"], february["won"]) == (2, -2.0, 0.5)


def test_without_capital_no_share_of_it_is_known() -> None:
    record = TradingFigures(trades(), DAYS, {}, None).as_record()
    assert record["drawdown"]["pct"] is None
    assert record["exposure"] == {"mean_pct": None, "largest_pct": None}
    assert (record["turnover"], record["months"][0]["return_pct"]) == (None, None)
    assert record["drawdown"]["amount"] == 33.0


def test_what_one_trade_lacks_is_not_made_up_for_a_session() -> None:
    some = trades().with_columns(held_net=pl.when(pl.col("number") > 0).then("held_net"))
    found = TradingFigures(some, DAYS, {}, 1.0)
    assert math.isnan(found.per_session["held_net"].value)
    assert found.per_trade["held_net"].value == pytest.approx(23 / 5)
    assert found.equity["held_equity"].to_list() == [None] * 6


def test_no_trade_is_no_figure() -> None:
    record = TradingFigures(trades().clear(), DAYS, dict.fromkeys(DAYS, 390), 1.0).as_record()
    assert record["trades"] == 0
    assert record["per_trade"]["net"] == {
        "value": None,
        "lo": None,
        "hi": None,
        "marks": ["too_few_sessions"],
    }
    assert (record["profit_factor"]["value"], record["average_win"], record["cost_share_pct"]) == (
        None,
        None,
        None,
    )
    assert record["drawdown"] == {"amount": 0.0, "pct": 0.0, "from": None, "to": None}


def test_a_strategy_that_never_won_has_a_profit_factor_of_0_and_says_why_it_has_no_interval() -> None:
    lost = trades().with_columns(net=-pl.col("net").abs())
    for sessions, mark in ((len(DAYS), "never_won"), (3, "too_few_sessions")):
        factor = TradingFigures(lost, DAYS[:sessions], {}, None).profit_factor
        assert (factor.value, math.isnan(factor.lo), factor.marks) == (0.0, True, (mark,))


def test_a_strategy_that_lost_nothing_has_no_profit_factor() -> None:
    won = trades().filter(pl.col("net") > 0)
    assert math.isnan(TradingFigures(won, DAYS, {}, None).profit_factor.value)
