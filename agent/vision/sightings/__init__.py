"""From tracks to sightings: opened, updated, closed, and which of them alert."""
