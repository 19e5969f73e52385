"""Areas: administration and CSV import."""
