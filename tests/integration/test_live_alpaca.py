"""``symscan live --source alpaca`` from outside, against the stand-in broker.

A minute takes a minute here, so the stories run beside each other, each around the end of one minute; the
rest of a session is fetched, at its beginning or by ``--resume`` after its close.
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytest.importorskip("alpaca", reason="the broker's client is an extra")

from support.alpaca.broker_day import (
    DAY,
    LIVE,
    OUTSIDE,
    SCREEN,
    SYMBOLS,
    BrokerDay,
    TooLate,
    at,
    before,
    minute_bars,
    write_config,
)
from support.alpaca.server import AlpacaServer, ServerBar
from support.cli import Ended, call, written
from support.runs import lines_without
from support.waiting import wait_for
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.instant import Instant
from symscan.model.interval import ONE_MINUTE
from symscan.runs.reading import RunFiles
from symscan.sources.alpaca.broker import AlpacaBroker
from symscan.sources.alpaca.history import FetchedHistory
from symscan.sources.alpaca.rest import AlpacaRest
from symscan.sources.store.bar_store import BarStore

pytestmark = pytest.mark.slow

RUN = ("run", "broker.json", "--store", "store", "--date", str(DAY), "--csv", "--out", "run")
STORIES: dict[str, Callable[[Path, float], Story]] = {}
LEADS = (10.0, 30.0, 90.0, 270.0)
"""Seconds by the market's clock that a story has before its minute; the next where that was too little."""
Told = Callable[[Callable[[Path, float], "Story"]], "Story"]


@dataclass(frozen=True)
class Story:
    """What came of a session, and of the commands after it."""

    folder: Path
    ended: tuple[Ended, ...]
    day: BrokerDay
    subscribed: frozenset[str] = frozenset()
    but_for: str = "no instant"

    @property
    def said(self) -> str:
        """Everything the commands said."""
        return "\n".join(one.out + one.err for one in self.ended)

    @property
    def session(self) -> Ended:
        """How the session ended."""
        return self.ended[0]


def story(tell: Callable[[Path, float], Story]) -> Callable[[Path, float], Story]:
    """Have it told beside the others."""
    STORIES[tell.__name__] = tell
    return tell


def _told_in_time(tell: Callable[[Path, float], Story], folder: Path) -> Story:
    """A story that begins as early before its minute as this machine needs."""
    for number, lead in enumerate(LEADS):
        (folder / str(number)).mkdir()
        with suppress(TooLate):
            return tell(folder / str(number), lead)
    raise AssertionError(f"{tell.__name__}: {LEADS[-1]:g} s are too few here")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The stories, told at the same time."""
    with ThreadPoolExecutor(len(STORIES)) as pool:
        futures = {
            name: pool.submit(_told_in_time, tell, tmp_path_factory.mktemp(name))
            for name, tell in STORIES.items()
        }
        yield lambda tell: futures[tell.__name__].result()


@pytest.fixture
def assert_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Story], None]:
    """That a session ended well, that the store has its day and a backtest over it finds the same."""

    def check(story: Story) -> None:
        assert story.ended[-1].code == 0, story.ended[-1].err
        monkeypatch.chdir(story.folder)
        for command in (("parity", "live"), RUN):
            ended = call(capsys, *command)
            assert ended.code == 0, ended.out + ended.err
        for name in ("hits.csv", "unknown.csv"):
            assert table(Path("live", name), story.but_for) == table(Path("run", name), story.but_for)
        bars = stored(story.folder)
        assert bars.rows() == expected(story.day.today, bars["symbol"].unique())
        assert BarStore(Path("store")).origin == "alpaca:iex"
        assert summary(story.folder)["status"] == "complete"
        assert_silent_about_keys(story)

    return check


def stored(folder: Path) -> pl.DataFrame:
    """The day's minute bars in the store."""
    rows = BarStore(folder / "store").load(ONE_MINUTE, [DAY]).filter(pl.col("symbol") != "GONE")
    return rows.select("symbol", pl.col("start").to_physical(), "open", "high", "low", "close", "volume")


def expected(bars: list[ServerBar], symbols: pl.Series) -> list[tuple[Any, ...]]:
    """The broker's bars as the store has them."""
    wanted = [bar for bar in sorted(bars) if bar.symbol in symbols and bar.symbol != "GONE"]
    return [(b.symbol, b.start, b.open, b.high, b.low, b.close, b.volume) for b in wanted]


