"""Scanners: what finds symbols, and what loads, schedules and runs it."""
