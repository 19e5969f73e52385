"""Notifications: who must get an alert, batching, leasing, text and sending."""
