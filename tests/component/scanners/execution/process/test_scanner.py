"""A scanner in a process of its own does what it does here; what it does to its process harms nobody."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.builders import make_block, make_session
from support.waiting import LIMIT, wait_for, wait_for_file
from symscan.clock.time_manager import TimeManager
from symscan.indicators.registry import spec_of
from symscan.model.instant import MINUTE
from symscan.runtime.building.plugins import load_scanner, load_screen
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.execution.process.child import ProcessEnded
from symscan.scanners.execution.process.scanner import ProcessScanner, RemoteScannerError
from symscan.scanners.jobs.result_validation import checked_result
from symscan.scanners.jobs.saved_state import RemoteScanner
from symscan.scanners.screens.criteria import Screen
from symscan.session.requests import Request, RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.view import SessionView

pytestmark = pytest.mark.slow

SESSION = make_session(minutes=10)
HOLDER = "scanner:mine"

MINE = '''
import os, pathlib, signal, subprocess, sys, threading
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    """Does at its scans what its configuration says, one after the other; then finds the risers."""

    max_age_minutes = 30.0
    reads = ("close", "sma_2_1m")

    def setup(self, context):
        self._universe = ["A", "B", "C"]
        self.scans = 0
        context.session_data.add_indicator(self._universe, "sma_2_1m")
        if self.config.get("setup") == "forget":
            return
        return self.do(self.config.get("setup", "ready"), context) is None

    def scan(self, context):
        self.scans += 1
        doings = self.config.get("scans", [])
        found = self.do(doings[self.scans - 1], context) if self.scans <= len(doings) else None
        if found is not None:
            return found
        close = context.session_data.column("close")
        symbols = [one for one, price in zip(context.session_data.symbols, close) if price > 5]
        return ScanResult(symbols, {one: {"scans": self.scans, "mode": context.mode} for one in symbols})

    def teardown(self, context):
        self.do(self.config.get("teardown", "ready"), context)
        context.session_data.lock_symbol("A", "kept")

    def do(self, what, context):
        if what in ("spin", "sleep"):
            pathlib.Path(self.config["mark"]).touch()
        if what == "spin":
            self.scans += 100
            while True:
                pass
        if what == "sleep":
            threading.Event().wait()
        if what == "exit":
            os._exit(3)
        if what == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if what == "raise":
            raise LookupError("there is no such thing")
        if what == "leave":
            raise SystemExit("bye")
        if what == "false":
            return False
        if what == "ask":
            context.session_data.add_symbol("Z")
            context.session_data.add_session_bars("Z", "5m")
        if what == "print":
            print("from python")
            os.write(1, b"from below\\n")
        if what == "generator":
            return ScanResult(["A"], {"A": {"made": (one for one in "abc")}})
        if what == "nothing":
            return "nothing"
        if what == "strange":
            self._universe = [lambda: "A"]
        if what == "own":
            self.own = Own("A")
        if what == "recall":
            return ScanResult([self.own, self.own.kind])
        if what == "unkept":
            self.kept = lambda: None
        if what == "children":
            self.child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            return ScanResult([str(self.child.pid)])
        if what == "sectors":
            self._load_universe_from_file(self.config["file"])
            frame = context.session_data.frame(["close", "sector"])
            return ScanResult([f"{symbol} {sector}" for symbol, _, sector in frame.iter_rows()])
        if what == "who":
            return ScanResult([str(os.getpid()), str(os.nice(0)), signal.getsignal(signal.SIGINT).name])


class Own(str):
    kind = "of its own"
'''

Make = Callable[..., ProcessScanner]
Context = Callable[[], ScanContext]


@pytest.fixture
def context() -> Context:
    """Makes a context of the session's third minute; A and C are above 5, B is not."""

    def make() -> ScanContext:
        data, clock = SessionData(SESSION, ["A", "B", "C"]), TimeManager(SESSION)
        data.add_candidates(HOLDER, ["A", "B", "C"])
        for minute in range(1, 4):
            block = make_block(SESSION.open + minute * MINUTE, 7.0, 3.0, 9.0, *[None] * (data.capacity - 3))
            data.regular.grid.append(block)
        data.in_store[:] = True
        data.readings.previous_close[:] = 5.0
        clock.advance_to(SESSION.open + 3 * MINUTE)
        data.advance_to(clock.now)
        data.requested.add(HOLDER, spec_of("sma_2_1m"))
        view = SessionView(data, RequestQueue(HOLDER))
        return ScanContext(view, clock, "live", clock.get_current_time(), {})

    return make


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes scanners of MINE with a configuration, each with a process; all of them end with the test."""
    (tmp_path / "mine.py").write_text(MINE)
    made: list[ProcessScanner] = []

    def one(**config: Any) -> ProcessScanner:
        config["mark"] = str(tmp_path / "mark")
        made.append(ProcessScanner(partial(load_scanner, "mine", "mine", config, (tmp_path,)), config))
        return made[-1]

    yield one
    for scanner in made:
        scanner.close()


def test_it_reads_the_columns_of_its_universe(make: Make, context: Context, tmp_path: Path) -> None:
    (tmp_path / "sectors.csv").write_text("symbol,sector\nC,Energy\nA,Utilities\n")
    mine = make(scans=["sectors"], file=str(tmp_path / "sectors.csv"))
    mine.setup(context())
    assert list(mine.scan(context()).symbols) == ["A Utilities", "B None", "C Energy"]


def _requests(context: ScanContext) -> list[Request]:
    _, (_, request_queue) = context.session_data.__reduce__()
    return request_queue.drain()


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()[:1] not in ("", "Z")


def _pid(scanner: ProcessScanner, context: Context) -> int:
    return int(scanner.scan(context()).symbols[0])


def _killed_scan(scanner: ProcessScanner, context: ScanContext) -> None:
    """A scan that is killed as soon as it spins or sleeps."""
    mark = Path(scanner.config["mark"])
    killer = threading.Thread(target=lambda: (wait_for_file(mark), scanner.kill()))  # type: ignore[func-returns-value]
    killer.start()
    assert scanner.scan(context).error == "its process ended (signal SIGKILL)"
    killer.join(LIMIT)
    mark.unlink()


def test_it_offers_what_the_engine_asks_of_it(make: Make) -> None:
    assert isinstance(make(), RemoteScanner)


def _played(scanner: BaseScanner, context: Context) -> list[object]:
    """What setup, three scans and the teardown come to, and what is asked for meanwhile."""
    played: list[object] = []
    for call in (scanner.setup, scanner.scan, scanner.scan, scanner.scan, scanner.teardown):
        given = context()
        given.config = scanner.config
        said: object = call(given)
        if isinstance(said, ScanResult):
            said = checked_result(said, len(given.session_data.symbols))
            unknown = None if said.unknown is None else said.unknown.tolist()
            said = (said.symbols, dict(said.metadata or {}), unknown, said.skipped, said.error)
        played.append((said, _requests(given)))
    return [*played, scanner.universe, scanner.reads, scanner.max_age_minutes]


def test_its_calls_come_to_the_same_as_here(make: Make, context: Context, tmp_path: Path) -> None:
    config = {"scans": ["ready", "ask"]}
    here = load_scanner("mine", "mine", config, (tmp_path,))
    assert _played(make(**config), context) == _played(here, context)


def test_a_built_in_one_finds_the_same(context: Context, tmp_path: Path) -> None:
    (tmp_path / "abc.txt").write_text("A\nB\nC\n")
    config = {"universe": str(tmp_path / "abc.txt"), "min_volume": 0}
    made = partial(load_scanner, "gap", "gap", config, ())
    assert _played(ProcessScanner(made, config), context) == _played(made(), context)


def test_a_screen_finds_the_same(context: Context, tmp_path: Path) -> None:
    (tmp_path / "abc.csv").write_text("symbol,limit\nA,5\nB,2\nC,8\n")
    screen = Screen('close > "limit" AND sma_2_1m > 0 OR close > 8', rank="close", show=("volume",))
    made = partial(load_screen, screen, str(tmp_path / "abc.csv"), ())
    assert _played(ProcessScanner(made, {}), context) == _played(made(), context)


def test_it_is_another_process_and_gives_way(make: Make, context: Context) -> None:
    scanner = make(scans=["who"])
    scanner.setup(context())
    pid, nice, on_interrupt = scanner.scan(context()).symbols
    assert int(pid) != os.getpid()
    assert int(nice) == min(os.nice(0) + 5, 19)
    assert on_interrupt == "SIG_IGN"


def test_what_spins_is_killed_and_the_next_scan_works_again(make: Make, context: Context) -> None:
    scanner = make(scans=["ready", "spin"])
    scanner.setup(context())
    assert scanner.scan(context()).metadata == {one: {"scans": 1, "mode": "live"} for one in ("A", "C")}
    _killed_scan(scanner, context())
    scanner.load_state(pickle.dumps({"scans": 2}))
    again = context()
    assert (scanner.scan(again).metadata or {})["A"] == {"scans": 3, "mode": "live"}


def test_a_new_process_remembers_what_the_last_answer_left(make: Make, context: Context) -> None:
    scanner = make(scans=["ready", "ready", "ready"])
    scanner.setup(context())
    for _ in range(2):
        scanner.scan(context())
    scanner.kill()
    assert (scanner.scan(context()).metadata or {})["A"]["scans"] == 3


def test_its_memory_is_that_of_the_scanner(make: Make, context: Context) -> None:
    scanner = make()
    scanner.setup(context())
    scanner.scan(context())
    memory = scanner.dump_state()
    assert memory is not None
    assert pickle.loads(memory)["scans"] == 1


def test_what_cannot_be_written_down_is_not_remembered(make: Make, context: Context) -> None:
    scanner = make(setup="unkept")
    assert scanner.setup(context())
    assert scanner.dump_state() is None
    assert scanner.scan(context()).symbols == ("A", "C")


def test_what_sleeps_forever_is_killed(make: Make, context: Context) -> None:
    scanner = make(scans=["sleep"])
    scanner.setup(context())
    _killed_scan(scanner, context())


@pytest.mark.parametrize(("what", "says"), [("exit", "exit code 3"), ("crash", "signal SIGSEGV")])
def test_a_process_that_ends_fails_its_scan(make: Make, context: Context, what: str, says: str) -> None:
    scanner = make(scans=[what])
    scanner.setup(context())
    for _ in range(2):  # anew, it does the same at its first scan
        assert scanner.scan(context()).error == f"its process ended ({says})"


@pytest.mark.parametrize(
    ("what", "kind", "says"),
    [
        ("raise", "LookupError", "there is no such thing"),
        ("leave", "SystemExit", "bye"),
        ("generator", "TypeError", "cannot be written: "),
        ("nothing", "TypeError", "return a ScanResult"),
    ],
)
def test_a_fault_reads_as_the_scanners_own(
    make: Make, context: Context, what: str, kind: str, says: str
) -> None:
    scanner = make(scans=[what])
    scanner.setup(context())
    with pytest.raises(RemoteScannerError, match=says) as raised:
        scanner.scan(context())
    assert type(raised.value).__name__ == kind
    assert scanner.scan(context()).symbols == ("A", "C")


def test_what_cannot_leave_its_process_is_a_fault(make: Make, context: Context) -> None:
    scanner = make(setup="strange")
    with pytest.raises(RemoteScannerError, match=r"what setup\(\) left cannot leave its process"):
        scanner.setup(context())


def test_objects_of_its_own_classes_are_remembered(make: Make, context: Context) -> None:
    scanner = make(scans=["own", "ready", "recall"])
    scanner.setup(context())
    scanner.scan(context())
    scanner.kill()
    scanner.scan(context())
    assert scanner.scan(context()).symbols == ("A", "of its own")


def test_a_scan_that_raises_does_not_forget(make: Make, context: Context) -> None:
    scanner = make(scans=["raise"])
    scanner.setup(context())
    with pytest.raises(RemoteScannerError):
        scanner.scan(context())
    scanner.kill()
    assert (scanner.scan(context()).metadata or {})["A"]["scans"] == 2


@pytest.mark.parametrize("what", ["raise", "leave", "exit"])
def test_a_setup_that_fails_leaves_no_process(make: Make, context: Context, what: str) -> None:
    scanner = make(setup=what)
    with pytest.raises((RemoteScannerError, ProcessEnded)):
        scanner.setup(context())
    assert scanner.scan(context()).error == "its process was ended with the session"


@pytest.mark.parametrize(("setup", "returned"), [("false", False), ("forget", None)])
def test_a_setup_that_says_no_leaves_no_process(
    make: Make, context: Context, setup: str, returned: bool | None
) -> None:
    scanner = make(setup=setup)
    assert scanner.setup(context()) is returned
    assert scanner.scan(context()).error == "its process was ended with the session"


def test_a_module_that_is_gone_fails_the_setup(context: Context, tmp_path: Path) -> None:
    scanner = ProcessScanner(partial(load_scanner, "gone", "gone", {}, (tmp_path,)), {})
    with pytest.raises(RemoteScannerError, match="there is no module 'gone'") as raised:
        scanner.setup(context())
    assert type(raised.value).__name__ == "ConfigError"


def test_what_it_prints_goes_to_stderr(
    make: Make, context: Context, capfd: pytest.CaptureFixture[str]
) -> None:
    scanner = make(scans=["print"])
    scanner.setup(context())
    scanner.scan(context())
    scanner.teardown(context())
    printed = capfd.readouterr()
    assert printed.out == ""
    assert sorted(printed.err.splitlines()) == ["from below", "from python"]


def test_teardown_ends_the_process(make: Make, context: Context) -> None:
    scanner = make(scans=["who"])
    scanner.setup(context())
    pid = _pid(scanner, context)
    scanner.teardown(context())
    assert not _runs(pid)
    scanner.teardown(context())


def test_a_teardown_that_raises_ends_the_process_too(make: Make, context: Context) -> None:
    scanner = make(scans=["who"], teardown="raise")
    scanner.setup(context())
    pid = _pid(scanner, context)
    with pytest.raises(RemoteScannerError, match="no such thing"):
        scanner.teardown(context())
    assert not _runs(pid)


def test_what_was_killed_needs_no_teardown(make: Make, context: Context) -> None:
    scanner = make(teardown="raise")
    scanner.setup(context())
    scanner.kill()
    scanner.teardown(context())


def test_closing_ends_what_spins_and_starts_no_other(make: Make, context: Context) -> None:
    scanner = make(scans=["who", "spin"])
    scanner.setup(context())
    pid = _pid(scanner, context)
    results: list[ScanResult] = []
    thread = threading.Thread(target=lambda: results.append(scanner.scan(context())))
    thread.start()
    wait_for_file(Path(scanner.config["mark"]))
    scanner.close()
    thread.join(LIMIT)
    assert not thread.is_alive()
    assert results[0].error == "its process ended (signal SIGKILL)"
    assert not _runs(pid)
    assert scanner.scan(context()).error == "its process was ended with the session"


def test_what_it_started_ends_with_it(make: Make, context: Context) -> None:
    scanner = make(scans=["children"])
    scanner.setup(context())
    pid = _pid(scanner, context)
    assert _runs(pid)
    scanner.kill()
    scanner.close()
    wait_for(lambda: not _runs(pid), "the end of its child")  # no child of ours: nothing to wait on


def test_it_ends_with_a_session_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "session.py"
    script.write_text(
        "import os, sys\n"
        "from functools import partial\n"
        "from pathlib import Path\n"
        "from symscan.scanners.execution.process.child import ChildProcess\n"
        "from symscan.runtime.building.plugins import load_scanner\n"
        "child = ChildProcess(partial(load_scanner, 'spinning', 'spinning', {}, (Path(sys.argv[1]),)))\n"
        "sys.stdin.read()\n"
    )
    (tmp_path / "spinning.py").write_text("import os\nprint(os.getpid(), flush=True)\nwhile True: pass\n")
    session = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with session:
        assert session.stderr is not None
        pid = int(session.stderr.readline())
        assert _runs(pid)
        session.send_signal(signal.SIGKILL)
        _, rest = session.communicate(timeout=LIMIT)  # until the last process that holds its stderr ends
        assert rest == b""


def test_a_scan_result_is_plain(make: Make, context: Context) -> None:
    scanner = make()
    scanner.setup(context())
    assert type(scanner.scan(context())) is ScanResult
