"""Events become rows, alerts and notifications owed, all on the caller's one transaction."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from agent.wire.messages import Event, Refusal, RefusalReason
from hub.alerts.moment import Moment
from hub.alerts.routing import Policy


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of one event: stored (now or before), or refused for good."""

    event_id: UUID
    is_stored: bool
    is_repeat: bool = False
    fate: str = ""
    """alerted, grouped, late or noted; empty for a repeat or a refusal."""
    alert_id: UUID | None = None
    refusal: Refusal | None = None


class Filing:
    """Files events for one intake thread; remembers the ids of nodes and cameras."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def file_event(self, conn: Connection, event: Event, *, now: Moment) -> Filed:
        """File one event; a repeat changes nothing and is answered as stored."""
        raise NotImplementedError


def set_aside(
    conn: Connection,
    *,
    topic: str,
    payload: bytes,
    reason: RefusalReason,
    detail: str,
    node_name: str | None,
    event_id: UUID | None,
    now: Moment,
) -> None:
    """Keep the first 64 KiB of a message that cannot be filed, with the reason."""
    raise NotImplementedError
