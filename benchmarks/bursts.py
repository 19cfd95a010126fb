"""Whole minutes of a market, each sent in one burst over a real websocket, and a live session to take them.

The broker's stand-in runs in a process of its own, so that it takes nothing from the session but the
second core. The session is put together as ``symscan live --source alpaca`` does it, over the broker's
official client; only the market's clock is moved by hand, to the end of the minute that is sent next.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import wraps
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[1] / "tests"))

from market import Market

from support.alpaca.server import AlpacaServer, ServerBar
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import load_config
from symscan.model.events.session import Event, ScanFinished
from symscan.model.instant import MINUTE, SECOND, Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.recording.session_log import SessionRecord
from symscan.runtime.building.build import check
from symscan.runtime.live.session import LiveOptions, LiveRun, LiveSession, LiveSetup
from symscan.runtime.processor import DataProcessor
from symscan.scanners.jobs.job import Job
from symscan.sources.alpaca import protocol as conversation
from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.feed import AlpacaFeed
from symscan.sources.base_broker import BaseBroker
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.ports import Feed, LiveDay
from symscan.sources.store.bar_store import BarStore
from symscan.sources.streaming.validation import BatchValidator

Floats = NDArray[np.float64]
Seconds = Floats

WARM_UP = 6
"""Bursts that do not count: those before the first five-minute bar."""

SUBSCRIBING_SECONDS = 30.0
STILL_SECONDS = 0.05
"""How long nothing moves before a burst: whoever takes it has come to rest."""


# -- the market as frames ------------------------------------------------------------------------


def write_frames(market: Market, session: int, minutes: int, per_frame: int, path: Path) -> None:
    """Write a session's first minutes as the stream's frames; every symbol has a bar in each of them.

    The first burst is of the minute before the open: it opens the session.
    """
    bars = _without_holes(market.fields[session])
    bursts = [_frames(market, session, bars, minute, per_frame) for minute in range(-1, minutes - 1)]
    path.write_bytes(pickle.dumps(bursts))


def _without_holes(fields: Floats) -> Floats:
    """The bars with the one before where there is none, and with the first one before that."""
    filled = fields.copy()
    first = np.isfinite(fields[:, 0]).argmax(axis=0)
    filled[0] = fields[first, :, np.arange(fields.shape[2])].T
    for before, bars in pairwise(filled):
        np.copyto(bars, before, where=np.isnan(bars[0]))
    return filled


def _frames(market: Market, session: int, bars: Floats, minute: int, per_frame: int) -> list[bytes]:
    start = market.opens[session] + minute * MINUTE
    rows = zip(market.symbols, bars[max(minute, 0)].T.tolist(), strict=True)
    messages = [ServerBar(symbol, start, *values).to_message("bars") for symbol, values in rows]
    parts = (messages[at : at + per_frame] for at in range(0, len(messages), per_frame))
    return [msgpack.packb(part) for part in parts]


def make_store(market: Market, folder: Path) -> BarStore:
    """A store with all sessions of the market but the last, and the days before them."""
    store, calendar = BarStore.create(folder / "store"), SessionCalendar()
    files = market.write_store_files(folder / "raw")
    for name, paths in {"1m": files["1m"][:-1], "1d": files["1d"]}.items():
        interval = Interval.parse(name)
        options = ImportOptions(interval, label=Label.START if interval.is_intraday else None)
        import_bars(store, paths, options, calendar)
    return BarStore(store.root)


# -- the server ----------------------------------------------------------------------------------


class BurstServer(AlpacaServer):
    """The stand-in, with all frames of a minute sent at once."""

    def burst(self, frames: Sequence[bytes]) -> float:
        """Send frames; when the last byte was the network's, monotonic seconds."""
        return self._do(self._burst(frames))

    async def _burst(self, frames: Sequence[bytes]) -> float:
        (client,) = self._clients
        for frame in frames:
            await client.connection.send(frame)
        while client.connection.transport.get_write_buffer_size():
            await asyncio.sleep(0)
        return monotonic()


