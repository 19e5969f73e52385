"""Where the hub's keys are: files of one machine, or sealed in the database of several."""
