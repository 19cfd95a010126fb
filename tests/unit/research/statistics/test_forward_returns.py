"""Entries, exits and excursions of random sessions with holes, against loops over single symbols."""

from __future__ import annotations

import math

import numpy as np
import pytest

from symscan.errors import InputError
from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.entries import entries
from symscan.research.statistics.forward_returns import forward_returns
from symscan.research.statistics.horizons import Horizon, parse_horizon
from symscan.research.statistics.reasons import Why

OPEN = 1_000_000 * MINUTE


def random_day(seed: int, slots: int = 60, symbols: int = 7, interval: int = MINUTE) -> DayBars:
    """Bars of symbols that trade in all minutes, in most, or in few, with halts."""
    rng = np.random.default_rng(seed)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.002, (slots, symbols)), axis=0))
    first = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.0005, close.shape))
    high = np.maximum(close, first) * np.exp(rng.uniform(0, 0.001, close.shape))
    low = np.minimum(close, first) * np.exp(-rng.uniform(0, 0.001, close.shape))
    fields = np.round(np.array([first, high, low, close, 100 + close]), 2)
    present = rng.random(close.shape) < rng.choice([1.0, 0.9, 0.3], symbols)
    present[20:35, 0] = False
    at, column = present.nonzero()
    starts = OPEN + at * interval
    return DayBars.lay_out(
        OPEN, OPEN + slots * interval, interval, symbols, column, starts, fields[:, present]
    )


def one_entry(bars: DayBars, symbol: int, decided: int, delay: int, within: int) -> int | Why:
    """The entry slot of one symbol, by looking at slot after slot."""
    first, last = decided + delay * MINUTE, decided + (delay + within) * MINUTE
    slots = [k for k in range(bars.bars) if not math.isnan(bars.open[k, symbol])]
    if first > bars.start[-2]:
        return Why.TOO_LATE
    for slot in slots:
        if first <= bars.start[slot] <= last:
            return Why.TOO_LATE if slot == bars.bars - 1 else slot
    return Why.NO_ENTRY_BAR


def one_outcome(
    bars: DayBars, symbol: int, slot: int, horizon: Horizon, within: int
) -> tuple[float, ...] | Why:
    """Return, the age of a stale price, and the excursions of one long entry, by loops."""
    minute = bars.interval // MINUTE
    end = bars.start[-1] if horizon.name == "close" else bars.start[slot] + horizon.minutes * MINUTE
    if end > bars.closes_at:
        return Why.SESSION_END
    end = min(end, bars.start[-1])
    age, slots = math.nan, [k for k in range(slot, bars.bars) if not math.isnan(bars.open[k, symbol])]
    later = [k for k in slots if end <= bars.start[k] <= end + within * MINUTE]
    if later:
        price, held, at = bars.open[later[0], symbol], [k for k in slots if k < later[0]], later[0]
    else:
        held = [k for k in slots if bars.start[k] + bars.interval <= end]
        price, at = bars.close[held[-1], symbol], held[-1]
        age = (end - bars.start[held[-1]] - bars.interval) / MINUTE
    entry = bars.open[slot, symbol]
    highs = [(bars.high[k, symbol], -k) for k in held] + [(price, -at)]
    lows = [(bars.low[k, symbol], k) for k in held] + [(price, at)]
    high, low = max(highs), min(lows)
    return (
        1e4 * (price / entry - 1),
        age,
        1e4 * (high[0] / entry - 1),
        1e4 * (low[0] / entry - 1),
        (-high[1] - slot) * minute,
        (low[1] - slot) * minute,
    )


@pytest.mark.parametrize(("seed", "minutes"), [(1, 1), (2, 1), (3, 1), (4, 5)])
def test_forward_returns_are_those_of_a_loop(seed: int, minutes: int) -> None:
    bars = random_day(seed, interval=minutes * MINUTE)
    decided = [OPEN + k * MINUTE * minutes + 30_000_000 * (k % 2) for k in range(-1, 61, 3)]
    horizons = [parse_horizon(name) for name in ("5m", "30m", "close")]
    within = 3 * minutes
    found = entries(bars, decided, delay_minutes=minutes, within_minutes=within)
    results = forward_returns(bars, found, horizons, within_minutes=within)
    for scan, symbol in np.ndindex(found.row.shape):
        slot = one_entry(bars, symbol, decided[scan], minutes, within)
        if isinstance(slot, Why):
            assert found.row[scan, symbol] == -1
        else:
            assert (found.row[scan, symbol], found.price[scan, symbol]) == (slot, bars.open[slot, symbol])
            assert found.start[scan, symbol] == bars.start[slot]
        for horizon, result in zip(horizons, results, strict=True):
            far = result.excursions
            given = (
                result.ret_bp,
                result.age_minutes,
                far.mfe_bp,
                far.mae_bp,
                far.mfe_minutes,
                far.mae_minutes,
            )
            expected = slot if isinstance(slot, Why) else one_outcome(bars, symbol, slot, horizon, within)
            if isinstance(expected, Why):
                assert result.why[scan, symbol] == expected
                assert all(math.isnan(values[scan, symbol]) for values in given)
            else:
                assert result.why[scan, symbol] == Why.KNOWN
                assert [values[scan, symbol] for values in given] == pytest.approx(expected, nan_ok=True)


def test_a_horizon_does_not_depend_on_the_others() -> None:
    bars = random_day(5)
    found = entries(bars, [OPEN, OPEN + 10 * MINUTE])
    alone = forward_returns(bars, found, [parse_horizon("30m")])[0]
    among = forward_returns(bars, found, [parse_horizon(name) for name in ("7m", "30m", "close")])[1]
    np.testing.assert_array_equal(alone.ret_bp, among.ret_bp)
    np.testing.assert_array_equal(alone.excursions.mae_minutes, among.excursions.mae_minutes)


def test_the_other_side_gains_what_this_one_loses() -> None:
    bars = random_day(6)
    found = entries(bars, [OPEN + 5 * MINUTE])
    horizons = [parse_horizon("close")]
    long, short = (forward_returns(bars, found, horizons, side)[0] for side in (1.0, -1.0))
    np.testing.assert_array_equal(long.ret_bp, -short.ret_bp)
    np.testing.assert_array_equal(long.excursions.mfe_bp, -short.excursions.mae_bp)
    np.testing.assert_array_equal(long.excursions.mfe_minutes, short.excursions.mae_minutes)


def test_many_symbols_are_computed_in_parts_that_change_nothing() -> None:
    bars = random_day(7, symbols=600)
    found = entries(bars, [OPEN, OPEN + 25 * MINUTE])
    horizons = [parse_horizon("5m"), parse_horizon("close")]
    whole = forward_returns(bars, found, horizons)
    few = slice(505, 520)
    part = forward_returns(bars.columns(few), found.columns(few), horizons)
    for one, other in zip(whole, part, strict=True):
        np.testing.assert_array_equal(one.ret_bp[:, few], other.ret_bp)
        np.testing.assert_array_equal(one.excursions.mfe_minutes[:, few], other.excursions.mfe_minutes)


def test_a_horizon_that_ends_inside_a_bar_is_refused() -> None:
    bars = random_day(8, interval=5 * MINUTE)
    with pytest.raises(InputError, match="7m ends inside a bar; give a multiple of 5 minutes"):
        forward_returns(bars, entries(bars, [OPEN]), [parse_horizon("7m")])


@pytest.mark.parametrize("text", ["0m", "21d", "1h", "open", "m", ""])
def test_what_is_no_horizon_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no horizon; give minutes"):
        parse_horizon(text)