def _serve(pipe: Pipe, path: Path, symbols: int, count: int) -> None:
    """In a process of its own: servers that send a minute to whom they are told."""
    bursts = pickle.loads(path.read_bytes())
    servers = [BurstServer() for _ in range(count)]
    for server in servers:
        server.__enter__()
    pipe.send([(server.keys, server.hosts) for server in servers])
    while (order := pipe.recv()) is not None:
        number, burst = order
        server = servers[number]
        server.wait(lambda: len(server.subscribed) == symbols, SUBSCRIBING_SECONDS)  # noqa: B023
        sleep(STILL_SECONDS)
        pipe.send(server.burst(bursts[burst]))
    for server in servers:
        server.__exit__(None, None, None)


@dataclass(frozen=True, slots=True)
class Senders:
    """The servers in the other process: one for each client."""

    pipe: Pipe
    addresses: Sequence[tuple[AlpacaKeys, AlpacaHosts]]

    def begin(self, number: int, burst: int) -> None:
        """Have a server send a minute; returns before it does."""
        self.pipe.send((number, burst))

    def last_byte(self) -> float:
        """When the last byte was the network's, of what was ordered first and not asked for yet."""
        ended: float = self.pipe.recv()
        return ended


@contextmanager
def senders(frames: Path, symbols: int, count: int) -> Iterator[Senders]:
    """Servers in a process of their own."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, frames, symbols, count), daemon=True)
    process.start()
    try:
        yield Senders(ours, ours.recv())
    finally:
        ours.send(None)
        process.join(10.0)
        process.kill()


# -- the session ---------------------------------------------------------------------------------


class BurstFeed(AlpacaFeed):
    """The broker's feed on a clock that is set by hand and goes on from there."""

    def __init__(self, keys: AlpacaKeys, hosts: AlpacaHosts, start: Instant) -> None:
        super().__init__(keys, hosts, "iex")
        self._set = (start, monotonic())

    def now(self) -> Instant:
        """The market's clock."""
        instant, since = self._set
        return instant + int((monotonic() - since) * SECOND)

    def jump(self, instant: Instant) -> None:
        """Set the clock."""
        self._set = (instant, monotonic())


class BurstBroker(BaseBroker):
    """Where the session's bars come from."""

    name = "alpaca"
    title = "Alpaca"

    def __init__(self, feed_of_bursts: BurstFeed) -> None:
        super().__init__("iex")
        self._feed_of_bursts = feed_of_bursts

    def start_of(self, day: LiveDay, first_due: Instant) -> Instant:  # noqa: ARG002
        """When the session begins: now."""
        return self._feed_of_bursts.now()

    def live_feed(self, day: LiveDay) -> Feed:  # noqa: ARG002
        """The feed, not yet open."""
        return self._feed_of_bursts


@contextmanager
def live_session(
    config: Path, store: BarStore, day: date, sender: tuple[AlpacaKeys, AlpacaHosts], observer: Observer
) -> Iterator[tuple[LiveSession, BurstFeed]]:
    """A live session of a day, open, and its feed; its record is a file as always."""
    checked = check(load_config(config), "live")
    session = checked.calendar.session(day)
    feed = BurstFeed(*sender, session.open - SECOND)
    broker = BurstBroker(feed)
    out = config.with_suffix("")
    out.mkdir()
    options = LiveOptions("alpaca", store.root, session.date, None, "", "iex", out)
    day_of_broker = LiveDay(session, checked.calendar, store.root)
    history = broker.history(day_of_broker)
    run = LiveRun(session, out, feed="iex")
    setup = LiveSetup(checked, options, run, checked.config.live, broker, day_of_broker, history)
    with setup.opened([observer]) as live:
        yield live, feed


