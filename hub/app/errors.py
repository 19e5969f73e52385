"""The hub does not start: what, why, and the cure, in one line."""


class StartRefusedError(Exception):
    """Its text is the line for the technician; the program ends with exit code 78."""
