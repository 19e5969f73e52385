"""Files that the hub keeps: the clip store and uploads under way."""
