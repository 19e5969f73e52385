"""Helpers of the tests of undo, used by more than one module."""

from uuid import UUID

from hub.alerting.notifications import leasing, outcomes
from hub.notify.rules.delivery_result import Delivered
from tests.hub.rigs.streets import Streets


def raised(streets: Streets) -> UUID:
    (filed,) = streets.file(streets.node.opened())
    assert filed.alert_id is not None
    deliver(streets)
    return filed.alert_id


def deliver(streets: Streets) -> list[tuple[str, str]]:
    """Moment and login of every message sent now."""
    now, sent = streets.clock.now(), []
    with streets.db.writing() as conn:
        while claimed := leasing.claim(conn, worker="w", now=now, lease_s=30, limit=50):
            for one in claimed:
                outcomes.record(conn, one, Delivered(201), started=now, now=now)
                sent.append((one.moment, one.phone.address.rpartition("/")[2]))
    return sorted(sent)
