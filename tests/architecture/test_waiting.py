"""Who may wait, use threads or read a clock: a list of all of them, at the edges of the session."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "symscan"
WAITING = {"asyncio", "concurrent", "multiprocessing", "queue", "selectors", "socket", "threading", "time"}
EDGES = (
    "alerts.delivery",  # what each thread's exchanges were
    "alerts.sender",  # a process of its own
    "cli.output.progress",
    "cli.signals",
    "clock.wall_clock",
    "dashboard.live_record",  # for the next events of a session
    "dashboard.serving",
    "observers.guard",  # live, an observer of the user's has a thread
    "research.follow",  # for the next events of a live session
    "research.progress",
    "observers.results.write_behind",
    "recording.database",  # for a record that another program has locked
    "runtime.provisioning.loading",
    "scanners.execution",
    "sources.alpaca",
    "sources.clocks",  # until the session begins
    "sources.iterable_feed",
    "sources.replay",
    "sources.stored.read_ahead",
    "sources.streaming",
    "tasks",  # for other processes
    "testing.feeds",  # that a wait ends
)


def _imported(path: Path) -> set[str]:
    """The packages that a module imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def _waiting() -> set[str]:
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        for path in SOURCE.rglob("*.py")
        if _imported(path) & WAITING
    }


def test_nothing_but_the_edges_waits() -> None:
    edges = tuple(f"{one}." for one in EDGES)
    assert {module for module in _waiting() if not f"{module}.".startswith(edges)} == set()


def test_every_edge_that_may_wait_does() -> None:
    waiting = _waiting()
    assert [one for one in EDGES if not any(f"{module}.".startswith(f"{one}.") for module in waiting)] == []
