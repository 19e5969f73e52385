"""Wire contract between nodes and hub: topics, messages, encoding."""
