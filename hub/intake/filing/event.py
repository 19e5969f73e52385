"""One event with the hub's names and times, and the plan for filing it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from agent.wire.terms import ClockSource
from hub.base.db.bounds import bigint
from hub.base.moment import Moment
from hub.registry.registry import Origin

Fate = Literal["alerted", "grouped", "silenced", "muted", "late", "noted"]
"""Result for a stored event; a refused event is set aside instead."""


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """One event with resolved names and corrected times."""

    origin: Origin
    spool_id: UUID
    seq: int
    clock_source: ClockSource
    happened: Moment
    shift_us: int
    """Added to a node time to get a hub time; for the other times in the body."""
    age_s: float
    now: Moment

    @property
    def camera_id(self) -> UUID:
        """The camera of the event."""
        if self.origin.camera_id is None:
            raise LookupError("this event concerns no camera")
        return self.origin.camera_id

    def moment(self, utc_us: int) -> Moment:
        """A time of the body as a moment of the hub."""
        return Moment(bigint(utc_us + self.shift_us), self.happened.error_ms)


def _write_nothing(_conn: Connection) -> None:
    pass


@dataclass(frozen=True, slots=True)
class FilingPlan:
    """Fate of an event with its reason, and the writes besides its own row."""

    fate: Fate
    reason: str
    alert_id: UUID | None = None
    write: Callable[[Connection], None] = _write_nothing
