"""Notifications: who is owed an alert, batching, leasing, text and sending."""
