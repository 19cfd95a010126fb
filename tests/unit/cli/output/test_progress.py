"""How far a run has come, where nobody looks at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from support.builders import MINUTE, make_session
from symscan.cli.output.progress import session_progress
from symscan.observers.results.run_progress import RunProgress
from symscan.runtime.parallel.session_progress import SessionProgress

SESSION = make_session()


def _at(minute: int) -> list[SessionProgress]:
    """The session at a minute, with three symbols."""
    return [SessionProgress(SESSION, SESSION.open + minute * MINUTE, symbols=3)]


def _seconds(*values: float) -> Iterator[float]:
    yield from values


def test_a_line_a_minute() -> None:
    clock = _seconds(0, 59, 61, 61, 62, 120, 121.5, 121.5)
    said, run = StringIO(), RunProgress()
    console = Console(file=said, width=40, force_terminal=False)
    with session_progress([SESSION, SESSION], run, console, lambda: next(clock)) as show:
        for minute in (1, 2, 3, 4):
            show(_at(minute))
        run.completed += 1
        show(_at(5))
    first, second = said.getvalue().splitlines()
    local = datetime.fromtimestamp((SESSION.open + 2 * MINUTE) / 1e6, UTC).astimezone(SESSION.zone)
    assert first == f"session 1 of 2: {local:%Y-%m-%d %H:%M}  3 symbols  0 hits"
    assert second.startswith("session 2 of 2: ")
    assert next(clock, None) is None


def test_a_short_run_says_nothing() -> None:
    said = StringIO()
    console = Console(file=said, force_terminal=False)
    with session_progress([SESSION], RunProgress(), console, lambda: 0.0) as show:
        show(_at(1))
    assert said.getvalue() == ""
