"""What goes before everything else: words that may wake people."""

from agent.wire.messages import Body, RecordingStopped, SightingOpened, SightingUpdated


def is_urgent(body: Body) -> bool:
    """A sighting that opens, one that met a rule or wakes people only now, and a node that keeps no
    footage any more."""
    match body:
        case SightingOpened() | RecordingStopped():
            return True
        case SightingUpdated():
            return body.rules is not None or body.wakes is True
        case _:
            return False
