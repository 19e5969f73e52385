"""Read models of the audit log."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LogLine:
    """One act: actor, act, object, time, address. It shows no footage."""

    at_utc_us: int
    who: str | None
    """Name of a person or node; None: the hub itself, or the keeper's shell."""
    person_id: UUID | None
    role: str
    act: str
    object_kind: str
    object_name: str
    """A camera's label, a person's name ...; empty without a name."""
    object_utc_us: int | None
    """Recording time of the footage that was viewed."""
    detail: str
    """Prose that an older hub wrote; empty in lines of today."""
    data: str
    """JSON of today's detail (`hub.base.audit.detail`), or empty."""
    came_from: str


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """Filter of the log; newest lines first, from before a line already shown."""

    person_id: UUID | None = None
    only_looks: bool = False
    """Only views of footage, alerts and live pictures, and refusals of these."""
    until_utc_us: int | None = None
    before: UUID | None = None
    with_refreshes: bool = False
    """True to show automatic refreshes of open pages too; see `service.REFRESHES`."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of the log, and the cursor of the next page."""

    lines: tuple[LogLine, ...]
    before: UUID | None
    """Cursor of the next page; None: no more lines."""
    people: tuple[tuple[UUID, str], ...]
    """All people the log can be filtered by, sorted by name."""
    why: tuple[str, ...]
    """With a filter for one person: the reasons of their grants."""
