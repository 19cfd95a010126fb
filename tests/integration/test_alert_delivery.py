"""Alerts of a live session, from the step to a server: what arrives is what was decided, and arrives once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.alert_server import AlertServer, alert_server
from support.cli import Ended, call, started, written
from support.waiting import LIMIT
from symscan.alerts.preview import preview_alerts
from symscan.clock.session_calendar import SessionCalendar
from symscan.config import load_config
from symscan.demo.market import generate_market
from symscan.model.event_json import record_of
from symscan.model.interval import Interval
from symscan.runs.reading import RunFiles
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, Label
from symscan.sources.store.bar_store import BarStore

pytest.importorskip("apprise")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # which apprise's services cause

DAY = date(2025, 11, 28)
VARIABLE = "SYMSCAN_ALERT_PHONE"
OTHER = "SYMSCAN_ALERT_DESK"
MANY = 600  # more than a session sends, so that none is held back


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alerts")
    calendar = SessionCalendar()
    sessions = [*calendar.previous(DAY, 3), calendar.session(DAY)]
    market = generate_market(folder / "market", sessions=sessions, symbols=50, minute_sessions=1, seed=5)
    store = BarStore.create(folder / "store")
    for name, paths in market.files.items():
        interval = Interval.parse(name)
        options = ImportOptions(interval, label=Label.START if interval.is_intraday else None)
        import_bars(store, paths, options, calendar)
    screen = {
        "name": "rises",
        "universe": str(market.universe),
        "where": "change_pct > prior.change_pct",
        "rank": "change_pct",
        "take": 5,
        "regular_session": [{"start": "09:35", "end": "12:55", "interval": "5m"}],
    }
    config = {
        "alerts": {
            "targets": {"phone": {"env": VARIABLE, "max_per_minute": MANY}},
            "rules": [
                {"name": "top", "scanners": ["rises"], "max_rank": 2, "on": ["entered", "left"]},
                {"name": "first", "first": True, "where": "change_pct > 0", "bundle_above": 1},
                {"name": "trouble", "conditions": ["feed_lost", "feed_recovered", "unknown_above"]},
            ],
        },
        "session_data_config": {"scanners": [screen]},
    }
    (folder / "mine.json").write_text(json.dumps(config, indent=1))
    alerts: dict[str, Any] = config["alerts"]  # type: ignore[assignment]
    alerts["targets"]["desk"] = {"env": OTHER}
    (folder / "two.json").write_text(json.dumps(config, indent=1))
    return folder


@pytest.fixture
def server() -> Iterator[AlertServer]:
    with alert_server() as server:
        yield server


def _command(out: str, *more: str, config: str = "mine.json") -> list[str]:
    replay = ["--source", "replay", "--store", "store", "--date", str(DAY), "--speed", "max"]
    return ["live", config, *replay, "--out", out, *more]


def _play(project: Path, url: str, out: str, *more: str, config: str = "mine.json", desk: str = "") -> Ended:
    variables = {VARIABLE: url, OTHER: desk}
    with started(project, *_command(out, *more, config=config), more=variables) as process:
        said, err = process.communicate(timeout=LIMIT)
    return Ended(process.returncode, said, err)


def _decided(folder: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(folder / "session.sqlite")) as record:
        rows = record.execute("SELECT record FROM events WHERE kind = 'alert_decided' ORDER BY seq, n")
        return [json.loads(line) for (line,) in rows]


def _states(folder: Path) -> Counter[str]:
    with closing(sqlite3.connect(folder / "alerts.sqlite")) as outbox:
        return Counter(dict(outbox.execute("SELECT state, count(*) FROM messages GROUP BY state")))


def _timeless(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert without when it was decided: at the watermark, where a backtest has no need to wait."""
    return {key: value for key, value in alert.items() if key != "decided_at"}


