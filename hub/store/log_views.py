"""What the door hands to those who read the log."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LogLine:
    """One act: who did what to what, when, from where. It shows no footage."""

    at_utc_us: int
    who: str | None
    """A person's or a node's name; None: the hub itself, or the keeper's shell."""
    person_id: UUID | None
    role: str
    act: str
    object_kind: str
    object_name: str
    """A camera's label, a person's name ...; empty where it has none."""
    object_utc_us: int | None
    """When what was looked at was recorded."""
    detail: str
    came_from: str


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """What of the log is asked for; the newest first, before a line that was shown already."""

    person_id: UUID | None = None
    only_looks: bool = False
    """At footage, alerts and live pictures, and what was refused of that."""
    until_utc_us: int | None = None
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of the log, and where to go on."""

    lines: tuple[LogLine, ...]
    before: UUID | None
    """None: there are no more."""
    people: tuple[tuple[UUID, str], ...]
    """Everybody who can be asked for, by name."""
    why: tuple[str, ...]
    """For what the one person who was asked for may look: the reasons of their grants."""
