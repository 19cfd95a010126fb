"""Playing one configuration twice over one store: as a backtest, and live as a replay."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from support.builders import Recorder
from support.runs import Run
from symscan.config import parse_config
from symscan.config.model import SessionConfig
from symscan.model.event_json import EVENTS
from symscan.model.events import feed as live_events
from symscan.model.readings import SESSION_READINGS
from symscan.observers.results.run_folder import run_folder
from symscan.parity.compare import Parity, compare, replayed
from symscan.recording import RECORD_NAME
from symscan.recording.session_log import SessionRecord
from symscan.runtime.assembly import assemble_backtest, assemble_live
from symscan.runtime.building.build import calendar_of
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.live.session import LiveOptions, LiveRun
from symscan.runtime.session_bars import RecordedSessionBars, StoredSessionBars
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.sources.replay.feed import ReplayFeed
from symscan.sources.store.bar_store import BarStore

TABLES = ("hits.csv", "unknown.csv", "scans.csv", "episodes.csv")

OF_THE_FEED = {EVENTS[getattr(live_events, name)][0] for name in live_events.__all__}


@dataclass(frozen=True)
class Played:
    """A session that was played, and what it left in memory."""

    run: Run
    told: Recorder
    coordinator: SessionCoordinator

    def events(self) -> list[dict[str, Any]]:
        """The journal, without what is said of a feed."""
        lines = [json.loads(line) for line in self.run.lines("journal.jsonl")]
        for line in lines:
            line.pop("decided_at", None)  # at the watermark, where a backtest has no need to wait
        return [line for line in lines if line["event"] not in OF_THE_FEED]

    def table(self, name: str) -> bytes | pl.DataFrame:
        """A table as written, without how long scans took and when their results were applied."""
        if name == "unknown.csv":
            return self.run.bytes(name)
        return self.run.table(name.removesuffix(".csv")).drop("execution_time_ms", "decided_at", strict=False)


def _has_value(data: Any, spec: Any) -> bool:
    try:
        data.indicators.column(spec, "value")
    except (KeyError, LookupError, ValueError):
        return False
    return True


def configuration(folder: Path, scanners: Sequence[Mapping[str, Any]], **more: Any) -> SessionConfig:
    """A configuration whose project is ``folder``."""
    live = more.pop("live_config", {})
    text = json.dumps({"live_config": live, "session_data_config": {"scanners": list(scanners), **more}})
    return parse_config(text, str(folder / "session.json"))


def play_backtest(folder: Path, config: SessionConfig, store: Path, day: date) -> Played:
    """Play the day as a backtest."""
    told = Recorder()
    bars, out = StoredSessionBars(BarStore(store)), folder / "backtest"
    with chdir(folder), run_folder(out, force=True, facts=dict, bars=bars, csv=True) as results:
        backtest = assemble_backtest(config, store, day, day)
        coordinator = backtest.coordinator(backtest.sessions[0], [results, told])
        coordinator.run()
    return Played(Run(folder / "backtest"), told, coordinator)


def play_live(
    folder: Path,
    config: SessionConfig,
    store: Path,
    day: date,
    faults: str = "",
    speed: float | None = None,
    look: Callable[[int], object] = id,
    out: str = "live",
    until: int | None = None,
    resume: bool = False,
    make_execution: Callable[..., ThreadedExecution] = ThreadedExecution,
    make_feed: Callable[..., ReplayFeed] = ReplayFeed,
    meter: Any = None,
) -> Played:
    """Play the day as a live session; its record is closed afterwards.

    Parameters
    ----------
    look
        Called after every moment with how many there were.
    until
        Stop after so many moments; None for the whole day.
    resume
        Go on with what is there.
    make_execution
        Makes what carries out scans; with a clock of its own, timeouts do not depend on this machine.
    make_feed
        Makes the replay; with a clock of its own, nor does what a speed comes to.
    meter
        Measures the steps, and is given every event.
    """
    told, seen = Recorder(), 0
    path = folder / out
    how: dict[str, Any] = {"bars": RecordedSessionBars(path), "resume": resume, "csv": True}
    with chdir(folder), run_folder(path, force=False, facts=lambda: {"mode": "live"}, **how) as results:
        options = LiveOptions("replay", store, day, speed, faults, None, path, resume)
        live = assemble_live(config, options, LiveRun(calendar_of(config).session(day), path))
        broker: Any = live.broker
        broker.make_feed = make_feed
        live = replace(live, make_execution=make_execution, meter=meter)
        with live.opened([results, told, *([] if meter is None else [meter])]) as session:

            def count() -> None:
                nonlocal seen
                seen += 1
                look(seen)
                if seen == until:
                    session.stop()

            session.record.update_meta(status="running")
            session.coordinator.run(count)
            session.record.update_meta(status="complete" if until is None else "interrupted")
            coordinator = session.coordinator
    return Played(Run(path), told, coordinator)


def parity_of(folder: Path, out: str = "live") -> Parity:
    """What ``symscan parity`` finds."""
    with chdir(folder):
        return compare(folder / out)


def same(live: Played, backtest: Played) -> None:
    """Everything is the same, but what a wall clock says."""
    for name in TABLES:
        mine, theirs = live.table(name), backtest.table(name)
        assert mine.equals(theirs) if isinstance(mine, pl.DataFrame) else mine == theirs, name
    assert live.events() == backtest.events()
    holders = [one.coordinator.session_data.holders for one in (live, backtest)]
    assert holders[0].members() == holders[1].members()


def last_known(coordinator: SessionCoordinator) -> dict[str, dict[str, float]]:
    """Readings and indicators of every member at the end, by symbol."""
    data = coordinator.session_data
    members = data.holders.members()
    rows = data.symbols.rows(members)
    named = {name: data.readings.column(name)[rows] for name in SESSION_READINGS}
    for spec in data.indicators.specs():
        asked = data.indicators.requested_rows(spec)[rows]
        values = data.indicators.column(spec, "value")[rows] if _has_value(data, spec) else None
        if values is not None:
            named[spec.key] = np.where(asked, values, np.nan)
    for name, grid in {"base": data.regular.grid, **{str(k): v for k, v in data.derived.items()}}.items():
        for field in range(5):
            columns = np.stack([block.fields[field, rows] for block in grid.blocks])
            for place, block in enumerate(columns):
                named[f"{name}/{place}/{field}"] = block
    return {
        symbol: {name: float(values[place]) for name, values in named.items()}
        for place, symbol in enumerate(members)
    }


def converged(live: SessionCoordinator, backtest: SessionCoordinator) -> None:
    """At the close, who is a member in both knows the same bars, readings and indicators."""
    mine, theirs = last_known(live), last_known(backtest)
    assert mine.keys() & theirs.keys()
    for symbol in mine.keys() & theirs.keys():
        for name, value in theirs[symbol].items():
            other = mine[symbol].get(name)
            if other is None:  # a bar or an indicator that only one of the two holds of anybody
                continue
            assert np.isclose(other, value, rtol=1e-9, atol=1e-9, equal_nan=True), (
                symbol,
                name,
                other,
                value,
            )


def recorded_backtest(folder: Path, out: str = "live") -> SessionCoordinator:
    """The backtest of the bars that a live session took in."""
    with chdir(folder), closing(SessionRecord.read(folder / out / RECORD_NAME)) as record:
        return replayed(record).coordinator
