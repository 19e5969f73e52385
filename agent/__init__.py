"""The node's program: it sees, keeps, and tells the hub."""
