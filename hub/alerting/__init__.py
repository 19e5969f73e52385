"""Alerts, from the rule that raises one to the officer who closes it."""
