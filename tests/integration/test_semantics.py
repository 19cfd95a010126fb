"""Every reading and indicator of a difficult market, at every scan, against an independent computation."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from pathlib import Path

import pytest

from support.generated_market import ANY, DATES, READINGS, SPLITS, UNIVERSE, Day, Market, make_market
from support.oracle import Oracle
from support.runs import Run, make_store, play

WEDNESDAY, HALF_DAY, MONDAY, TUESDAY = (date(2018, 11, day) for day in (21, 23, 26, 27))
INDICATORS = (
    *(
        "rsi_14_5m",
        "volume_ratio_20_5m",
        "rsi_14_15m",
        "volume_ratio_5_15m",
        "sma_5_1m",
        "ema_9_5m",
        "vwap_5m",
    ),
    *(
        "sma_5_1h",
        "rsi_3_1h",
        "highest_20_15m",
        "lowest_7_5m",
        "atr_5_15m",
        "macd_3_6_4_5m.macd",
        "bbands_20_2p5_5m.upper",
    ),
    *(
        "sma_1_1d",
        "sma_3_1d",
        "volume_ratio_4_1d",
        "roc_2_1d",
        "rsi_2_7m",
        "sma_1_1w",
        "sma_2_1w",
        "volume_sma_10_2m",
    ),
    *("open_5m", "high_15m", "low_2m", "close_5m", "volume_5m"),
    *("open_1d", "high_1d", "low_1d", "close_1d", "volume_1d", "dollar_volume_3_1d", "dollar_volume_2_5m"),
    *(
        "high_1w",
        "close_1mo",
    ),
)
EARLIER = {
    f"prior{'' if back == 1 else f'({back})'}.{name}": (name, back)
    for name, back in [
        *(("close", 1), ("close", 3), ("vwap", 1), ("vwap", 2), ("high", 1), ("low", 4), ("volume", 1)),
        *(("open", 1), ("change_pct", 2), ("rsi_14_5m", 1), ("rsi_14_15m", 2), ("sma_5_1m", 3)),
        *(("bbands_20_2p5_5m.upper", 2), ("vwap_5m", 1), ("sma_3_1d", 1), ("rsi_2_1d", 3), ("sma_1_1w", 1)),
    ]
}
"""Names of values some bars earlier, and which."""


@pytest.fixture(scope="module")
def market() -> Market:
    return make_market()


@pytest.fixture(scope="module")
def store(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("odd"), {"1m": market.minutes, "1d": market.days}, SPLITS)


@pytest.fixture(scope="module")
def oracle(market: Market) -> Oracle:
    return Oracle(market, DATES, SPLITS)


@pytest.fixture(scope="module")
def run(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = tmp_path_factory.mktemp("project")
    (project / "odd.txt").write_text("\n".join(UNIVERSE) + "\n")
    everything = {
        "name": "everything",
        "universe": "./odd.txt",
        "where": ANY,
        "show": [*READINGS, *INDICATORS, *EARLIER],
        "pre_session": [{"start": "08:07", "end": "09:30", "interval": "20m"}],
        "regular_session": [
            {"start": "09:30", "end": "10:05", "interval": "1m"},
            {"start": "10:30", "end": "16:00", "interval": "27m"},
            {"start": "12:55", "end": "13:05", "interval": "5m"},
            {"start": "16:00", "end": "16:00", "interval": "5m"},
        ],
        "at_close": True,
    }
    return play(project, [everything], store, WEDNESDAY, TUESDAY)


@pytest.mark.slow
def test_every_value_is_as_computed_elsewhere(run: Run, oracle: Oracle) -> None:
    wrong, judged, known = [], 0, 0
    for session, scan_at, phase, symbol, metadata in run.hits.select(
        "session", "scan_at", "phase", "symbol", "metadata"
    ).iter_rows():
        day = Day.of(date.fromisoformat(session))
        at = _instant(scan_at)
        got = json.loads(metadata)
        expected = oracle.readings(symbol, day, at) | {
            key: oracle.indicator(symbol, key, day, at, phase == "at_close") for key in INDICATORS
        }
        for key, (name, back) in EARLIER.items():
            if name in READINGS:
                expected[key] = oracle.prior_reading(symbol, name, day, at, back)
            else:
                expected[key] = oracle.indicator(symbol, name, day, at, phase == "at_close", back)
        for name, value in expected.items():
            judged, known = judged + 1, known + (value == value)
            if not _same(got[name], value):
                wrong.append((session, scan_at, symbol, name, got[name], value))
    assert wrong[:10] == [], f"{len(wrong)} wrong: {sorted({one[3] for one in wrong})}"
    assert judged > 100_000
    assert known > 0.6 * judged


def test_every_symbol_is_judged_at_every_scan(run: Run) -> None:
    scans = run.table("scans")
    assert set(scans["outcome"]) == {"ok"}
    assert scans["found"].to_list() == [len(UNIVERSE)] * len(scans)
    half = scans.filter(session=str(HALF_DAY))
    assert half["scan_at"].max() == "2018-11-23T18:00:00Z"  # 13:00 in New York


def _instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


def _same(got: float | None, expected: float) -> bool:
    if got is None or math.isnan(expected):
        return got is None and math.isnan(expected)
    return math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-9)
