"""People, their rights and their scope."""
