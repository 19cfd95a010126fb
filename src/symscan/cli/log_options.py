"""``-v`` and ``--log-file``: where the logger ``symscan`` writes while a command runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symscan.errors import InputError, SymscanError

if TYPE_CHECKING:
    import logging

Verbosity = Annotated[
    int,
    typer.Option("-v", "--verbose", count=True, help="Log each step and scan to standard error; -vv: all."),
]
LogFile = Annotated[
    Path | None, typer.Option("--log-file", metavar="FILE", help="Append the log to a file; -vv: all of it.")
]


@contextmanager
def logging_to(verbosity: int, path: Path | None) -> Iterator[None]:
    """Have the logger ``symscan`` write to standard error, to a file, or to both, while inside.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    if not verbosity and path is None:
        yield
        return
    import logging

    logger = logging.getLogger("symscan")
    file = None if path is None else _file_handler(path)
    handlers: list[logging.Handler] = [_stderr_handler()] if verbosity else []
    level = logger.level
    logger.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    try:
        with _added(logger, handlers), _added(logger, [file] if file is not None else []):
            try:
                yield
            except SymscanError as error:
                if file is not None:  # standard error gets it as the command's last line
                    file.handle(logger.makeRecord("symscan", logging.ERROR, "", 0, str(error), (), None))
                raise
    finally:
        logger.setLevel(level)


@contextmanager
def _added(logger: logging.Logger, handlers: list[logging.Handler]) -> Iterator[None]:
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _stderr_handler() -> logging.Handler:
    import logging

    class Stderr(logging.Handler):
        """Standard error as it is by then: a progress bar puts itself in its place."""

        def emit(self, record: logging.LogRecord) -> None:
            try:
                print(self.format(record), file=sys.stderr)
            except (OSError, ValueError):  # its reader is gone; the command goes on
                return

    handler = Stderr()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    return handler


def _file_handler(path: Path) -> logging.Handler:
    import logging

    class File(logging.FileHandler):
        """A file; once it cannot be written any more, that is said, and the command goes on."""

        has_failed = False

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's name
            if not self.has_failed:
                self.has_failed = True
                print(f"{path}: the log cannot be written any more ({sys.exc_info()[1]})", file=sys.stderr)

    try:
        handler = File(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise InputError(f"--log-file {path}: {error.strerror}") from None
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    handler.setFormatter(formatter)
    return handler
