"""The benchmark ``disturbance``: what a scanner that makes trouble does to the stream and its neighbours.

    python benchmarks/disturbance.py [--symbols N] [--bursts N] [--rounds N]

A table, one line for each kind of trouble: milliseconds from the last byte of a burst, sent over a real
websocket, to updated indicators (``slice``) and to the last hit of the usual scanners told (``hits``), p50
and p99; the ratio of the slice's p99 to the quiet one's; and whether the usual scanners found the same. Every
scanner is due every minute, and a minute comes as soon as the usual scanners are done with the one before.
All kinds take turns, round after round, so that what else the computer does hits them alike.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import usual
from bursts import WARM_UP, Pacer, Seconds, Senders, Watch, live_session, make_store, senders, write_frames
from market import make_market

from symscan.sources.store.bar_store import BarStore

TROUBLE: dict[str, dict[str, Any]] = {
    "sleeps for ever": {"config": {"how": "sleeps"}, "timeout_seconds": 1},
    "is late": {"config": {"how": "is_late", "seconds": 1.0}, "timeout_seconds": 30},
    "raises": {"config": {"how": "raises"}},
    "spins": {"config": {"how": "spins"}, "timeout_seconds": 1, "isolation": "process"},
}
CASES: dict[str, list[dict[str, Any]]] = {
    "quiet": [],
    **{name: [one] for name, one in TROUBLE.items()},
    "all at once": list(TROUBLE.values()),
}


@dataclass(slots=True)
class Case:
    """One kind, by round: seconds to slices and hits, a row a burst; and what was found."""

    seconds: list[Seconds] = field(default_factory=list)
    hits: list[Any] = field(default_factory=list)


def play(
    config: Path, store: BarStore, day: date, others: Senders, place: int, bursts: int, case: Case
) -> None:
    """One session."""
    watch = Watch(usual.NAMES)
    with watch.stamping(), live_session(config, store, day, others.addresses[place], watch) as (live, feed):
        pacer = Pacer(live, feed, others, place, bursts, watch)
        pacer.run()
    case.seconds.append(pacer.since_last_byte("indicators updated", "told"))
    case.hits.append(watch.hits)


def measure(symbols: int, bursts: int, rounds: int, folder: Path) -> None:
    """Measure, and print the table."""
    market = make_market(symbols, 2, seed=20_260_115)
    store = make_store(market, folder)
    write_frames(market, 1, bursts, 500, folder / "frames")
    cases = {name: Case() for name in CASES}
    with senders(folder / "frames", symbols, len(CASES)) as others:
        for turn in range(rounds):
            for place, (name, trouble) in enumerate(CASES.items()):
                more = [
                    {"name": f"trouble{at}", "module": "trouble", **one} for at, one in enumerate(trouble)
                ]
                config = usual.write_project(folder, f"case{place}-{turn}", market.symbols, more)
                play(config, store, market.dates[1], others, place, bursts, cases[name])
    print(
        f"{symbols} symbols, {rounds} rounds of {bursts - WARM_UP} bursts, {len(usual.NAMES)} scanners; "
        "milliseconds"
    )
    print(f"{'':18}{'slice p50':>10}{'p99':>8}{'hits p50':>10}{'p99':>8}{'ratio':>8}  hits")
    for name, case in cases.items():
        print(line(name, case, cases["quiet"]))


def line(name: str, case: Case, quiet: Case) -> str:
    """A line of the table."""
    (slice_p50, hits_p50), (slice_p99, hits_p99) = percentiles(case)
    ratio = slice_p99 / percentiles(quiet)[1][0]
    same = "the same" if all(hits == quiet.hits[0] for hits in case.hits) else "OTHERS"
    numbers = f"{slice_p50:10.1f}{slice_p99:8.1f}{hits_p50:10.1f}{hits_p99:8.1f}{ratio:8.2f}"
    return f"{name:18}{numbers}  {same}"


def percentiles(case: Case) -> Seconds:
    """The p50 and the p99, a row each, to slices and hits, milliseconds."""
    return np.percentile(np.concatenate(case.seconds), [50, 99], axis=0) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what troublesome scanners do to a live session.")
    parser.add_argument("--symbols", type=int, default=8_000)
    parser.add_argument("--bursts", type=int, default=46)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.symbols, options.bursts, options.rounds, Path(folder))


if __name__ == "__main__":
    main()
