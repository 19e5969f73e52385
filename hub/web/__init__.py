"""Pages, uploads of nodes, and live events for officers."""
