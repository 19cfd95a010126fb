"""What commands print: reports, live output, progress."""
