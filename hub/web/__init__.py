"""Pages, the nodes' upload door, and live events for officers."""
