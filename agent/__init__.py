"""The node's program: detects, records and reports to the hub."""
