"""Tasks for other processes: this module is imported there."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from support.waiting import LIMIT
from symscan.errors import DataError
from symscan.tasks.work import Doer, Mismatch, Report, Work

MAKER = "support.tasks:make_doer"


def work(given: str = "", folder: Path | None = None) -> Work:
    """What tasks of :func:`make_doer` share."""
    return Work(MAKER, given, folder or Path.cwd())


def make_doer(given: str, scratch: Path) -> Doer:
    """Make what does a task by its name; ``given`` may say that this process must not."""
    if given:
        raise Mismatch(given)
    done: list[Any] = []

    def do(task: Any, report: Report) -> Any:
        done.append(task)
        match task:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "exit":
                os._exit(3)
            case "wrong":
                raise DataError("the task is wrong")
            case "faulty":
                raise ZeroDivisionError("of ours")
            case "speak":
                print("out of a task")
                print("error of a task", file=sys.stderr)
                sys.stdout.write("no line")
                logging.getLogger("of.a.task").warning("%s of a task", "warning")
                report("spoken")
            case "sleep":
                time.sleep(LIMIT)
            case "file":
                (scratch / "left").write_text("x")
                return str(scratch)
        return (task, os.getpid(), list(done))

    return do
