"""The log of a live session in SQLite."""
