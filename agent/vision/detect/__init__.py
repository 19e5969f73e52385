"""People and vehicles in the regions with motion, by a network."""
