"""Benchmarks of detection: input is a recording, output its sightings and cost."""
