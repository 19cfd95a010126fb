"""The benchmark ``latency``: thousands of symbols' bars in one burst over a real websocket.

    python benchmarks/latency.py [--symbols N] [--bursts N] [--per-frame N]

A table, p50 and p99 in milliseconds from the last byte of a burst, handed to the network by another process,
to: every bar decoded, the slice handed over and closed, indicators updated, the last scan done, hits applied
and committed to the record, and told. Beside it, in turn with the session's bursts and of the same frames,
when the broker's client alone has called an empty handler for the last bar: as plain messages (``raw``), and
with the objects it makes of them by default. Nobody waits for the watermark: all symbols report.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import usual
from bursts import WARM_UP, Pacer, Seconds, Senders, Watch, live_session, make_store, senders, write_frames
from market import make_market

STAGES = ("decoded", "handed over", "slice closed", "indicators updated", "scans done", "committed", "told")


class BareClient:
    """The broker's own client with a handler that does nothing but count."""

    def __init__(self, senders: Senders, number: int, symbols: Sequence[str], *, raw: bool) -> None:
        from alpaca.data.enums import DataFeed
        from alpaca.data.live.stock import StockDataStream

        keys, hosts = senders.addresses[number]
        url = f"{hosts.stream_url}/v2/iex"
        self._stream = StockDataStream(keys.key_id, keys.secret, raw, DataFeed.IEX, url_override=url)
        self._senders = senders
        self._number = number
        self._count = len(symbols)
        self._seen = 0
        self._ended = 0.0
        self._has_all = threading.Event()
        self._stream.subscribe_bars(self._handle, *symbols)
        self._thread = threading.Thread(target=self._stream.run, daemon=True)
        self._thread.start()

    async def _handle(self, _bar: Any) -> None:
        self._seen += 1
        if self._seen == self._count:
            self._ended = monotonic()
            self._has_all.set()

    def take(self, burst: int) -> float:
        """Take one burst; seconds from its last byte to the last handler."""
        self._seen = 0
        self._has_all.clear()
        self._senders.begin(self._number, burst)
        if not self._has_all.wait(30.0):
            raise SystemExit("the broker's client did not get all bars")
        return self._ended - self._senders.last_byte()

    def close(self) -> None:
        self._stream.stop()
        self._thread.join(10.0)


def measure(symbols: int, bursts: int, per_frame: int, folder: Path) -> None:
    """Measure, and print the table."""
    market = make_market(symbols, 2, seed=20_260_115)
    store = make_store(market, folder)
    write_frames(market, 1, bursts, per_frame, folder / "frames")
    config = usual.write_project(folder, "latency", market.symbols)
    watch = Watch(usual.NAMES)
    bare: dict[str, list[float]] = {"client, raw: handler called": [], "client, objects: handler called": []}
    with senders(folder / "frames", symbols, 3) as others:
        clients = [BareClient(others, number, market.symbols, raw=number == 1) for number in (1, 2)]

        def between(burst: int) -> None:
            for taken, client in zip(bare.values(), clients, strict=True):
                taken.append(client.take(burst))

        with (
            watch.stamping(),
            live_session(config, store, market.dates[1], others.addresses[0], watch) as (live, feed),
        ):
            pacer = Pacer(live, feed, others, 0, bursts, watch, between)
            pacer.run()
        for client in clients:
            client.close()
    counts = [len(found[3]) for found in watch.hits.values()]
    print(
        f"{symbols} bars a burst, {per_frame} in a frame; {bursts - WARM_UP} bursts; "
        f"{len(usual.NAMES)} scanners, {sum(counts) / bursts:.0f} hits a burst"
    )
    print(f"{'milliseconds from the last byte to':40}{'p50':>8}{'p99':>8}{'of it':>8}")
    for name, taken in bare.items():
        print(line(name, np.array(taken[WARM_UP:])))
    ends = pacer.since_last_byte(*STAGES)
    for stage, end, own in zip(STAGES, ends.T, np.diff(ends, axis=1, prepend=0.0).T, strict=True):
        print(line(stage, end, own))


def line(name: str, seconds: Seconds, own: Seconds | None = None) -> str:
    """A line of the table: the percentiles, and the median of the stage's own part."""
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    part = "" if own is None else f"{np.median(own) * 1000:8.1f}"
    return f"{name:40}{p50:8.1f}{p99:8.1f}{part}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a live session's latency.")
    parser.add_argument("--symbols", type=int, default=8_000)
    parser.add_argument("--bursts", type=int, default=106)
    parser.add_argument("--per-frame", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options.symbols, options.bursts, options.per_frame, Path(folder))


if __name__ == "__main__":
    main()
