"""Teams, rosters and escalation plans: who is on call."""
