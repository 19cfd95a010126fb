"""``symscan alerts``."""
