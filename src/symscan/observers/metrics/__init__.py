"""What a live session measures, for Prometheus."""
