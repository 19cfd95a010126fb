"""The generated market of ``symscan demo``."""
