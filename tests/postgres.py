"""The PostgreSQL of the tests: the one that the hub's benchmarks run too."""

from hub.bench.postgres import binaries, cluster

__all__ = ["binaries", "cluster"]
