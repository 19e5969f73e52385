"""The hub's own certificate authority for nodes."""
