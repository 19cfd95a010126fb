"""Plug-ins: finding, importing and making them, and describing their errors."""
