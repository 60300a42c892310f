"""A matrix of runs: every method on every model and task, from every seed, to one table."""
