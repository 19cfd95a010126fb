"""A stored day as a live feed, with faults on request."""
