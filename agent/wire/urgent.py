"""Decides which messages are sent before all others: those that may wake people."""

from agent.wire.messages import Body, RecordingStopped, SightingOpened, SightingUpdated


def is_urgent(body: Body) -> bool:
    """True for a sighting that opens, for an update that met a rule or alerts people only now, and
    for a node that stores no footage any more."""
    match body:
        case SightingOpened() | RecordingStopped():
            return True
        case SightingUpdated():
            return body.rules is not None or body.wakes is True
        case _:
            return False
