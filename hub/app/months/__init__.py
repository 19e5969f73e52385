"""Events and sightings by month, on PostgreSQL."""
