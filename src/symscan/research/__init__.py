"""What is called from Python: run, open and read runs; scan once; read bars; follow a live session."""
