"""What the node owes the hub, and how it is handed over."""
