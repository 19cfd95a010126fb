"""TA-Lib's functions as indicators, by name."""
