"""Measure how often intervals hold the truth: scanners that know nothing, where nobody can know anything.

    python benchmarks/calibration.py --markets 200 --sessions 44 --symbols 284

One market is generated as the demo's is; each placebo market puts random signs on its minutes. On each,
honest scanners, one that peeks, and one whose controls are chosen by what happens later are studied. Printed
are, for each scanner and horizon: the mean over markets and its standard error, how often the plain interval
of hits, the clustered one and the bootstrap of t hold the true mean, 0, and the median width of the
clustered one.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from symscan.demo.prices import Plan, draw_traits, opening_prices, regular_bars, session_bars, to_daily
from symscan.model.bar import CLOSE, VOLUME
from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.entries import Entries, entries
from symscan.research.statistics.evidence import estimate
from symscan.research.statistics.excess import excess
from symscan.research.statistics.exits import exits, returns_bp
from symscan.research.statistics.families import bootstrap_t_interval, session_draws
from symscan.research.statistics.horizons import parse_horizon
from symscan.research.statistics.placebo import PlaceboPrices, placebo_bars, random_signs
from symscan.research.statistics.reasons import OutcomeReason
from symscan.research.statistics.session_ends import SessionEnds, later_exits
from symscan.research.statistics.strata import nested_strata

MINUTES: Final = 390
HISTORY: Final = 20
SCANS: Final = range(15, MINUTES, 15)
WITHIN: Final = 5
HORIZONS: Final = tuple(parse_horizon(name) for name in ("30m", "close", "next_open", "5d"))
_DAY: Final = 24 * 60 * MINUTE
_BOOTSTRAP_DRAWS: Final = 500

PLANTED_BP: Final = 5.0
"""What the hits of the scanner ``planted`` are given on top."""

Cells = np.ndarray
"""``(scans, symbols)``."""


@dataclass(frozen=True)
class Generated:
    """The market that placebos are made of: daily bars of earlier sessions, then minutes of each session."""

    days: np.ndarray
    sessions: list[np.ndarray]


@dataclass(frozen=True)
class Played:
    """One placebo session: its bars, what the scanners may know, and the strata."""

    bars: DayBars
    entries: Entries
    strata: np.ndarray
    volatility: np.ndarray
    change: Cells
    back: Cells


@dataclass
class Sums:
    """Hits, their sum and that of their squares, by session."""

    counts: list[float] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)

    def add(self, values: np.ndarray) -> None:
        known = values[~np.isnan(values)]
        self.counts.append(len(known))
        self.totals.append(known.sum())
        self.squares.append((known**2).sum())


def generate(sessions: int, symbols: int, seed: int = 7) -> Generated:
    """Generate a market as the demo's is, and daily bars of the sessions before."""
    rng = np.random.default_rng(seed)
    traits = draw_traits(rng, symbols)
    close, days, minutes = traits.first_price, [], []
    for index in range(HISTORY + sessions):
        plan = Plan.quiet(MINUTES, symbols)
        opening = opening_prices(rng, traits, close, plan)
        if index < HISTORY:
            day = session_bars(rng, traits, opening, Plan.quiet(1, symbols))
            days.append(day.fields[:, 0])
        else:
            bars = regular_bars(rng, traits, opening, plan)
            fields = np.where(bars.present, bars.fields, np.nan)
            minutes.append(fields)
            day = to_daily(bars)
        close = np.where(day.present[0], day.close[0], close)
    return Generated(np.stack(days, axis=1), minutes)


def play(market: Generated, seed: int) -> Iterator[Played]:
    """Make the placebo of a market, session by session."""
    last = PlaceboPrices.unknown(market.days.shape[2])
    days, last = placebo_bars(market.days, random_signs(HISTORY, seed, 0), last)
    closes, volumes = list(days[CLOSE]), list(days[VOLUME])
    for index, fields in enumerate(market.sessions):
        made, last = placebo_bars(fields, random_signs(MINUTES, seed, index + 1), last)
        start = index * _DAY + np.arange(MINUTES) * MINUTE
        bars = DayBars(start, MINUTE, int(start[-1]) + MINUTE, *made)
        yield _played(bars, np.array(closes[-HISTORY - 1 :]), np.array(volumes[-HISTORY:]))
        closes.append(last.placebo)
        volumes.append(np.nansum(fields[VOLUME], axis=0))


