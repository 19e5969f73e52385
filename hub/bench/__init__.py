"""Benchmarks: what the hub can carry, beside another program in the same run."""