def table(path: Path, but_for: str) -> list[str]:
    """The lines of a table of results, without those of one instant."""
    return [line for line in lines_without(path) if but_for not in line]


def summary(folder: Path) -> dict[str, Any]:
    """The run's summary."""
    found: dict[str, Any] = json.loads((folder / "live" / "summary.json").read_text())
    return found


def assert_silent_about_keys(story: Story) -> None:
    """No key in anything that was said or written."""
    secrets = (story.day.server.keys.key_id, story.day.server.keys.secret)
    assert not [secret for secret in secrets if secret in story.said]
    for path in story.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in data], path


def announced(out: str) -> list[tuple[str, str]]:
    """Scanner and symbol of each hit among printed records."""
    records = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return [(record["scanner"], record["symbol"]) for record in records if record["type"] == "hit"]


def new_hits(folder: Path) -> list[tuple[str, str]]:
    """Scanner and symbol of each new hit in the results."""
    rows = RunFiles.open(folder / "live").read("hits").filter(pl.col("new"))
    return list(zip(rows["scanner"], rows["symbol"], strict=True))


def happens(folder: Path, kind: str, instant: Instant) -> None:
    """Wait until a session's record has an event of an instant."""
    found = "select count(*) from events where kind = ? and at = ?"
    path = f"file:{folder / 'live' / 'session.sqlite'}?mode=ro"

    def has_it() -> bool:
        with closing(sqlite3.connect(path, uri=True)) as record:
            return bool(record.execute(found, (kind, instant)).fetchone()[0])

    wait_for(has_it, f"{kind} at {instant}")


# -- a day without a fault ----------------------------------------------------------------------------------


@story
def an_empty_store(folder: Path, lead: float) -> Story:
    write_config(folder)
    with BrokerDay(folder, before("13:00", lead)) as day:
        process = day.live()
        day.wait_for_stream(*SYMBOLS)
        day.minute("13:00")
        return Story(folder, (process.end(),), day)


