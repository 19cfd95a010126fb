"""Running commands as a user does: in this process for speed, in one of their own where it matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from types import MappingProxyType
from typing import Any

import pytest

import symscan
from support.waiting import LIMIT
from symscan.cli import main

MAIN = "from symscan.cli import main; main()"
MINUTES = 60
DAY = "2026-01-15"

SCREEN: dict[str, Any] = {
    "name": "movers",
    "universe": "three.txt",
    "where": "change_pct > 1",
    "regular_session": [{"start": "09:35", "end": "10:30", "interval": "5m"}],
}
CONFIG: dict[str, Any] = {"name": "mine", "session_data_config": {"scanners": [SCREEN]}}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    """Run a command in this process."""
    capsys.readouterr()
    code: int | str | None = 0
    try:
        main(arguments)
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr()
    assert code is None or isinstance(code, int)
    return Ended(code or 0, said.out, said.err)


def environment(more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """What a process needs to find symscan, whether it is installed or not; and more."""
    paths = [str(Path(symscan.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **more}


def started(
    folder: Path, *arguments: str, code: str = MAIN, more: Mapping[str, str] = MappingProxyType({})
) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment(more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Listener:
    """Hears what a command says while it runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._heard = Condition()
        self._threads = [Thread(target=self._listen, args=[name], daemon=True) for name in self._said]
        for thread in self._threads:
            thread.start()

    def hear(self, words: str, times: int = 1) -> None:
        """Wait until so many lines of standard error have these words."""
        with self._heard:
            came = self._heard.wait_for(lambda: self._count(words) >= times, LIMIT)
        assert came, f"never said {words!r}: {self._said}"

    def has_said(self, words: str) -> bool:
        """Whether a line of standard error has these words."""
        return self._count(words) > 0

    def end(self, how: int | None = None) -> Ended:
        """Wait until it ends, perhaps by a signal."""
        if how is not None:
            self.process.send_signal(how)
        self.process.wait(LIMIT)
        for thread in self._threads:
            thread.join(LIMIT)
        out, err = ("".join(lines) for lines in self._said.values())
        return Ended(self.process.returncode, out, err)

    def _count(self, words: str) -> int:
        return sum(words in line for line in self._said["stderr"])

    def _listen(self, name: str) -> None:
        with getattr(self.process, name) as stream:
            for line in stream:
                with self._heard:
                    self._said[name].append(line)
                    self._heard.notify_all()


def written(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder; modules that Python compiled aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if "__pycache__" not in path.parts
    }


def write_config(
    folder: Path, change: Callable[[dict[str, Any], dict[str, Any]], object] | None = None
) -> Path:
    """The usual configuration, changed; ``change`` is given all of it and its screen."""
    config = deepcopy(CONFIG)
    if change is not None:
        change(config, config["session_data_config"]["scanners"][0])
    path = folder / "mine.json"
    path.write_text(json.dumps(config, indent=2))
    return path


def scanner(module: str, **more: Any) -> dict[str, Any]:
    """A scanner in code, in a configuration."""
    return {
        "name": module,
        "module": module,
        "config": {"universe": "three.txt"},
        "regular_session": SCREEN["regular_session"],
        **more,
    }


def write_bars(path: Path, symbols: Mapping[str, float], days: Sequence[str]) -> Path:
    """Minute bars of the first hour from the open, in New York time; each symbol drifts at its own pace."""
    lines = ["symbol,date,time,open,high,low,close,volume"]
    for symbol, drift in symbols.items():
        for day in days:
            for minute in range(MINUTES):
                clock = f"{9 + (30 + minute) // 60:02}:{(30 + minute) % 60:02}"
                first, last = (100 + drift * minute, 100 + drift * (minute + 1))
                low, high = sorted((first, last))
                lines.append(
                    f"{symbol},{day},{clock},{first:.2f},{high:.2f},{low:.2f},{last:.2f},{1000 + minute}"
                )
    path.write_text("\n".join(lines) + "\n")
    return path
