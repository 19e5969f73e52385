"""Recording on the node: pre-roll ring, clip writer, clip store."""
