"""Save a scanner's state after each call, so that a resumed session can restore it."""

from __future__ import annotations

import pickle
from typing import Protocol, runtime_checkable

from symscan.scanners.base import BaseScanner


@runtime_checkable
class RemoteScanner(Protocol):
    """The methods that a scanner in another process has in addition to a ``BaseScanner``'s."""

    def dump_state(self) -> bytes | None:
        """Return its state after the last call, None if it cannot be saved."""

    def load_state(self, saved_state: bytes) -> None:
        """Restore a state from :meth:`dump_state`."""

    def kill(self) -> None:
        """End the call that runs, now; called by the session's thread, and never waits."""

    def close(self) -> None:
        """The same for good: nothing of it runs or starts any more."""


def save_state(scanner: BaseScanner) -> bytes | None:
    """Return a scanner's state, None if it cannot be saved."""
    if isinstance(scanner, RemoteScanner):
        return scanner.dump_state()
    kept = {name: value for name, value in vars(scanner).items() if name not in scanner.transient_attributes}
    try:
        return pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)
    except Exception:  # the plug-in boundary: a connection, a lambda, whatever its own __reduce__ raises
        return None


def restore_state(scanner: BaseScanner, saved_state: bytes) -> None:
    """Restore a scanner that has been set up to a state from :func:`save_state`."""
    if isinstance(scanner, RemoteScanner):
        scanner.load_state(saved_state)
    else:
        vars(scanner).update(pickle.loads(saved_state))