def _played(bars: DayBars, closes: np.ndarray, volumes: np.ndarray) -> Played:
    volatility = np.diff(np.log(closes), axis=0).std(axis=0, ddof=1)
    dollars = np.log(closes[-HISTORY:] * np.maximum(volumes, 1)).mean(axis=0)
    prices = np.vstack([bars.open[bars.next_row[0].clip(max=MINUTES - 1), range(bars.symbols)], bars.close])
    at = np.where(np.isnan(prices), 0, np.arange(len(prices))[:, None])
    known = np.take_along_axis(prices, np.maximum.accumulate(at, axis=0), axis=0)
    scans = np.array(SCANS)
    return Played(
        bars,
        entries(bars, bars.start[scans], within_minutes=WITHIN),
        nested_strata(np.array([volatility, dollars])),
        volatility,
        known[scans] / known[0] - 1,
        known[scans] / known[np.maximum(scans - 30, 0)] - 1,
    )


def scanners(day: Played, rng: np.random.Generator) -> dict[str, Cells]:
    """Return the hits of scanners that know nothing of what comes."""
    shape = day.change.shape
    at_times = rng.random((shape[0], 1)) < 0.2
    volatile = day.volatility >= np.quantile(day.volatility, 0.8)
    up = day.change > 0.01
    return {
        "random": rng.random(shape) < 0.05,
        "random_stays": np.broadcast_to(rng.random(shape[1]) < 0.05, shape),
        "random_timed": at_times & (rng.random(shape) < 0.1),
        "random_volatile": volatile & (rng.random(shape) < 0.2),
        "up1": up,
        "up1_entered": entered(up),
        "dips": day.back < -0.0075,
    }


def entered(hits: Cells) -> Cells:
    """Return the hits that were none at the scan before."""
    before = np.vstack([np.zeros((1, hits.shape[1]), bool), hits[:-1]])
    return hits & ~before


def above_median(ahead: Cells) -> Cells:
    """Return the hits of a scanner that sees what comes."""
    result = np.zeros(ahead.shape, bool)
    known = ~np.isnan(ahead).all(axis=1)
    result[known] = ahead[known] > np.nanmedian(ahead[known], axis=1, keepdims=True)
    return result


def returns(days: list[Played]) -> dict[str, list[Cells]]:
    """Return the returns of all candidates, by horizon and session."""
    result = {
        horizon.name: [
            returns_bp(day.entries.price, exits(day.bars, day.entries, horizon, WITHIN).price) for day in days
        ]
        for horizon in HORIZONS
        if horizon.is_within_session
    }
    ends = SessionEnds.stack([SessionEnds.of_minutes(day.bars) for day in days])
    for horizon in HORIZONS:
        if not horizon.is_within_session:
            later = later_exits(
                ends, np.ones_like(ends.first), horizon.sessions, at_open=horizon.name == "next_open"
            )
            prices = np.where(later.why == OutcomeReason.KNOWN, later.price, np.nan)
            result[horizon.name] = [
                returns_bp(day.entries.price, price) for day, price in zip(days, prices, strict=True)
            ]
    return result


def study(market: Generated, seed: int) -> dict[tuple[str, str, str], Sums]:
    """Return the sums of every scanner, horizon and kind (raw, excess) on one placebo market."""
    rng = np.random.default_rng([seed, 99])
    days = list(play(market, seed))
    known = returns(days)
    sums: dict[tuple[str, str, str], Sums] = defaultdict(Sums)
    for index, day in enumerate(days):
        hits = scanners(day, rng)
        ahead = known["30m"][index]
        hits["peek"] = above_median(ahead)
        for horizon in HORIZONS:
            ret = known[horizon.name][index]
            for name, cells in hits.items():
                if name == "peek" and horizon.name != "30m":
                    continue
                found = excess(ret, cells, ~(hits["up1"] if name == "up1_entered" else cells), day.strata)
                sums[name, horizon.name, "raw"].add(found.ret)
                sums[name, horizon.name, "excess"].add(found.excess)
        _barred(sums, known["close"][index], hits, day.strata)
        planted = known["30m"][index] + PLANTED_BP * hits["random"]
        found = excess(planted, hits["random"], ~hits["random"], day.strata)
        sums["planted", "30m", "excess"].add(found.excess)
    return sums


