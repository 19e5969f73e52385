"""The node's one database: events waiting, footage, counters, in one transaction."""
