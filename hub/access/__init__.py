"""Who may do what: people, their rights and their scope."""
