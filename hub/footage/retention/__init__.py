"""Retention: rules, holds and proven deletion of footage."""
