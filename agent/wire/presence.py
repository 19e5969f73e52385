"""Who is here and how they are: birth, will and health of a node, and the hub's own presence."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from agent.wire.terms import VERSION, Count, Name, Number, Stamp, Words


class CameraWords(Words):
    """A camera as its node describes it at birth."""

    camera: Name
    label: Annotated[str, Field(max_length=200)]
    codec: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    frames_per_s: Annotated[float, Field(gt=0)]
    sound: Annotated[str, Field(max_length=500)] | None = Field(
        default=None, exclude_if=lambda said: said is None
    )
    """Why the camera's owner has its sound recorded too; left out where it is not."""


class Birth(Words):
    """The node is here. Retained; `birth_id` is new at every connection."""

    v: Literal[1] = VERSION
    state: Literal["online"] = "online"
    node: Name
    birth_id: UUID
    boot_id: UUID
    spool_id: UUID
    stamp: Stamp
    software: str
    cameras: tuple[CameraWords, ...]
    last_seq: Number | None = Field(default=None, exclude_if=lambda said: said is None)
    """The highest number this spool has given so far; left out by an empty or an older one."""


class Death(Words):
    """The node is gone: its will, or its own last word. Counts only against its own birth."""

    v: Literal[1] = VERSION
    state: Literal["offline"] = "offline"
    node: Name
    birth_id: UUID


Status = Annotated[Birth | Death, Field(discriminator="state")]


class BoardWords(Words):
    """The small computer itself; null where this board cannot tell."""

    temperature_c: Annotated[float, Field(ge=-100, le=300)] | None
    is_under_voltage: bool | None
    is_throttled: bool | None
    """Slowed down now, for heat or for voltage."""
    was_under_voltage: bool | None
    """At any time since it booted."""
    was_throttled: bool | None
    disk_free_bytes: Count | None
    disk_size_bytes: Count | None
    card_wear_percent: Annotated[int, Field(ge=0, le=110)] | None
    """Of the life its maker gives it, in steps of ten; eMMC alone tells."""


class CameraHealth(Words):
    """What one camera gave since the last time."""

    camera: Name
    frames_per_s: Annotated[float, Field(ge=0, le=100_000)]
    """Frames the eyes looked at."""
    frames_late: Count
    """Frames nobody had time for, since the agent began."""
    is_lost: bool


class Owing(Words):
    """What waits at the node for the hub."""

    alerts: Count
    others: Count
    again: Count
    """At the hub once, and asked for anew."""
    files: Count


class Lost(Words):
    """What never came to the hub since the journal was born, and will not."""

    alerts: Count
    others: Count
    health: Count
    """States of health that a newer one took the place of, since the agent began."""
    set_aside: Count
    """Events refused by the hub or unreadable, of those that are still kept at the node."""


class Health(Words):
    """How a node is, once a minute: no event, without a number, and void once a newer one comes."""

    v: Literal[1] = VERSION
    node: Name
    boot_id: UUID
    spool_id: UUID
    birth_id: UUID | None = Field(default=None, exclude_if=lambda said: said is None)
    """The connection it is said on; so a hub that missed the birth knows that the node is here."""
    last_seq: Annotated[int, Field(ge=0, lt=2**53)]
    """The highest number given so far; 0 while there is none."""
    stamp: Stamp
    uptime_s: Count
    board: BoardWords
    cameras: Annotated[tuple[CameraHealth, ...], Field(max_length=64)]
    owing: Owing
    lost: Lost


class HubStatus(Words):
    """The hub is at the broker, or its will. Retained; `birth_id` is new at every connection."""

    v: Literal[1] = VERSION
    is_here: bool
    birth_id: UUID
