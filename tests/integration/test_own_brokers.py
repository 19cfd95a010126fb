"""Brokers of one's own: the examples run live, and what is wrong with a broker is said."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Ended, call

EXAMPLES = Path(__file__).parents[2] / "examples"
DAY = "2026-01-15"
Live = Callable[..., Ended]

WRITTEN = '''
"""The broker that follows a file, on a clock that appends to the file what is complete by then."""
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import growing_csv
from symscan import VirtualClock

BEGIN = datetime(2026, 1, 15, 9, 25, tzinfo=ZoneInfo("America/New_York"))
FILE = Path("bars-2026-01-15.csv")

class Writer(VirtualClock):
    def __init__(self):
        super().__init__(int(BEGIN.timestamp()) * 1_000_000, None)
        self.minute = 0
        FILE.write_text("symbol,end,open,high,low,close,volume\\n")

    def move(self, instant):
        super().move(instant)
        while (end := BEGIN + timedelta(minutes=6 + self.minute)).timestamp() * 1_000_000 <= self.now():
            with FILE.open("a") as file:
                for symbol, price in (("UP", 100 + 0.1 * (self.minute + 1)), ("DOWN", 100.0)):
                    file.write(f"{symbol},{end.isoformat()},{price},{price},{price},{price},10\\n")
            self.minute += 1

class Broker(growing_csv.Broker):
    def __init__(self, feed=None):
        super().__init__(feed)
        self.clock = Writer()
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The examples, in a folder that is the current one."""
    for name in ("bar_generator.py", "growing_csv.py", "own_broker.json", "own_broker.txt"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def live(project: Path, capsys: pytest.CaptureFixture[str]) -> Live:
    """Run a session with a broker; its text, if given, is the module ``mine``."""

    def run(source: str, text: str | None = None, *more: str) -> Ended:
        if text is not None:
            (project / "mine.py").write_text(text)
        options = ("--source", source, "--store", "store", "--csv", "--out", "out", *more)
        return call(capsys, "live", "own_broker.json", *options)

    return run


def hits(folder: Path) -> list[tuple[str, str, str]]:
    """The hits of a run: when, which symbol, at what price."""
    with (folder / "out" / "hits.csv").open() as file:
        return [(row["scan_at_local"], row["symbol"], row["price"]) for row in csv.DictReader(file)]


# UP is at 100 + 0.1 * minutes: 101 after ten of them, so that it is above at 09:45 and not at 09:40.
EXPECTED = [("09:45", "101.5"), ("09:50", "102.0"), ("09:55", "102.5"), ("10:00", "103.0")]


@pytest.mark.slow
@pytest.mark.parametrize(("source", "text"), [("bar_generator", None), ("mine", WRITTEN)])
def test_the_examples_find_what_is_computed_by_hand(
    live: Live, project: Path, capsys: pytest.CaptureFixture[str], source: str, text: str | None
) -> None:
    ended = live(source, text)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("09:45:00  above_101  UP  101.50  ")
    found = [(time[11:16], symbol, f"{float(price):.1f}") for time, symbol, price in hits(project)]
    assert found == [(time, "UP", price) for time, price in EXPECTED]
    checked = call(capsys, "parity", "out")
    assert "no difference" in checked.out
    again = live(source, text, "--force")
    assert again.out == ended.out  # the store has the day by now, and its origin is this broker's


GOOD = """
from symscan import BaseBroker, FeedBar, IterableFeed, VirtualClock
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

BEGIN = datetime(2026, 1, 15, 9, 25, tzinfo=ZoneInfo("America/New_York"))

class Mine(BaseBroker):
    name = "mine"
    symbols = ("UP",)
    def __init__(self, feed=None):
        super().__init__(feed)
        self.clock = VirtualClock.at(BEGIN)
    def live_feed(self, day):
        return IterableFeed("mine", [FeedBar("UP", BEGIN + timedelta(minutes=6), 1, 1, 1, 1, 1)], self.clock)
"""

FEED = """
class Other(Mine):
    name = "other"
    def live_feed(self, day):
        feed = super().live_feed(day)
        {}
        return feed
"""


@pytest.mark.parametrize(
    ("source", "text", "message"),
    [
        ("nine", GOOD, "there is no module 'nine' in "),
        ("mine:Nine", GOOD, "--source mine:Nine: module 'mine' has no class Nine"),
        ("mine:BEGIN", GOOD, "--source mine:BEGIN: BEGIN of module 'mine' is no broker; derive it from"),
        (
            "mine",
            "import nothing_like_that\n",
            "mine.py does not import: mine.py:1: import nothing_",
        ),
        ("mine", "x = 1\n", "module 'mine' has no class Broker or MineBroker"),
        (
            "mine",
            GOOD.replace("def live_feed", "def feed"),
            "of module 'mine' lacks the method live_feed",
        ),
        ("mine", GOOD.replace('name = "mine"', ""), "module 'mine' has no name; give the class one"),
        ("mine", GOOD.replace('"mine"', '"alpaca"'), "'alpaca' is the name of a built-in broker; give it"),
        ("mine", GOOD.replace('("UP",)', '"UP"'), "has symbols = 'UP'; give a tuple, as in symbols = ("),
        (
            "mine",
            GOOD.replace("VirtualClock.at(BEGIN)", "{}['key']"),
            "the broker 'mine' could not be made: mine.py:13: self.clock = {}['key']  KeyError: 'key'",
        ),
        (
            "mine",
            GOOD + "    def now(self):\n        return 1 / 0\n",
            "the broker 'mine' failed in now: mine.py:17: return 1 / 0  ZeroDivisionError: division by zero",
        ),
        (
            "mine",
            GOOD + "    def history(self, day):\n        return []\n",
            "the broker 'mine': its history gave a list that lacks symbols, load, daily; it must be a "
            "symscan.sources.ports.HistorySource",
        ),
    ],
)
def test_what_is_wrong_with_a_broker_is_said_before_anything_is_written(
    live: Live, project: Path, source: str, text: str, message: str
) -> None:
    ended = live(source, text)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (project / "out").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("feed = [1]", "its live_feed gave a list that lacks name, base, waits_for_session, open, close"),
        ("feed.receive = None; feed = type('F', (), vars(feed))()", "gave a F that lacks open, close, now"),
        ("feed._bars = iter([1])", "bar 1 of 'mine' is 1; yield a FeedBar: symbol, end as a date and time"),
        ("feed._bars = (1 / 0 for _ in 'x')", "the bars of 'mine' end with mine.py:21: feed._bars"),
        ("feed._bars = (exit(5) for _ in 'x')", "the bars of 'mine' end with mine.py:21: feed._bars"),
        (
            "feed.subscribe = None; 1 / 0",
            "the broker 'other' failed in live_feed: mine.py:21: feed.",
        ),
    ],
)
def test_a_feed_that_fails_ends_the_session_with_its_line(live: Live, change: str, message: str) -> None:
    ended = live("mine:Other", GOOD + FEED.format(change))
    assert (ended.code, ended.out) == (1, "")  # it had begun: what it wrote can be gone on with
    assert message in ended.err
    assert "--resume goes on" in ended.err
    assert "Traceback" not in ended.err