def test_what_is_decided_arrives_and_is_what_a_preview_says(
    project: Path, server: AlertServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = _play(project, server.url(), "whole", "--faults", "disconnect=10:02-10:04")
    _wait_until_free(project / "whole")
    decided = _decided(project / "whole")

    assert ended.code == 0, ended.err
    assert len(decided) > 20
    assert {alert["about"] for alert in decided} >= {"hits", "feed_lost", "feed_recovered"}
    assert [one.text for one in server.taken] == [alert["text"] for alert in decided]
    assert server.taken[0].title == f"mine replay of {DAY}: {decided[0]['rule']}"
    assert _states(project / "whole") == {"sent": len(decided)}

    config = load_config(project / "mine.json")
    preview = preview_alerts(RunFiles.open(project / "whole"), config, SessionCalendar())
    assert [record_of(*one) for one in preview.alerts] == decided
    monkeypatch.chdir(project)
    listed = call(capsys, "alerts", "list", "whole")
    assert listed.out.count(" sent ") == len(decided)
    in_files = b"".join(one or b"" for one in written(project / "whole").values())
    said = f"{ended.out}{ended.err}{listed.out}".encode()
    assert b"hush" not in in_files + said


def test_a_backtest_decides_nothing_and_its_preview_is_the_live_session(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = _play(project, "", "unsent", "--no-alerts")
    monkeypatch.chdir(project)
    run = call(capsys, "run", "mine.json", "--store", "store", "--date", str(DAY), "--out", "backtest")

    assert (live.code, run.code) == (0, 0), live.err + run.err
    assert b"alert_decided" not in (project / "backtest" / "journal.jsonl").read_bytes()
    config = load_config(project / "mine.json")
    preview = preview_alerts(RunFiles.open(project / "backtest"), config, SessionCalendar())
    alerts = [_timeless(record_of(*one)) for one in preview.alerts]
    assert alerts == [_timeless(one) for one in _decided(project / "unsent")]
    assert not (project / "unsent" / "alerts.sqlite").exists()
    shown = call(capsys, "alerts", "preview", "backtest", "--most", "1")
    assert shown.code == 0
    assert "top -> phone: " in shown.out + "first -> phone: "
    digests = [
        json.loads((project / name / "run.json").read_text())["scanners"]["rises"]
        for name in ("unsent", "backtest")
    ]
    assert digests[0] == digests[1]


def test_services_that_hang_and_refuse_change_nothing_for_the_session(
    project: Path, server: AlertServer
) -> None:
    ended = _play(project, server.url("stall"), "trouble", config="two.json", desk=server.url("401"))
    undisturbed = _play(project, "", "quiet", "--no-alerts", config="two.json")

    assert (ended.code, undisturbed.code) == (0, 0)
    journals = {(project / name / "journal.jsonl").read_bytes() for name in ("trouble", "quiet")}
    assert len(journals) == 1
    assert ended.err.count("target 'desk' is off for this session: HTTP 401") == 1
    assert ended.err.count("target 'phone' fails: no answer in time") == 1
    assert "hush" not in ended.err
    assert _states(project / "trouble")["failed"] == 1


def test_a_sender_that_is_killed_while_it_sends_sends_nothing_twice(
    project: Path, server: AlertServer
) -> None:
    slow = ("--faults", "late=0.01:5s")
    command = [*_command("killed", *slow)]
    command[command.index("max")] = "600"
    with started(project, *command, more={VARIABLE: server.url("stall", "?rto=600")}) as process:
        server.wait_for(1)
        os.kill(_sender_of(process.pid), signal.SIGKILL)
        server.wait_for(2)  # that of the next process
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=LIMIT)
    server.released.set()
    first = len(server.taken)
    _wait_until_free(project / "killed")
    with closing(sqlite3.connect(project / "killed" / "alerts.sqlite")) as outbox, outbox:
        outbox.execute("UPDATE messages SET max_age_seconds = 1e6")

    resumed = _play(project, server.url(), "killed", "--resume", *slow)
    _wait_until_free(project / "killed")

    assert resumed.code == 0, resumed.err
    decided = _decided(project / "killed")
    assert first >= 2
    assert Counter((one.title, one.text) for one in server.taken) == Counter(
        (f"mine replay of {DAY}: {one['rule']}", one["text"]) for one in decided
    )
    assert _states(project / "killed").keys() <= {"sent", "perhaps sent"}


def _sender_of(session: int) -> int:
    """The process that sends the alerts of a session."""
    found = [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and _is_sender(path, session)
    ]
    assert len(found) == 1
    return found[0]


def _is_sender(path: Path, session: int) -> bool:
    try:
        parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == session and b"symscan.alerts.sender" in (path / "cmdline").read_bytes()
    except OSError:
        return False


def _wait_until_free(folder: Path) -> None:
    """Wait until no process sends the alerts of a session."""
    from filelock import FileLock

    with FileLock(folder / "alerts.sqlite.lock", timeout=LIMIT):
        pass


def test_what_is_missing_is_said_before_the_session_begins(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv(VARIABLE, " ")
    missing = call(capsys, *_command("never"))
    monkeypatch.setenv(VARIABLE, "hush://hush")
    wrong = call(capsys, *_command("never"))
    unknown = call(capsys, "alerts", "test", "mine.json", "--target", "fone")

    assert (missing.code, wrong.code, unknown.code) == (2, 2, 2)
    assert f"alerts.targets.phone.env: the environment variable {VARIABLE} is not set" in missing.err
    assert "alerts.targets.phone.env: the target's address is none that apprise knows" in wrong.err
    assert "hush" not in wrong.err
    assert "did you mean 'phone'?" in unknown.err
    assert not (project / "never").exists()


def test_targets_are_tried(project: Path, server: AlertServer) -> None:
    variables = {VARIABLE: server.url(), OTHER: server.url("401")}
    with started(project, "alerts", "test", "two.json", more=variables) as process:
        out, err = process.communicate(timeout=LIMIT)

    lines = [line.split() for line in out.splitlines()]
    assert [line[:3] for line in lines if line[:1] in (["phone"], ["desk"])] == [
        ["phone", "JSON", "yes"],
        ["desk", "JSON", "no"],
    ]
    assert (process.returncode, "HTTP 401" in out) == (1, True)
    assert "hush" not in out + err