class Watch:
    """Notes when each stage of a burst last ended, and what the usual scanners found."""

    def __init__(self, scanners: Collection[str]) -> None:
        self.bursts: list[dict[str, float]] = []
        self.hits: dict[tuple[Instant, str], tuple[Any, ...]] = {}
        self._scanners = frozenset(scanners)
        self._now: dict[str, float] = {}

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002
        """Everybody is told after the step is committed."""
        if isinstance(event, ScanFinished) and event.scanner in self._scanners:
            self._now["told"] = monotonic()
            hits = event.hits
            columns = (getattr(hits, name) for name in ("price", "change_pct", "gap_pct", "volume"))
            found = (hits.symbols, *(np.asarray(column).tobytes() for column in columns))
            self.hits[event.at, event.scanner] = (event.outcome, event.universe, event.unknown, *found)

    def has_all(self, at: Instant) -> bool:
        """Whether every scan of an instant was told of."""
        return all((at, scanner) in self.hits for scanner in self._scanners)

    def next(self) -> None:
        """Another burst is about to begin."""
        self.bursts.append({})
        self._now = self.bursts[-1]

    @contextmanager
    def stamping(self) -> Iterator[None]:
        """Have the parts of sessions noted at their boundaries."""
        with ExitStack() as stack:
            for boundary in (
                (conversation, "decode", None, "decoded"),
                (BatchValidator, "validate", "handed over", None),
                (DataProcessor, "process", "slice closed", "indicators updated"),
                (Job, "conclude", None, "scans done"),
                (SessionRecord, "commit", None, "committed"),
            ):
                stack.enter_context(self._around(*boundary))
            yield

    @contextmanager
    def _around(self, owner: Any, name: str, before: str | None, after: str | None) -> Iterator[None]:
        plain: Callable[..., Any] = getattr(owner, name)

        @wraps(plain)
        def stamped(*arguments: Any, **options: Any) -> Any:
            if before is not None:
                self._now[before] = monotonic()
            result = plain(*arguments, **options)
            if after is not None:
                self._now[after] = monotonic()
            return result

        setattr(owner, name, stamped)
        try:
            yield
        finally:
            setattr(owner, name, plain)


class Pacer:
    """Has minute after minute sent, each once all that is waited for came of the one before.

    Parameters
    ----------
    live, feed
        The session.
    senders, number
        Who sends to it.
    bursts
        How many minutes.
    watch
        Knows what came of them.
    between
        Called before each burst, with its number.
    """

    def __init__(
        self,
        live: LiveSession,
        feed: BurstFeed,
        senders: Senders,
        number: int,
        bursts: int,
        watch: Watch,
        between: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._live = live
        self._feed = feed
        self._senders = senders
        self._number = number
        self._bursts = bursts
        self._watch = watch
        self._between = between
        self._sent = 0
        self._open = live.coordinator.session.open
        self.last_bytes: list[float] = []
        """When the last byte of each burst was the network's."""

    def run(self) -> None:
        """Run the session until all was sent and done with."""
        self._live.coordinator.run(self._after_step)

    def since_last_byte(self, *stages: str) -> Seconds:
        """Seconds from the last byte of each burst to the end of some stages, shape ``(bursts, stages)``.

        The first bursts are left out: what is done once is done in them.
        """
        bursts = list(zip(self._watch.bursts, self.last_bytes, strict=True))[WARM_UP:]
        return np.array([[ends[stage] - last for stage in stages] for ends, last in bursts])

    def _after_step(self) -> None:
        """Send the next minute if the one before is done with."""
        is_over = len(self.last_bytes) == self._bursts
        if is_over or (self._sent and not self._is_done()):
            return
        if self._sent:
            self.last_bytes.append(self._senders.last_byte())
        if self._sent == self._bursts:
            self._live.stop()
            return
        self._between(self._sent)
        self._watch.next()
        self._feed.jump(self._open + self._sent * MINUTE)
        self._senders.begin(self._number, self._sent)
        self._sent += 1

    def _is_done(self) -> bool:
        end = self._open + (self._sent - 1) * MINUTE
        if self._live.coordinator.now < end:
            return False
        return end == self._open or self._watch.has_all(end)
