"""What is played. Each play writes a folder of normalised files."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from awkward import IMPORTS, write_awkward
from commands import Ended, PlayError, Stage, read_until
from market import HALF_DAY, LAST, MINUTE_SESSIONS, SYMBOLS, write_market
from normal import write_run, write_store, write_text, write_without_connection
from project import STALLED, write_project

_AT_A_TIME: Final = 2
_STORE: Final = ("--store", "store")
_FAULTS: Final = (
    "late=0.02:5s,correct=0.01:70s,duplicate=0.02:2s,drop=0.01,silence=10:31-10:35,disconnect=11:02-11:04,"
    "fetch=2s,fetch_fails=1,seed=7"
)
_REPLAY: Final = (
    *("live", "live.json", "--source", "replay", *_STORE, "--date", str(HALF_DAY)),
    *("--speed", "max", "--faults", _FAULTS, "--jsonl"),
)
_HITS_UNTIL_KILLED: Final = 40

_HELP: Final = (
    *((), ("demo",), ("run",), ("live",), ("parity",), ("scan",), ("explain",), ("scanners",), ("schema",)),
    *(("new", "scanner"), ("data",), ("data", "import"), ("data", "import-splits"), ("data", "fetch")),
    *(("data", "check"), ("data", "ls")),
)


@dataclass(frozen=True, slots=True)
class Played:
    """A play: the stage, and the folder of what comes of it."""

    stage: Stage
    out: Path

    def say(self, name: str, *commands: Sequence[str]) -> None:
        """Run short commands, which may fail, and keep what they say."""
        self.keep(name, *self.stage.run(*commands))

    def keep(self, name: str, *ended: Ended) -> None:
        write_text(self.out / f"{name}.txt", "\n".join(one.transcript() for one in ended))

    def write(self, run: str, name: str) -> None:
        write_run(self.stage.folder / run, self.out / name, self.stage.folder)

    def write_without_connection(self, run: str, name: str) -> None:
        write_without_connection(self.stage.folder / run, self.out / name)


def play(stage: Stage, out: Path) -> None:
    """Play everything, two at a time.

    Raises
    ------
    PlayError
        If a play cannot go on.
    """
    played = Played(stage, out)
    _build(played)
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        running = [pool.submit(one, played) for one in _PLAYS]
        for one in running:
            one.result()


def _build(played: Played) -> None:
    """Make the project and the store that the others play with."""
    folder = played.stage.folder
    write_market(folder)
    write_project(folder)
    starts = ("--interval", "1m", "--label", "start", "--timezone", "America/New_York")
    done = [
        played.stage.finish("data", "import", "minutes.csv", *_STORE, *starts),
        played.stage.finish("data", "import", "days.csv", *_STORE, "--interval", "1d"),
        played.stage.finish("data", "import-splits", "splits.csv", *_STORE),
    ]
    played.keep("store/import", *done)
    write_store(folder / "store", played.out / "store")


def _demo(played: Played) -> None:
    played.keep("demo/demo", played.stage.finish("demo"))
    played.write("demo/run", "demo")
    write_store(played.stage.folder / "demo" / "store", played.out / "demo" / "store")


def _range(played: Played) -> None:
    days = ("--start", str(MINUTE_SESSIONS[-3]), "--end", str(LAST))
    played.keep(
        "range/run", played.stage.finish("run", "range.json", *_STORE, *days, "--csv", "--out", "range")
    )
    played.write("range", "range")


def _live(played: Played) -> None:
    """A live session, and how it compares with a backtest."""
    played.keep("live/live", played.stage.finish(*_REPLAY, "--out", "faulty"))
    played.write("faulty", "live")
    played.write_without_connection("faulty", "live")
    played.say("live/parity", ("parity", "faulty"), ("parity", "faulty", "--json"))


def _kill_at_a_scan(played: Played) -> None:
    """The same session, killed at a scan that never returns: at one place always. Then it goes on."""
    arguments = (*_REPLAY, "--out", "killed_at_a_scan")
    said = played.stage.folder / "killed_at_a_scan.out"
    with said.open("w") as lines, played.stage.started(*arguments, more={"STALL": "1"}, out=lines) as process:
        assert process.stderr
        err = "".join(read_until(process.stderr, STALLED))
    killed = played.stage.ended(arguments, process.returncode, said.read_text(), err)
    played.keep("killed_at_a_scan/sessions", killed, played.stage.finish(*arguments, "--resume"))
    _write_results(played, "killed_at_a_scan")
    played.write_without_connection("killed_at_a_scan", "killed_at_a_scan")


def _kill_anywhere(played: Played) -> None:
    """Once more, killed wherever it is when it has announced some hits, and gone on with.

    That is another place each time: only the results are kept, which must be the same nevertheless.
    """
    arguments = (*_REPLAY, "--out", "killed_anywhere")
    with played.stage.started(*arguments, err=subprocess.DEVNULL) as process:
        assert process.stdout
        read_until(process.stdout, '"type":"hit"', _HITS_UNTIL_KILLED)
    if process.returncode >= 0:
        raise PlayError("a session ended before it could be killed")
    played.stage.finish(*arguments, "--resume")
    _write_results(played, "killed_anywhere")


def _write_results(played: Played, name: str) -> None:
    """Write all of a resumed session but its record and whole journal: it connected twice."""
    played.write(name, name)
    for one in ("journal.jsonl", "session.sqlite.txt"):
        (played.out / name / one).unlink()


def _awkward(played: Played) -> None:
    """Files as people have them; some are refused."""
    folder = played.stage.folder / "awkward"
    write_awkward(folder)
    stage = Stage(folder, played.stage.tree)
    more = Played(stage, played.out)
    imports = [("data", "import", *one, *_STORE) for one in IMPORTS]
    more.say("awkward/import", *imports, ("data", "import-splits", "splits.csv", *_STORE))
    more.say("awkward/check", ("data", "ls", *_STORE), ("data", "check", *_STORE, "--strict"))
    write_store(folder / "store", played.out / "awkward" / "store", whole=True)


def _look(played: Played) -> None:
    """Commands that only look, and mistakes."""
    day = ("--date", str(LAST))
    at = (*_STORE, *day, "--universe", "sectors.csv")
    played.say("explain", *(("explain", f"{name}.json", *_STORE, *day) for name in ("range", "live")))
    played.say(
        "scan",
        ("scan", "gap", *at, "--at", "10:30", "--config", '{"min_gap_percent": 0.5}'),
        ("scan", "patterns", *at, "--at", "11:07"),
        ("scan", "sector_rotation", *at, "--at", "16:00", "--config", '{"sessions": 3}'),
        ("scan", "premarket_movers", *at, "--at", "09:10", "--config", '{"min_volume": 1}'),
        ("scan", "unwilling", *at, "--at", "10:30"),
        ("scan", "nowhere", *at, "--at", "10:30"),
    )
    played.say("check", ("data", "ls", *_STORE), ("data", "check", *_STORE))
    played.say(
        "mistakes", *(("run", f"{name}.json", *_STORE, *day) for name in ("mistaken", "misnamed", "absent"))
    )


def _lists(played: Played) -> None:
    """What there is, what a command takes, and what a new scanner looks like."""
    folder = played.stage.folder / "new"
    folder.mkdir()
    more = Played(Stage(folder, played.stage.tree), played.out)
    more.say("lists", ("scanners",), ("scanners", "gap"), ("scanners", SYMBOLS[0]), ("schema",))
    more.say("help", *((*command, "--help") for command in _HELP))
    more.say("new/new", ("new", "scanner", "rising"), ("new", "scanner", "rising"))
    for path in sorted(folder.rglob("*rising.*")):
        if path.suffix in (".py", ".json"):
            write_text(played.out / "new" / f"{path.name}.txt", path.read_text())


_PLAYS: Final = (_kill_at_a_scan, _kill_anywhere, _range, _live, _demo, _awkward, _look, _lists)
"""The longest first, so that none is left over for one process alone."""
