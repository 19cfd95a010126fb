"""Paper accounts: fill the orders of strategies."""