def test_a_feed_of_ones_own_that_raises_ends_the_session_with_its_line(live: Live) -> None:
    own = """
class OwnFeed(IterableFeed):
    def receive(self, until):
        return {}["key"]

class Other(Mine):
    name = "other"
    def live_feed(self, day):
        return OwnFeed("other", [], self.clock)
"""
    ended = live("mine:Other", GOOD + own)
    assert ended.code == 1
    message = (
        """the Feed of the broker 'other' failed in receive: mine.py:19: return {}["key"]  KeyError: 'key'"""
    )
    assert message in ended.err


def test_a_broker_of_an_installed_package_goes_by_its_name(
    live: Live, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = project / "site"
    (package / "good_package-1.0.dist-info").mkdir(parents=True)
    (package / "good_package.py").write_text(GOOD)
    (package / "good_package-1.0.dist-info" / "METADATA").write_text("Name: good-package\nVersion: 1.0\n")
    (package / "good_package-1.0.dist-info" / "entry_points.txt").write_text(
        "[symscan.brokers]\ngood = good_package:Mine\nbad = good_package:Missing\n"
    )
    monkeypatch.syspath_prepend(str(package))
    assert live("good").code == 0
    ended = live("bad", None, "--force")
    assert ended.code == 2
    assert "'bad'" in ended.err and "does not import" in ended.err


def test_a_session_whose_close_has_passed_is_gone_through_and_not_announced(
    live: Live,
) -> None:
    late = GOOD.replace("9, 25, tz", "16, 25, tz").replace("minutes=6", "minutes=6 - 7 * 60")
    ended = live("mine", late, "--resume")
    assert ended.code == 0, ended.err
    assert "the session of 2026-01-15 is over: what it missed is fetched" in ended.err
    assert ended.out.startswith("own_broker: 1 session, 2026-01-15")
