"""The words nodes and hub say to each other: topics, messages, bytes."""
