"""Phones: subscriptions, test messages and heartbeats."""
