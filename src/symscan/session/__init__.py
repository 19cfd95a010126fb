"""The state of a running session, the views plug-ins get of it, and their requests."""
