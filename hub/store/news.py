"""One event as the hub understands it, and the plan that is made of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from agent.wire.terms import ClockSource
from hub.alerts.moment import Moment
from hub.store.bounds import bigint
from hub.store.footage import Origin

Fate = Literal["alerted", "grouped", "silenced", "muted", "late", "noted"]
"""What became of a stored event; one that is refused is set aside instead."""


@dataclass(frozen=True, slots=True)
class News:
    """One event with what the hub has made of its names and times."""

    origin: Origin
    spool_id: UUID
    seq: int
    clock_source: ClockSource
    happened: Moment
    shift_us: int
    """From the node's clock to the hub's, for the other times in the body."""
    age_s: float
    now: Moment

    @property
    def camera_id(self) -> UUID:
        """The camera it speaks of."""
        if self.origin.camera_id is None:
            raise LookupError("these words concern no camera")
        return self.origin.camera_id

    def moment(self, utc_us: int) -> Moment:
        """A time of the body as a moment of the hub."""
        return Moment(bigint(utc_us + self.shift_us), self.happened.error_ms)


def _write_nothing(_conn: Connection) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Plan:
    """An event's fate and the reason, and what is to be written besides its own row."""

    fate: Fate
    reason: str
    alert_id: UUID | None = None
    write: Callable[[Connection], None] = _write_nothing
