"""Entries, exits and excursions of random sessions with holes, against loops over single symbols."""

from __future__ import annotations

import math

import numpy as np
import pytest

from support.day_bars import lay_out, outcomes
from symscan.errors import InputError
from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.entries import entries
from symscan.research.statistics.exits import exits
from symscan.research.statistics.horizons import Horizon, parse_horizon
from symscan.research.statistics.reasons import OutcomeReason

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
    return lay_out(OPEN, OPEN + slots * interval, interval, symbols, column, starts, fields[:, present])


def one_entry(bars: DayBars, symbol: int, decided: int, delay: int, within: int) -> int | OutcomeReason:
    """The entry slot of one symbol, by looking at slot after slot."""
    first, last = decided + delay * MINUTE, decided + (delay + within) * MINUTE
    slots = [k for k in range(bars.bars) if not math.isnan(bars.open[k, symbol])]
    if first > bars.start[-2]:
        return OutcomeReason.TOO_LATE
    for slot in slots:
        if first <= bars.start[slot] <= last:
            return OutcomeReason.TOO_LATE if slot == bars.bars - 1 else slot
    return OutcomeReason.NO_ENTRY_BAR


def one_outcome(
    bars: DayBars, symbol: int, slot: int, horizon: Horizon, within: int
) -> tuple[float, ...] | OutcomeReason:
    """Return, the age of a stale price, and the excursions of one long entry, by loops."""
    minute = bars.interval // MINUTE
    end = bars.start[-1] if horizon.name == "close" else bars.start[slot] + horizon.minutes * MINUTE
    if end > bars.closes_at:
        return OutcomeReason.SESSION_END
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
def test_returns_and_excursions_are_those_of_a_loop(seed: int, minutes: int) -> None:
    bars = random_day(seed, interval=minutes * MINUTE)
    decided = [OPEN + k * MINUTE * minutes + 30_000_000 * (k % 2) for k in range(-1, 61, 3)]
    horizons = [parse_horizon(name) for name in ("5m", "30m", "close")]
    within = 3 * minutes
    found = entries(bars, decided, delay_minutes=minutes, within_minutes=within)
    results = [outcomes(bars, found, horizon, within) for horizon in horizons]
    for scan, symbol in np.ndindex(found.row.shape):
        slot = one_entry(bars, symbol, decided[scan], minutes, within)
        if isinstance(slot, OutcomeReason):
            assert found.row[scan, symbol] == -1
        else:
            assert (found.row[scan, symbol], found.price[scan, symbol]) == (slot, bars.open[slot, symbol])
            assert found.start[scan, symbol] == bars.start[slot]
        for horizon, (given, why) in zip(horizons, results, strict=True):
            expected = (
                slot if isinstance(slot, OutcomeReason) else one_outcome(bars, symbol, slot, horizon, within)
            )
            if isinstance(expected, OutcomeReason):
                assert why[scan, symbol] == expected
                assert all(math.isnan(values[scan, symbol]) for values in given)
            else:
                assert why[scan, symbol] == OutcomeReason.KNOWN
                assert [values[scan, symbol] for values in given] == pytest.approx(expected, nan_ok=True)


def test_a_horizon_that_ends_inside_a_bar_is_refused() -> None:
    bars = random_day(8, interval=5 * MINUTE)
    with pytest.raises(InputError, match="7m ends inside a bar; give a multiple of 5 minutes"):
        exits(bars, entries(bars, [OPEN]), parse_horizon("7m"))


@pytest.mark.parametrize("text", ["0m", "21d", "1h", "open", "m", ""])
def test_what_is_no_horizon_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no horizon; give minutes"):
        parse_horizon(text)
