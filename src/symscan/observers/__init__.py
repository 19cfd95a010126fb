"""Observers of a session's events: the journal, the run's folder, the terminal."""
