"""The hub's clock, and its reaction when the machine's clock is set."""
