"""The log of a live session in SQLite."""

from typing import Final

RECORD_NAME: Final = "session.sqlite"
"""The file of a session's record, in the folder of its run."""

OUTBOX_NAME: Final = "alerts.sqlite"
"""The file that says what became of a session's alerts, in the same folder."""
