"""Observers of a session's events: the journal, the run's folder, the terminal, the user's.

What an observer of one's own is made of is imported from here; events are in :mod:`symscan.model.events`.
"""

from symscan.model.event_json import event_name, record_of
from symscan.observers.base import BaseObserver, Observer

__all__ = ["BaseObserver", "Observer", "event_name", "record_of"]
