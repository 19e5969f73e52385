"""From a notification owed to a phone that has it."""
