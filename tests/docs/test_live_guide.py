"""The guide to live sessions runs as written, and names all that may be said and happen."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from support.cli import Ended, call
from symscan.model.events import feed as live_events
from symscan.model.events.session import Event
from symscan.observers.console.messages import Kind
from symscan.parity.causes import Why

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "LIVE.md").read_text()
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.M | re.S) for line in block.splitlines()
]


def test_every_condition_is_named() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", GUIDE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == {kind.value for kind in Kind}


def test_every_live_event_is_described() -> None:
    described = set(re.findall(r"`(\w+)`", (DOCS / "RESULTS.md").read_text()))
    names = [name for name in live_events.__all__ if issubclass(getattr(live_events, name), Event)]
    assert {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names} - described == set()


def test_every_cause_of_a_difference_is_described() -> None:
    rows = re.findall(r"^\| ([a-z ,]+) \| ", GUIDE.partition("## Parity")[2], re.MULTILINE)
    assert {name for row in rows for name in row.split(", ")} == {"cause", *map(str, Why)}


@pytest.mark.slow
def test_it_runs_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ran: list[Ended] = []
    for line in COMMANDS:
        ran.append(call(capsys, *shlex.split(line)[1:]))
        assert ran[-1].code == 0, (line, ran[-1])
    _, clean, faulty, compared = ran
    assert clean.out.count("  decided ") > 50
    assert "feed" not in clean.err
    kinds = [json.loads(line)["type"] for line in faulty.out.splitlines()]
    assert set(kinds) == {"hit", "condition", "readiness"}
    assert "!! " in faulty.err and "feed is lost" in faulty.err
    assert "late bar" in compared.out and ", 0 of them unexplained\n" in compared.out
