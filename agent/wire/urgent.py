"""What goes before everything else: words that may wake people."""

from agent.wire.messages import Body, SightingOpened, SightingUpdated


def is_urgent(body: Body) -> bool:
    """A sighting that opens, and one that met a rule or wakes people only now."""
    match body:
        case SightingOpened():
            return True
        case SightingUpdated():
            return body.rules is not None or body.wakes is True
        case _:
            return False
