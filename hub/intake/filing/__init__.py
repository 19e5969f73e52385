"""Files an event: rows, alerts and notifications in one transaction."""
