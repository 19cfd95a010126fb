"""The indicators of symscan's own, over all symbols at once."""
