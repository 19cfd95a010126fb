from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from symscan.scanners.builtin import gap, momentum

nan = np.nan
Session = Callable[..., Any]
SYMBOLS = ("AAPL", "MSFT", "NVDA", "GOOGL", "AMZN", "META", "TSLA", "JPM")  # test_universe


def found(scanner: Any, context: Any) -> tuple[list[str], list[str]]:
    """The hits, and the symbols that are unknown."""
    scanner.check()
    scanner.setup(context)
    result = scanner.scan(context)
    return result.symbols, [s for s, unknown in zip(SYMBOLS, result.unknown, strict=True) if unknown]


def gap_session(session: Session, **columns: Any) -> Any:
    return session(
        SYMBOLS,
        **{
            "change_pct": [2, -3, 1.9, nan, 5, 8, 2.5, -9],
            "gap_pct": [1, 1, 4, 4, -4, 0, nan, 0],
            "close": [100, 501, 50, nan, 50, 0.5, 50, 50],
            "volume": [1e6, 2e6, 9e9, nan, 999_999, 3e6, nan, 2e6],
            "premarket_volume": [nan, nan, nan, nan, 9e9, nan, 2e6, nan],
            "minutes_since_bar": [0, 0, 0, 0, 0, 0, 0, 6],
            **columns,
        },
    )


def gap_found(session: Session, **config: Any) -> tuple[list[str], list[str]]:
    return found(gap.Scanner({"universe": "test_universe", **config}), gap_session(session))


def test_gap_as_the_specification_configures_it(session: Session) -> None:
    hits, unknown = gap_found(session, min_gap_percent=2.0, min_volume=1_000_000, max_price=500.0)
    # MSFT is too dear, NVDA moved too little, AMZN traded too little, JPM's last bar is too old;
    # TSLA has traded before the open only, and that counts as long as the session has no volume.
    assert hits == ["META", "TSLA", "AAPL"]
    assert unknown == ["GOOGL", "JPM"]


def test_gap_defaults(session: Session) -> None:
    assert gap_found(session) == (["META", "AMZN", "MSFT", "TSLA", "AAPL"], ["GOOGL", "JPM"])


@pytest.mark.parametrize(
    ("config", "hits"),
    [
        ({"direction": "up"}, ["META", "AMZN", "TSLA", "AAPL"]),
        ({"direction": "down"}, ["MSFT"]),
        ({"direction": "down", "max_age_minutes": None}, ["JPM", "MSFT"]),
        ({"max_gap_percent": 3}, ["MSFT", "TSLA", "AAPL"]),
        ({"min_price": 1}, ["AMZN", "MSFT", "TSLA", "AAPL"]),
        ({"measure": "open"}, ["AMZN", "GOOGL", "NVDA"]),
        ({"measure": "open", "direction": "down"}, ["AMZN"]),
    ],
)
def test_gap_parameters(session: Session, config: dict[str, Any], hits: list[str]) -> None:
    assert gap_found(session, **config)[0] == hits


def test_gap_before_the_open_reads_the_premarket(session: Session) -> None:
    context = gap_session(session, volume=[nan] * 8, premarket_volume=[1e6, nan, 1e6, 1e6, 5, 2e6, 2e6, nan])
    config = {"universe": "test_universe", "min_volume": 1_000_000}
    assert found(gap.Scanner(config), context) == (["META", "TSLA", "AAPL"], ["MSFT", "GOOGL", "JPM"])


def test_gap_metadata(session: Session) -> None:
    scanner = gap.Scanner({"universe": "test_universe"})
    metadata = scanner.scan(gap_session(session)).metadata
    known = {"change_pct": 8.0, "gap_pct": 0.0, "close": 0.5, "volume": 3e6}
    assert metadata["META"] == {**known, "premarket_volume": None}
    assert metadata["TSLA"]["gap_pct"] is None
    assert metadata["TSLA"]["premarket_volume"] == 2e6


@pytest.mark.parametrize(
    "config",
    [
        {"min_gap": 2.0},
        {"min_gap_percent": "2"},
        {"min_gap_percent": -1},
        {"min_gap_percent": nan},
        {"max_price": True},
        {"direction": "sideways"},
        {"measure": "close"},
    ],
)
def test_gap_refuses(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        gap.GapParams.model_validate(config)


def test_momentum_as_the_specification_configures_it(session: Session) -> None:
    context = session(
        SYMBOLS,
        rsi_14_5m=[70, 69.9, 80, nan, 90, 80, nan, 75],
        volume_ratio_20_5m=[2, 9, 2.5, 9, nan, 1.9, 1, 3],
    )
    scanner = momentum.Scanner({"min_rsi": 70, "min_volume_ratio": 2.0, "universe": "test_universe"})
    assert found(scanner, context) == (["NVDA", "JPM", "AAPL"], ["GOOGL", "AMZN"])
    assert [key for _, key in context.session_data.asked] == ["rsi_14_5m", "volume_ratio_20_5m"]
    assert scanner.scan(context).metadata["JPM"] == {"rsi_14_5m": 75.0, "volume_ratio_20_5m": 3.0}


def test_momentum_periods_and_interval_are_parameters() -> None:
    scanner = momentum.Scanner({"interval": "60m", "rsi_period": 7, "volume_period": 10})
    assert scanner.screen().where == "rsi_7_1h >= 70.0 AND volume_ratio_10_1h >= 2.0"
    assert momentum.MomentumParams().universe == "sp500"


def test_momentum_against_the_same_time_of_earlier_days() -> None:
    scanner = momentum.Scanner({"baseline": "time_of_day", "baseline_sessions": 20, "interval": "15m"})
    assert scanner.screen().where == "rsi_14_15m >= 70.0 AND same_bar_volume_20_15m.ratio >= 2.0"


@pytest.mark.parametrize(
    "config",
    [
        {"interval": "7x"},
        {"min_rsi": 101},
        {"rsi_period": 2.5},
        {"baseline": "days"},
        {"baseline_sessions": 4},
    ],
)
def test_momentum_refuses(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        momentum.MomentumParams.model_validate(config)
