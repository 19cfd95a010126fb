"""symscan: a symbol scanner and trading-session engine."""
