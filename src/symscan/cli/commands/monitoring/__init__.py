"""Around a live session: alerts that are sent, and metrics that are served."""
