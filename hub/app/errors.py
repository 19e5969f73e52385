"""The error that keeps the hub from starting: what is wrong, why, and the cure, in one line."""


class StartRefusedError(Exception):
    """The hub refuses to start. The message is the line for the technician; the program ends with
    exit code 78."""