def test_a_session_begins_with_nothing_and_leaves_its_day(
    told: Told, assert_whole: Callable[[Story], None], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = told(an_empty_store)
    assert_whole(whole)
    records = [json.loads(line) for line in whole.session.out.splitlines()]
    assert {symbol for _, symbol in announced(whole.session.out)} == {"AAA", "BBB"}
    (ready,) = [record for record in records if record["type"] == "readiness"]
    assert (ready["connected"], ready["symbols"], ready["with_previous_close"]) == (True, 5, 5)
    assert summary(whole.folder)["feed"] == "iex"
    bars = stored(whole.folder)
    compacted = ("data", "fetch", "--feed", "iex", "--store", "store", "--symbols", "AAA", "--interval", "1m")
    with BrokerDay(whole.folder, "18:00") as day, pytest.MonkeyPatch.context() as patch:
        for name, value in day.server.environment.items():
            patch.setenv(name, value)
        day.set_clock("20:30")
        days = ("--start", str(DAY), "--end", str(DAY))
        fetched = call(capsys, *compacted, *days)
        assert (fetched.code, fetched.err) == (0, "")
        assert stored(whole.folder).equals(bars)
        for mixing in ((*LIVE, "--feed", "sip", "--force"), (*compacted, *days, "--feed", "sip")):
            refused = call(capsys, *mixing)
            assert refused.code == 2
            assert "alpaca:iex" in refused.err and "alpaca:sip" in refused.err


# -- a stream that misbehaves, a process that is killed -----------------------------------------------------


@story
def everything_at_once(folder: Path, lead: float) -> Story:
    write_config(folder)
    with BrokerDay(folder, before("11:00", lead)) as day:
        server = day.server
        server.rest.fail(429, times=2)
        process = day.live()
        day.wait_for_stream(*SYMBOLS)
        process.hear("are fetched")
        server.send_raw(b"\xc1 no msgpack")
        server.send_raw("text")
        server.send_error(407)
        process.hear("reads too slowly")
        first, *others = day.publish(day.wait_until("11:00"))
        wrong = ServerBar(
            first.symbol, first.start, first.open, first.high + 9, first.low, first.high + 9, 1.0
        )
        mixed = [wrong, *others, *others]
        random.Random(3).shuffle(mixed)
        server.send_bars(mixed, per_frame=1)
        happens(folder, "scan_finished", at("11:00"))
        server.send_bars([first], updated=True)
        happens(folder, "bars_corrected", at("11:00"))
        killed = process.end(signal.SIGKILL)
        sessions = (killed, day.resumed_after_the_close())
        return Story(folder, sessions, day, but_for="2024-07-03T15:00:00Z")


def test_bars_out_of_order_and_twice_garbage_and_a_correction_change_nothing(
    told: Told, assert_whole: Callable[[Story], None]
) -> None:
    whole = told(everything_at_once)
    assert_whole(whole)
    killed, resumed = whole.ended
    assert killed.code == -signal.SIGKILL
    assert killed.err.count("something unreadable") == 2
    assert "this computer reads too slowly" in killed.err
    assert announced(killed.out) and set(announced(killed.out)) <= set(new_hits(whole.folder))
    assert announced(resumed.out) == []  # the session is over


@story
def broken_over_a_minute(folder: Path, lead: float) -> Story:
    write_config(folder)
    with BrokerDay(folder, before("11:00", lead)) as day:
        process = day.live()
        day.wait_for_stream(*SYMBOLS)
        process.hear("are fetched")
        day.wait_until("10:59:59")
        day.server.refuse(2)
        day.server.drop()
        day.server.rest.held = lambda path, _: path == "/v2/stocks/bars"
        day.publish(day.wait_until("11:00"))
        day.server.rest.held = lambda *_: False
        process.hear("are fetched", times=2)
        happens(folder, "scan_finished", at("11:00"))
        ended = process.end(signal.SIGTERM)
        return Story(folder, (ended, day.resumed_after_the_close()), day)


def test_what_a_break_swallowed_is_fetched_before_scans_go_on(
    told: Told, assert_whole: Callable[[Story], None]
) -> None:
    whole = told(broken_over_a_minute)
    assert_whole(whole)
    broken, resumed = whole.ended
    assert broken.code == 128 + signal.SIGTERM
    conditions = [json.loads(line).get("condition") for line in broken.out.splitlines()]
    assert conditions.count("feed_lost") == 1 and conditions.count("feed_recovered") == 2
    assert announced(broken.out) and set(announced(broken.out)) <= set(new_hits(whole.folder))
    assert announced(resumed.out) == []  # the session is over


# -- a session that nobody resumed on its day ---------------------------------------------------------------

LATER = date(2024, 7, 8)
RISEN: dict[str, Any] = {
    "name": "risen",
    "universe": "five.txt",
    "where": "close > 85 and close < 90",  # DDD from noon on, hours after the session was killed
    "regular_session": [{"start": "09:35", "end": "13:00", "interval": "5m"}],
}


@story
def finished_days_later(folder: Path, _: float) -> Story:
    write_config(folder, lambda config: config["session_data_config"].update(scanners=[SCREEN, RISEN]))
    with BrokerDay(folder, "10:40:20") as day:
        process = day.live()
        day.wait_for_stream(*SYMBOLS)
        happens(folder, "scan_finished", at("10:40"))
        killed = process.end(signal.SIGKILL)
        day.set_clock("15:00", LATER)
        day.publish(at("13:00"))
        before = day.server.handshakes
        finished = day.live("--resume").end()
        first = results_of(folder)
        again = day.live("--resume").end()
        assert results_of(folder) == first
        assert day.server.handshakes == before  # nothing is streamed any more
        return Story(folder, (killed, finished, again), day)


def results_of(folder: Path) -> dict[str, str]:
    """What a run's folder says, but how often the session connected."""
    texts = {name: (folder / "live" / name).read_text() for name in ("hits.csv", "scans.csv", "unknown.csv")}
    journal = (folder / "live" / "journal.jsonl").read_text().splitlines()
    return {**texts, "journal": "\n".join(line for line in journal if '"feed_' not in line)}


def test_a_session_that_was_killed_is_finished_days_later_and_says_so_twice(
    told: Told, assert_whole: Callable[[Story], None]
) -> None:
    late = told(finished_days_later)
    killed, finished, again = late.ended
    assert (killed.code, finished.code, again.code) == (-signal.SIGKILL, 0, 0)
    assert "the session of 2024-07-03 is over" in finished.err
    assert announced(killed.out) and not announced(finished.out + again.out)
    assert_whole(late)
    assert ("risen", "DDD") in new_hits(late.folder)
    lines = [json.loads(line) for line in (late.folder / "live" / "journal.jsonl").read_text().splitlines()]
    scans = [line for line in lines if line["event"] == "scan_finished" and line["at"] > "2024-07-03T14:41"]
    assert scans and {line["decided_at"][:10] for line in scans} == {str(LATER)}
    assert "differs" not in late.said


# -- symbols that come and go -------------------------------------------------------------------------------

FINDS = """
from symscan import BaseScanner, ScanResult

class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        if context.current_time.strftime("%H:%M") < "10:59":
            return ScanResult([])
        return ScanResult(["OUT", "NO-NE"])
"""


@story
def one_that_nobody_had_named(folder: Path, lead: float) -> Story:
    (folder / "finds.py").write_text(FINDS)
    (folder / "gone.txt").write_text("GONE")
    windows = [{"start": "09:35", "end": "10:30", "interval": "5m"}]
    gone = {"name": "gone", "universe": "gone.txt", "where": "close > 1000", "regular_session": windows}
    finds = {"name": "finds", "module": "finds", "config": {"universe": "five.txt"}}
    every_minute = [{"start": "09:35", "end": "13:00", "interval": "1m"}]

    def change(config: dict[str, Any]) -> None:
        config["session_data_config"]["scanners"] += [gone, finds | {"regular_session": every_minute}]

    write_config(folder, change)
    with BrokerDay(folder, before("11:00", lead + 8), symbols=(*SYMBOLS, OUTSIDE, "GONE")) as day:
        day.server.rest.invalid.add("NO-NE")
        process = day.live()
        day.wait_for_stream(*SYMBOLS)
        day.server.rest.delay(1.0, times=7)  # some of them while it loads
        day.wait_for_stream(OUTSIDE)
        day.wait_until("10:59:57")
        day.server.drop()
        day.wait_for_stream(*SYMBOLS, OUTSIDE)
        day.minute("11:00")
        process.hear("+ OUT")
        day.server.wait(lambda: "GONE" not in day.server.subscribed)
        subscribed = frozenset(day.server.subscribed)
        killed = process.end(signal.SIGKILL)
        resumed = day.resumed_after_the_close()
        return Story(folder, (killed, resumed), day, subscribed)


def test_who_is_found_is_subscribed_and_whole_and_who_is_let_go_is_not(
    told: Told, assert_whole: Callable[[Story], None]
) -> None:
    whole = told(one_that_nobody_had_named)
    assert_whole(whole)
    assert whole.subscribed == {*SYMBOLS, OUTSIDE}
    bars = stored(whole.folder).filter(pl.col("symbol") == OUTSIDE)
    assert bars.height == len(minute_bars(OUTSIDE, DAY))
    assert ("finds", OUTSIDE) in new_hits(whole.folder)


# -- what the broker refuses --------------------------------------------------------------------------------


@pytest.fixture
def refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Ended]]:
    """Runs the command where nothing can come of it."""
    write_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    with BrokerDay(tmp_path, "11:30") as day:

        def run(*arguments: str, errors: Sequence[int] = (), **environment: str) -> Ended:
            day.server.errors_at_auth += errors
            for name, value in {**day.server.environment, **environment}.items():
                monkeypatch.setenv(name, value)
            ended = call(capsys, *LIVE, *arguments)
            assert_silent_about_keys(Story(tmp_path, (ended,), day))
            return ended

        yield run


