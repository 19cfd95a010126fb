"""Scanners that come with symscan; they use only what a scanner of your own may use."""
