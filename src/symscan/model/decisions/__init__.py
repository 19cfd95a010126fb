"""What a scan decides of each symbol: its verdict, and the clauses by which."""
