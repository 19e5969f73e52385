"""Escalation: the next person is called when nobody acknowledges."""
