"""What pages show, made of a run's tables: of nothing later than an instant, where one is given."""
