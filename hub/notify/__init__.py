"""Delivery of notifications to phones, by channel."""
