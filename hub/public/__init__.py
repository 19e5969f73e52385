"""Services for people outside the police."""
