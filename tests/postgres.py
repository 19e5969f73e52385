"""The PostgreSQL of the tests: the one that the hub's benchmarks run too."""

from hub.bench.postgres import Server, binaries, cluster, server

__all__ = ["Server", "binaries", "cluster", "server"]
