"""What an audit plays: the sessions and scans it looks at, and what it changes for each check."""
