"""The command `replay`: input is a recording, output its sightings and cost."""
