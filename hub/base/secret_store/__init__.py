"""The hub's keys: files of one machine, or sealed in the database of several."""
