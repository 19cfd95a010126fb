"""A short run of events for every observer."""

from support.run_events import events, make

__all__ = ["events", "make"]
