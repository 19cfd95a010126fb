"""What each scan of a session decided of each symbol, and by which clauses."""
