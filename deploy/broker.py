"""The Mosquitto of tests and of the demonstration: the one that the hub's benchmarks run too."""

from hub.bench.broker import BINARY, HOST, SHUT_OUT, Broker, configuration, free_port, unprivileged

__all__ = ["BINARY", "HOST", "SHUT_OUT", "Broker", "configuration", "free_port", "unprivileged"]