def _barred(
    sums: dict[tuple[str, str, str], Sums], ret: Cells, hits: dict[str, Cells], strata: np.ndarray
) -> None:
    """Study up1_entered to the close with controls that are also barred by other scans of the day."""
    up = hits["up1"]
    pools = {
        "not hit so far today": ~np.logical_or.accumulate(up, axis=0),
        "not hit all day": np.broadcast_to(~up.any(axis=0), up.shape),
    }
    for name, pool in pools.items():
        sums[name, "close", "excess"].add(excess(ret, hits["up1_entered"], pool, strata).excess)


@dataclass
class Row:
    """What one scanner and horizon came to on many markets."""

    means: list[float] = field(default_factory=list)
    plain: list[bool] = field(default_factory=list)
    clustered: list[bool] = field(default_factory=list)
    bootstrap: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def add(self, one: Sums, overlap: int, truth: float = 0.0, *, is_raw: bool, bootstrap: bool) -> None:
        counts, totals = np.array(one.counts, float), np.array(one.totals)
        found = estimate(counts, totals, overlap, is_raw=is_raw)
        if not found.has_interval:
            return
        n = counts.sum()
        error = np.sqrt((np.sum(one.squares) / n - found.mean**2) / (n - 1))
        self.means.append(found.mean)
        self.plain.append(abs(found.mean - truth) <= 1.96 * error)
        self.clustered.append(found.lo <= truth <= found.hi)
        self.widths.append(found.hi - found.lo)
        if bootstrap:
            draws = session_draws(len(counts), overlap, seed=1, draws=_BOOTSTRAP_DRAWS)
            low, high = bootstrap_t_interval(counts, totals, draws, overlap)
            self.bootstrap.append(low <= truth <= high)

    @property
    def mean(self) -> float:
        return float(np.mean(self.means))

    @property
    def error(self) -> float:
        return float(np.std(self.means, ddof=1) / np.sqrt(len(self.means)))


def calibrate(
    market: Generated,
    markets: int,
    *,
    bootstrap: bool = False,
    fewer: tuple[int, ...] = (),
    progress: Callable[[int], None] = lambda _: None,
) -> dict[tuple[str, str, str], Row]:
    """Study many placebos of a market; with fewer sessions too, as the horizon ``30m/10``."""
    overlaps = {horizon.name: horizon.overlap for horizon in HORIZONS}
    rows: dict[tuple[str, str, str], Row] = defaultdict(Row)
    for seed in range(markets):
        for (name, horizon, kind), one in study(market, seed).items():
            flags = {"is_raw": kind == "raw", "bootstrap": bootstrap and kind == "excess"}
            truth = PLANTED_BP if name == "planted" else 0.0
            rows[name, horizon, kind].add(one, overlaps[horizon], truth, **flags)
            for count in fewer if horizon == "30m" and kind == "excess" else ():
                part = Sums(one.counts[:count], one.totals[:count], one.squares[:count])
                rows[name, f"30m/{count}", kind].add(part, 0, truth, **flags)
        progress(seed)
    return rows


def _text(key: tuple[str, str, str], row: Row) -> str:
    shares = [
        f"{100 * np.mean(held):4.0f}" if held else "   -"
        for held in (row.plain, row.clustered, row.bootstrap)
    ]
    name, horizon, kind = key
    return (
        f"{name:20} {horizon:10} {kind:6} {row.mean:+8.2f} ± {row.error:5.2f}   {' '.join(shares)}"
        f"   {np.median(row.widths):7.1f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--markets", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=44)
    parser.add_argument("--symbols", type=int, default=284)
    parser.add_argument("--bootstrap", action="store_true")
    options = parser.parse_args()
    market = generate(options.sessions, options.symbols)
    fewer = tuple(count for count in (5, 10, 20) if count < options.sessions)
    rows = calibrate(market, options.markets, bootstrap=options.bootstrap, fewer=fewer)
    print("scanner              horizon    kind      mean bp ± error  plain clustered boot_t  width bp")
    for key, row in rows.items():
        if row.means:
            print(_text(key, row))


if __name__ == "__main__":
    main()
