"""Escalation: how far an alert is in the plan that calls one person after the other."""
