"""The small computer: its sensors, clock, memory."""
