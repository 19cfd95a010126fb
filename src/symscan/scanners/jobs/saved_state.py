"""What a scanner remembers from scan to scan: kept, so that a resumed session can give it back."""

from __future__ import annotations

import pickle
from typing import Protocol, runtime_checkable

from symscan.scanners.base import BaseScanner


@runtime_checkable
class RemoteScanner(Protocol):
    """What a scanner that runs somewhere else offers beside the face of a ``BaseScanner``."""

    def dump_memory(self) -> bytes | None:
        """What it remembers after the last call, None if that cannot be kept."""

    def load_memory(self, memory: bytes) -> None:
        """Remember what :meth:`dump_memory` gave."""

    def kill(self) -> None:
        """End the call that runs, now; called by the session's thread, and never waits."""

    def close(self) -> None:
        """The same for good: nothing of it runs or starts any more."""


def save_state(scanner: BaseScanner) -> bytes | None:
    """What a scanner remembers, None if that cannot be kept."""
    if isinstance(scanner, RemoteScanner):
        return scanner.dump_memory()
    kept = {name: value for name, value in vars(scanner).items() if name not in scanner.transient_attributes}
    try:
        return pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)
    except Exception:  # the plug-in boundary: a connection, a lambda, whatever its own __reduce__ raises
        return None


def restore_state(scanner: BaseScanner, memory: bytes) -> None:
    """Let a scanner that has been set up remember what :func:`save_state` gave."""
    if isinstance(scanner, RemoteScanner):
        scanner.load_memory(memory)
    else:
        vars(scanner).update(pickle.loads(memory))
