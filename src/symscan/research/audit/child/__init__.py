"""What runs in the processes of an audit: scanners that nobody trusts yet, over changed stores."""