def test_wrong_keys_end_the_command_at_once(refused: Callable[..., Ended]) -> None:
    ended = refused(APCA_API_SECRET_KEY="wrong-secret")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(
        "error: Alpaca does not accept the keys (401: unauthorized.); check APCA_API_KEY_ID"
    )
    assert "wrong-secret" not in ended.err
    assert not Path("live").exists() and not Path("store").exists()


def test_without_keys_or_the_client_there_is_no_session(
    refused: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = refused(APCA_API_SECRET_KEY="")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: APCA_API_SECRET_KEY is not set in the environment; ")
    monkeypatch.setitem(sys.modules, "alpaca", None)
    ended = refused()
    assert (ended.code, ended.out) == (2, "")
    assert "install it: pip install 'symscan[alpaca]'" in ended.err


def test_a_market_clock_that_fails_is_said_and_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    with AlpacaServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.rest.fail(404)
        broker, reported = AlpacaBroker("iex"), list[str]()
        broker.synchronize(reported.append)
        assert broker.clock_offset_ms() is None
    assert len(reported) == 1
    assert reported[0].startswith("the market's clock is not known, this computer's is used: ")


def test_who_may_not_use_the_feed_is_told(refused: Callable[..., Ended]) -> None:
    ended = refused(errors=[409])
    assert (ended.code, ended.out) == (1, "")
    assert "the account may not use the stream of feed iex (insufficient subscription)" in ended.err
    assert "Traceback" not in ended.err
    Path("live", "hits.csv").write_text("what an earlier process found\n")
    for how in ("--resume", "--force"):
        before = written(Path("live"))
        ended = refused(how, errors=[409])
        assert ended.code == 1
        assert ended.err.endswith("that were in live before are left as they are, --resume goes on\n")
        own = {"session.sqlite"} if how == "--resume" else set()  # it notes who goes on with it
        assert {name for name, data in written(Path("live")).items() if data != before.get(name)} == own


@story
def crowded_out(folder: Path, _: float) -> Story:
    write_config(folder)
    with BrokerDay(folder, "11:30", {"connection_limit": 0}) as day:
        return Story(folder, (day.live().end(),), day)


def test_another_program_that_has_the_only_connection_is_not_waited_for_long(told: Told) -> None:
    ended = told(crowded_out).session
    assert (ended.code, ended.out) == (1, "")
    assert "no further connection to its stream (connection limit exceeded)" in ended.err
    assert "end the other program" in ended.err


@story
def before_its_hour(folder: Path, lead: float) -> Story:
    write_config(folder)
    with BrokerDay(folder, before("03:50", lead)) as day:
        day.goes_when_asked()
        process = day.live()
        wait_for(lambda: process.has_said("waiting for") or day.server.handshakes > 0)
        if not process.has_said("waiting for"):
            raise TooLate("03:50")
        day.wait_for_stream("AAA")
        came = day.now()
        ended = process.end(signal.SIGINT)
        assert came >= at("03:50")
        return Story(folder, (ended,), day)


def test_a_session_is_waited_for_by_the_brokers_clock(told: Told) -> None:
    waited = told(before_its_hour)
    assert waited.session.code == 128 + signal.SIGINT
    assert waited.session.err.startswith(
        "waiting for the session of 2024-07-03 until Wednesday, 2024-07-03 03:50"
    )


@story
def too_many_symbols(folder: Path, _: float) -> Story:
    write_config(folder)
    with BrokerDay(folder, "11:30", {"symbol_limit": 3}) as day:
        process = day.live()
        day.server.wait(lambda: len(day.server.subscribed) == 3)
        process.hear("got no place among the 3")
        return Story(folder, (process.end(signal.SIGINT),), day)


def test_of_too_many_symbols_those_that_fit_are_subscribed_and_the_rest_is_told(told: Told) -> None:
    limited = told(too_many_symbols).session
    assert limited.code == 128 + signal.SIGINT
    told = [json.loads(line) for line in limited.out.splitlines()]
    assert [one["message"] for one in told if one.get("condition") == "subscription_limited"] == [
        "2 symbols got no place among the 3 that may be subscribed: DDD, EEE"
    ]
    assert {symbol for _, symbol in announced(limited.out)} <= {"AAA", "BBB"}


@story
def a_universe_that_gains_only_refused_symbols(folder: Path, _: float) -> Story:
    write_config(folder)
    with BrokerDay(folder, "11:40") as day:
        server = day.server
        rest, calendar = AlpacaRest(server.keys, server.hosts, "iex"), SessionCalendar("NYSE")
        has_all = FetchedHistory(BarStore.create(folder / "store"), rest, calendar, day.now())
        has_all.ensure(SYMBOLS, calendar.session(DAY))
        (folder / "five.txt").write_text("\n".join((*SYMBOLS, "BAD", "WORSE")))
        server.rest.invalid.update(("BAD", "WORSE"))
        ended = []
        for arguments in ((), ("--resume",)):
            process = day.live(*arguments)
            process.hear("are fetched")
            ended.append(process.end(signal.SIGINT))
        return Story(folder, tuple(ended), day)


def test_symbols_that_are_refused_are_a_condition_and_no_end(told: Told) -> None:
    gained = told(a_universe_that_gains_only_refused_symbols)
    assert [one.code for one in gained.ended] == [128 + signal.SIGINT] * 2
    for one in gained.ended:
        assert "Alpaca refuses BAD, WORSE (invalid symbol: BAD); no bars of them" in one.err
        conditions = [json.loads(line) for line in one.out.splitlines()]
        assert "feed_notice" in {record.get("condition") for record in conditions}
