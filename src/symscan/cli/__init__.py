"""The commands. Heavy imports happen inside the command that needs them: help must answer at once."""

from symscan.cli.commands import app, main

__all__ = ["app", "main"]
