"""The command that audits scanners."""
