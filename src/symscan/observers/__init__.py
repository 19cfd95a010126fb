"""Who is told what happened: the journal, the run's folder, the terminal."""
