"""A checked configuration and its ports, wired to a session."""
