"""Benchmarks of the hub's capacity, beside another program in the same run."""
