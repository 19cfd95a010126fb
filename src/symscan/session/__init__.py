"""The state of a running session, the views plug-ins get of it, and what they may ask for."""
