"""Values every other layer speaks in: intervals, bars, symbols, specs, events."""
