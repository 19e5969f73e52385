"""Search of footage and sightings by place, time and description."""
