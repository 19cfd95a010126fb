"""The benchmark ``alerts``: how soon a message leaves, and what a service that hangs does to the session.

    python benchmarks/alerts.py [--speed N] [--rounds N]

A live session of a generated market is replayed, its alerts sent by the real process to a server on this
computer, which answers at once or hangs. A table, one line for each: milliseconds from the
step's commit to the arrival of the message (p50, p99 and the longest), and milliseconds that a step of the
session takes (p50, p99). ``none`` is the same session without a sender. The cases take turns; the first
scan comes when the sender has started.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import chdir, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

from symscan.alerts.process import AlertSender
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import load_config
from symscan.demo.market import generate_market
from symscan.model.interval import Interval
from symscan.runtime.assembly import assemble_live
from symscan.runtime.live.session import LiveOptions, LiveRun
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

DAY = date(2025, 11, 28)
VARIABLE = "SYMSCAN_ALERT_BENCHMARK"
CASES = ("none", "answers", "hangs")


@dataclass(slots=True)
class Case:
    """One kind of service: seconds to arrivals and of steps, and how many messages were decided."""

    arrivals: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    decided: int = 0


class StepTimes:
    """Keeps how long each step of a session takes."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._begun = 0.0

    def begin_step(self, _update: object) -> None:
        self._begun = time.perf_counter()

    def end_step(self) -> None:
        self.seconds.append(time.perf_counter() - self._begun)

    def commit_finished(self, _seconds: float) -> None:
        pass

    def subscription_changed(self, _symbols: int) -> None:
        pass


@contextmanager
def service(case: str) -> Iterator[tuple[str, dict[str, float]]]:
    """A service that does as the case says: its address, and when each text arrived."""
    arrived: dict[str, float] = {}
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            arrived.setdefault(body["message"], time.time())
            if case == "hangs":
                done.wait(60)
                return
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("localhost", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield f"json://localhost:{server.server_port}/", arrived
    finally:
        done.set()
        server.shutdown()
        server.server_close()


def make_project(folder: Path) -> Path:
    """A store of a generated market, and a configuration with alerts."""
    calendar = SessionCalendar()
    sessions = [*calendar.previous(DAY, 3), calendar.session(DAY)]
    market = generate_market(folder / "market", sessions=sessions, symbols=300, minute_sessions=1, seed=5)
    store = BarStore.create(folder / "store")
    for name, paths in market.files.items():
        interval = Interval.parse(name)
        options = ImportOptions(interval, label=Label.START if interval.is_intraday else None)
        import_bars(store, paths, options, calendar)
    screen: dict[str, Any] = {
        "name": "rises",
        "universe": str(market.universe),
        "where": "change_pct > prior.change_pct",
        "rank": "change_pct",
        "take": 5,
        "regular_session": [{"start": "10:15", "end": "12:55", "interval": "1m"}],
    }
    rule = {"name": "all", "bundle_above": 1, "cooldown_minutes": 1, "max_age_seconds": 80_000}
    alerts = {"targets": {"here": {"env": VARIABLE, "max_per_minute": 600}}, "rules": [rule]}
    path = folder / "session.json"
    path.write_text(json.dumps({"alerts": alerts, "session_data_config": {"scanners": [screen]}}))
    return path


def play(config: Path, speed: float, name: str, case: Case) -> None:
    """One session."""
    folder = config.parent / f"{name}-{len(case.steps)}"
    folder.mkdir()
    checked = load_config(config)
    calendar = SessionCalendar()
    options = LiveOptions("replay", config.parent / "store", DAY, speed, out=folder)
    live = assemble_live(checked, options, LiveRun(calendar.session(DAY), folder))
    times = StepTimes()
    with service(name) as (url, arrived):
        os.environ[VARIABLE] = url
        object.__setattr__(live, "meter", times)
        sender = AlertSender(folder, print)
        with closing(sender), live.opened([], [] if name == "none" else [sender]) as session:
            session.run()
        decided = list(_decided(folder / "session.sqlite"))
        last = max((at for _, at in decided), default=0.0)
        while name == "answers" and len(arrived) < len(decided) and time.time() < last + 10:
            time.sleep(0.05)
    case.steps += times.seconds
    case.decided += len(decided)
    case.arrivals += [arrived[text] - at for text, at in decided if text in arrived]


def _decided(record: Path) -> Iterator[tuple[str, float]]:
    """The text of each message, and when its step was stored."""
    query = (
        "SELECT events.record, steps.recorded_at FROM events JOIN steps USING (seq) "
        "WHERE events.kind = 'alert_decided'"
    )
    with closing(sqlite3.connect(record)) as connection:
        for line, recorded_at in connection.execute(query):
            yield json.loads(line)["text"], datetime.fromisoformat(recorded_at).timestamp()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--speed", type=float, default=600.0)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    cases = {name: Case() for name in CASES}
    with tempfile.TemporaryDirectory() as made, chdir(made):
        config = make_project(Path(made))
        for _ in range(given.rounds):
            for name, case in cases.items():
                play(config, given.speed, name, case)
    titles = ("decided", "arrived", "p50 ms", "p99 ms", "max ms", "step p50", "step p99")
    print(f"{'service':<14}{''.join(f'{title:>10}' for title in titles)}")
    for name, case in cases.items():
        late = np.array(case.arrivals or [np.nan]) * 1e3
        steps = np.percentile(np.array(case.steps) * 1e3, [50, 99])
        figures = [*np.percentile(late, [50, 99]), late.max()]
        shown = "".join(f"{one:>10.0f}" if one == one else f"{'-':>10}" for one in figures)
        print(
            f"{name:<14}{case.decided:>10}{len(case.arrivals):>10}{shown}{steps[0]:>10.2f}{steps[1]:>10.2f}"
        )


if __name__ == "__main__":
    sys.exit(main())
