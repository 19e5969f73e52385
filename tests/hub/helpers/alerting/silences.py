"""Helpers of the tests of silences, used by more than one module."""

from uuid import UUID, uuid4

from agent.wire.terms import RuleWords
from tests.hub.rigs.streets import Streets


def seen(streets: Streets, *rules: RuleWords) -> UUID | None:
    """Somebody comes and goes; the alert that was raised, if any."""
    streets.clock.pass_s(120)
    sighting_id = uuid4()
    changed = {"rules": rules} if rules else {}
    (filed,) = streets.file(streets.node.opened(sighting_id, **changed))
    streets.clock.pass_s(5)
    streets.file(streets.node.closed(sighting_id))
    return filed.alert_id if filed.fate == "alerted" else None
