"""State of the small computer: sensors, clock, memory."""
