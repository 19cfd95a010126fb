"""Running symscan as users do, in processes of its own, and keeping what it said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, Final

from normal import plain

_MAIN: Final = "from symscan.cli import main; main()"
_SEVERAL: Final = """
import contextlib, io, json, sys
from symscan.cli import main

ended = []
for arguments in json.loads(sys.argv[1]):
    out, err, code = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
    ended.append([code or 0, out.getvalue(), err.getvalue()])
json.dump(ended, sys.stdout)
"""
_PLACE: Final = "import symscan; print(symscan.__file__)"
_PATIENCE_SECONDS: Final = 300
"""No measure of speed: a command that hangs shall end the play and name itself."""

_PIPE_BYTES: Final = 4096
"""So little, where the system allows it, that a command whose lines nobody reads cannot run on to its end."""

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class PlayError(Exception):
    """The play cannot go on: a command did not end, or not as it must."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    command: str
    code: int
    out: str
    err: str

    def transcript(self) -> str:
        streams = f"-- standard output\n{self.out}-- standard error\n{self.err}"
        return f"$ {self.command}\nexit code {self.code}\n{streams}"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a play takes place.

    Attributes
    ----------
    folder
        Commands run in it.
    tree
        The root of the source tree whose symscan is played; None plays the one of this interpreter.
    """

    folder: Path
    tree: Path | None = None

    def package(self) -> Path:
        """The folder of the package that commands import.

        Raises
        ------
        PlayError
            If it is not the one of the tree: an installed one came before it.
        """
        done = subprocess.run(
            [sys.executable, "-c", _PLACE],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise PlayError(f"symscan cannot be imported:\n{done.stderr}")
        found = Path(done.stdout.strip()).parent
        if self.tree is not None and found != (self.tree / "src" / "symscan").resolve():
            raise PlayError(f"commands import {found}, not the symscan of {self.tree}")
        return found

    def finish(self, *arguments: str) -> Ended:
        """Run a command that must succeed.

        Raises
        ------
        PlayError
            If it fails.
        """
        with self.started(*arguments) as process:
            out, err = process.communicate()
        ended = self.ended(arguments, process.returncode, out, err)
        if ended.code:
            raise PlayError(f"{ended.command} ended with {ended.code}:\n{ended.err}")
        return ended

    def run(self, *commands: Sequence[str]) -> list[Ended]:
        """Run short commands, which may fail, in one process: most of their time is its start.

        Raises
        ------
        PlayError
            If the process itself fails.
        """
        with self.started(json.dumps(commands), code=_SEVERAL) as process:
            out, err = process.communicate()
        if process.returncode:
            raise PlayError(f"one of {len(commands)} commands broke off:\n{err}")
        return [self.ended(command, *one) for command, one in zip(commands, json.loads(out), strict=True)]

    def ended(self, arguments: Iterable[str], code: int, out: str, err: str) -> Ended:
        """What a command said, without what differs by folder."""
        return Ended(f"symscan {' '.join(arguments)}", code, plain(out, self.folder), plain(err, self.folder))

    @contextmanager
    def started(
        self,
        *arguments: str,
        code: str = _MAIN,
        more: Mapping[str, str] = _NOTHING,
        out: int | IO[str] = subprocess.PIPE,
        err: int = subprocess.PIPE,
    ) -> Iterator[subprocess.Popen[str]]:
        """Start a command, and kill it if it has not ended when the block has.

        Raises
        ------
        PlayError
            If it hung.
        """
        with subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=self.folder,
            env={**self._environment(), **more},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            text=True,
            pipesize=_PIPE_BYTES,
        ) as process:
            hung = threading.Event()
            watchdog = threading.Timer(_PATIENCE_SECONDS, lambda: (hung.set(), process.kill()))
            watchdog.start()
            try:
                yield process
            finally:
                watchdog.cancel()
                process.kill()
        if hung.is_set():
            raise PlayError(f"symscan {' '.join(arguments)}: no end after {_PATIENCE_SECONDS} s")

    def _environment(self) -> dict[str, str]:
        """The environment without what changes the behaviour or the look of commands."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("APCA_", "SYMSCAN_"))
        }
        look = {"COLUMNS": "160", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        cache = {"SYMSCAN_CACHE_DIR": str(self.folder / "cache")}
        if self.tree is None:
            return {**kept, **look, **cache}
        # The path comes before the one of an editable installation, which a .pth file appends.
        return {**kept, **look, **cache, "PYTHONPATH": str(self.tree / "src")}


def read_until(stream: IO[str], wanted: str, times: int = 1) -> list[str]:
    """Read lines until some of them held a text; the last one is the line that made it enough.

    Raises
    ------
    PlayError
        If the stream ends before.
    """
    lines: list[str] = []
    for line in stream:
        lines.append(line)
        times -= wanted in line
        if times == 0:
            return lines
    raise PlayError(f"a session ended before it was to be killed; it said:\n{''.join(lines[-20:])}")
