"""Event numbers of nodes: gaps in them, and messages that were set aside."""
