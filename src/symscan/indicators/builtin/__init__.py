"""The built-in indicators, over all symbols at once."""
