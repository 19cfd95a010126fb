"""Alpaca: its feed, its history, and what both need of its official client (``symscan[alpaca]``)."""
