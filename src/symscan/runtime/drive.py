"""Driving a backtest: its sessions one after another, in date order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symscan.model.events import Warned
from symscan.observers.base import Observer
from symscan.runtime.assembly import Backtest
from symscan.runtime.coordinator import SessionCoordinator

Progress = Callable[[SessionCoordinator], None]


def run_backtest(backtest: Backtest, observers: Sequence[Observer], progress: Progress | None = None) -> None:
    """Play every session; observers are told of the warnings first.

    Parameters
    ----------
    progress
        Called after every slice with the session's coordinator.
    """
    first = backtest.sessions[0]
    for message in backtest.warnings:
        for observer in observers:
            observer.observe(first, Warned(first.pre_open, message))
    for session in backtest.sessions:
        coordinator = backtest.coordinator(session, observers)
        coordinator.run(None if progress is None else lambda: progress(coordinator))  # noqa: B023
