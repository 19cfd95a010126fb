"""Whether scanners are honest: played again with the future, the clock, the order and their files changed."""
