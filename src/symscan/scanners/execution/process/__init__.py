"""Scanners in processes of their own: nothing they do with the interpreter delays the session."""
