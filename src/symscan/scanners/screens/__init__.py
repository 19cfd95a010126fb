"""Scanners that are one expression."""
