"""Events of nodes in order: gaps, and what was set aside."""
