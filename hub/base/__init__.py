"""What every package of the hub is built on: database, clock, audit log, files, text."""
