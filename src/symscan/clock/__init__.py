"""Time: which days are sessions, when scans are due, and the only clocks there are."""
