"""Cases: members, notes, alerts and footage of one investigation."""
