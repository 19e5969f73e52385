"""Alerts and sightings: tables, life cycle, grouping, queries within a scope."""
