"""The hub's clock, and what happens when it is set."""
