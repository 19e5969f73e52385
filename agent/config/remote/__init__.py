"""Settings that the hub sends: merged, tried, taken back."""
