"""The benchmark ``disturbance``: what a scanner that makes trouble does to the stream and its neighbours.

    python benchmarks/disturbance.py [--symbols N] [--bursts N]

A table, one line for each kind of trouble: milliseconds from the last byte of a burst, sent over a real
websocket, to updated indicators (``slice``) and to the last hit of the usual scanners told (``hits``), p50
and p99; the ratio of the slice's p99 to the quiet one's; and whether the usual scanners found the same. Every
scanner is due every minute, and a minute comes as soon as the usual scanners are done with the one before.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import usual
from bursts import Pacer, Seconds, Senders, Watch, live_session, make_store, senders, write_frames
from market import Market, make_market

from symscan.sources.parquet import BarStore

TROUBLE: dict[str, dict[str, Any]] = {
    "sleeps for ever": {"config": {"how": "sleeps"}, "timeout_seconds": 1},
    "is late": {"config": {"how": "is_late", "seconds": 1.0}, "timeout_seconds": 30},
    "raises": {"config": {"how": "raises"}},
    "spins": {"config": {"how": "spins"}, "timeout_seconds": 1, "isolation": "process"},
}
QUIET = "quiet"
CASES = {
    QUIET: [],
    **{name: [one] for name, one in TROUBLE.items()},
    "all at once": list(TROUBLE.values()),
    "quiet again": [],
}


def play(
    place: int, market: Market, store: BarStore, others: Senders, bursts: int, folder: Path
) -> tuple[Seconds, Watch]:
    """One session; the latencies of slices and hits, and what was found."""
    trouble = list(CASES.values())[place]
    more = [{"name": f"trouble{at}", "module": "trouble", **one} for at, one in enumerate(trouble)]
    config = usual.write_project(folder, f"case{place}", market.symbols, more)
    watch = Watch(usual.NAMES)
    with (
        watch.stamping(),
        live_session(config, store, market.dates[1], others.addresses[place], watch) as (live, feed),
    ):
        pacer = Pacer(live, feed, others, place, bursts, watch)
        pacer.run()
    return pacer.since_last_byte("indicators updated", "told"), watch


def measure(symbols: int, bursts: int, folder: Path) -> None:
    """Measure, and print the table."""
    market = make_market(symbols, 2, seed=20_260_115)
    store = make_store(market, folder)
    write_frames(market, 1, bursts, 500, folder / "frames")
    print(f"{symbols} symbols, {bursts} bursts, {len(usual.NAMES)} usual scanners; milliseconds")
    print(f"{'':18}{'slice p50':>10}{'p99':>8}{'hits p50':>10}{'p99':>8}{'ratio':>8}  hits")
    quiet_p99, quiet_hits = 0.0, None
    with senders(folder / "frames", symbols, len(CASES)) as others:
        for place, name in enumerate(CASES):
            seconds, watch = play(place, market, store, others, bursts, folder)
            (slice_p50, hits_p50), (slice_p99, hits_p99) = np.percentile(seconds, [50, 99], axis=0) * 1000
            if quiet_hits is None:
                quiet_p99, quiet_hits = slice_p99, watch.hits
            same = "the same" if watch.hits == quiet_hits else "OTHERS"
            print(
                f"{name:18}{slice_p50:10.1f}{slice_p99:8.1f}{hits_p50:10.1f}{hits_p99:8.1f}"
                f"{slice_p99 / quiet_p99:8.2f}  {same}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what troublesome scanners do to a live session.")
    parser.add_argument("--symbols", type=int, default=8_000)
    parser.add_argument("--bursts", type=int, default=106)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.symbols, options.bursts, Path(folder))


if __name__ == "__main__":
    main()
