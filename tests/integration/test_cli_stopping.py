"""The first signal is a wish, the second is not; a listener that goes away ends nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import environment, started
from support.waiting import LIMIT

both = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)

SESSION = """
import sys
from queue import SimpleQueue
from symscan.cli.signals import stop_signals

with stop_signals() as stopper:
    asked = SimpleQueue()
    stopper.on_stop(lambda: asked.put("asked"))
    print("running", flush=True)
    print(asked.get(), stopper.is_requested, flush=True)
    {then}
sys.exit(stopper.exit_code)
"""
SPINNING = "[0 for _ in iter(int, 1)]"
FORKING = """
    import os, signal
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGINT)  # which is its own affair
        os._exit(7)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    asked.get()
"""


def _started(folder: Path, then: str = "pass") -> subprocess.Popen[str]:
    process = started(folder, code=SESSION.format(then=then))
    assert _line(process) == "running\n"
    return process


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@both
def test_the_first_signal_asks(tmp_path: Path, number: signal.Signals) -> None:
    process = _started(tmp_path)
    process.send_signal(number)
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (128 + number, "asked True\n")
    assert err == "ending the session; once more to leave at once\n"


@both
def test_the_second_ends_the_process_whatever_it_is_in(tmp_path: Path, number: signal.Signals) -> None:
    process = _started(tmp_path, SPINNING)
    process.send_signal(signal.SIGINT)
    assert _line(process) == "asked True\n"
    process.send_signal(number)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 128 + number
    assert err.splitlines()[-1] == "left at once; --resume goes on"


def test_a_forked_process_does_not_speak_for_its_parent(tmp_path: Path) -> None:
    process = _started(tmp_path, FORKING)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (143, "asked True\n-2\n")


def test_without_a_signal_all_is_as_before(tmp_path: Path) -> None:
    code = """
import signal, sys, threading
from symscan.cli.signals import stop_signals
before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
with stop_signals() as stopper:
    assert signal.getsignal(signal.SIGTERM) != before[1]
assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
assert signal.set_wakeup_fd(-1) == -1
assert threading.active_count() == 1
sys.exit(stopper.exit_code)
"""
    process = started(tmp_path, code=code)
    assert process.communicate(timeout=LIMIT) == ("", "")
    assert process.returncode == 0


def test_who_asks_late_is_told_at_once(tmp_path: Path) -> None:
    code = """
import os, signal, threading
from symscan.cli.signals import stop_signals
with stop_signals() as stopper:
    os.kill(os.getpid(), signal.SIGTERM)
    assert stopper.wait(60)
    stopper.on_stop(lambda: print("told"))
"""
    process = started(tmp_path, code=code)
    assert process.communicate(timeout=LIMIT)[0] == "told\n"


def test_a_command_without_a_standard_output_ends_well(tmp_path: Path) -> None:
    code = """
import sys
sys.stdout = None  # as it is where the shell has closed it
from symscan.cli.errors import exit_on_error
with exit_on_error():
    print("nobody hears this")
"""
    process = started(tmp_path, code=code)
    assert process.communicate(timeout=LIMIT) == ("", "")
    assert process.returncode == 0


SPEAKING = """
import sys
from symscan.cli.output.live_output import LiveConsole
console = LiveConsole(as_json={as_json})
console.hit("one", {{"type": "hit", "symbol": "A", "price": None}})
sys.stdin.readline()
for line in ("two", "three"):
    console.hit(line, {{"type": "hit", "symbol": line, "rank": 2 ** 70}})
console.condition("lost", {{"type": "condition", "message": "lost"}})
console.status("ready", {{"type": "readiness"}})
console.message("+ A")
"""


def _spoken(folder: Path, *, as_json: bool, listens: bool = True) -> tuple[int, str, str]:
    """What a voice says on both channels; whether anybody listens after its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", SPEAKING.format(as_json=as_json)],
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin and process.stdout and process.stderr
        out = process.stdout.readline()
        if not listens:
            process.stdout.close()
        process.stdin.close()
        out += process.stdout.read() if listens else ""
        return process.wait(timeout=LIMIT), out, process.stderr.read()


@pytest.mark.parametrize(
    ("does", "out", "err"),
    [
        (
            "sys.stdout.close()",
            "one\n",
            "!! standard output is gone (closed); the session goes on and is recorded\n",
        ),
        ("sys.stdout.close(), sys.stderr.close()", "one\n", ""),
        ("setattr(sys, 'stdout', None), setattr(sys, 'stderr', None)", "one\ntwo\n", ""),
    ],
)
def test_a_scanner_that_closes_the_outputs_does_not_end_the_session(
    tmp_path: Path, does: str, out: str, err: str
) -> None:
    code = f"""
import sys
from symscan.cli.output.live_output import LiveConsole
console = LiveConsole(as_json=False)
console.hit("one", {{}})
{does}
console.hit("two", {{}})
"""
    process = started(tmp_path, code=code)
    assert process.communicate(timeout=LIMIT) == (out, err)
    assert process.returncode == 0


def test_hits_are_said_apart_from_all_else(tmp_path: Path) -> None:
    said = _spoken(tmp_path, as_json=False)
    assert said == (0, "one\ntwo\nthree\n", "!! lost\nready\n+ A\n")


def test_records_go_where_programs_read_them(tmp_path: Path) -> None:
    code, out, err = _spoken(tmp_path, as_json=True)
    assert (code, err) == (0, "one\ntwo\nthree\n!! lost\nready\n+ A\n")
    records = [json.loads(line) for line in out.splitlines()]
    assert records[0] == {"type": "hit", "symbol": "A", "price": None}
    assert [record["type"] for record in records] == ["hit", "hit", "hit", "condition", "readiness"]
    assert records[1]["rank"] == 2**70


def test_nobody_listening_any_more_is_said_once_and_ends_nothing(tmp_path: Path) -> None:
    code, out, err = _spoken(tmp_path, as_json=False, listens=False)
    assert (code, out) == (0, "one\n")
    gone, *rest = err.splitlines()
    assert gone == "!! standard output is gone (Broken pipe); the session goes on and is recorded"
    assert rest == ["!! lost", "ready", "+ A"]
