"""Reports by day, week and month."""
