"""Areas, nodes and cameras: tables, names, positions."""
