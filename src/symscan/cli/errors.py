"""End a failed command with one message and an exit code, never a traceback of ours."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import typer

from symscan.cli.signals import INTERRUPTED, exit_code_of
from symscan.errors import ConfigErrors, SymscanError

USAGE: Final = 2
"""The exit code of a command that was called wrongly."""


class SessionStopped(SymscanError):
    """A signal ended a command in order; the message tells what it leaves behind."""

    def __init__(self, message: str, exit_code: int = INTERRUPTED) -> None:
        super().__init__(message)
        self.code = exit_code


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Turn exceptions into a message and an exit code."""
    try:
        yield
        if sys.stdout and not sys.stdout.closed:  # there is none where it was closed by the shell
            sys.stdout.flush()
    except ConfigErrors as errors:
        _fail(errors.exit_code, *map(str, errors.errors))
    except SessionStopped as end:
        _fail(end.code, str(end), is_error=False)
    except SymscanError as error:
        _fail(error.exit_code, str(error))
    except typer.TyperException as error:
        _fail(USAGE, _usage(error))
    except KeyboardInterrupt as interrupt:
        _fail(exit_code_of(interrupt), "interrupted", is_error=False)
    except BrokenPipeError:
        _silence_stdout()
        sys.exit(1)
    except OSError as error:
        _fail(1, ": ".join(str(part) for part in (error.filename, error.strerror or error) if part))


def _fail(code: int, *messages: str, is_error: bool = True) -> NoReturn:
    for message in messages:
        print(f"error: {message}" if is_error else message, file=sys.stderr)
    sys.exit(code)


def _usage(error: typer.TyperException) -> str:
    """Format a usage error of typer in our style."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "symscan"
    message = getattr(error, "format_message", error.__str__)()
    plain = " ".join(message.replace("Value error, ", "").removesuffix(".").split())
    return f"{path}: {plain[:1].lower()}{plain[1:]} (see '{path} --help')"


def _silence_stdout() -> None:
    """Discard buffered output whose reader is gone: it must not raise at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
