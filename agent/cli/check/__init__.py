"""The command `check`: one module for each thing that a start needs."""
