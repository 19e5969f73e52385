"""Presence and health: birth, will and health of a node, and the hub's own presence."""

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
    """Reason of the camera's owner for recording sound; left out without sound."""


class Birth(Words):
    """The node is online. Retained; `birth_id` is new at every connection."""

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
    """Highest number of this spool so far; left out if there is none, and by older senders."""


class Death(Words):
    """The node is offline: its will, or its own last message. Applies only to its own birth."""

    v: Literal[1] = VERSION
    state: Literal["offline"] = "offline"
    node: Name
    birth_id: UUID


Status = Annotated[Birth | Death, Field(discriminator="state")]


class BoardWords(Words):
    """The small computer itself; null if this board cannot tell."""

    temperature_c: Annotated[float, Field(ge=-100, le=300)] | None
    is_under_voltage: bool | None
    is_throttled: bool | None
    """Slowed down now, for heat or low voltage."""
    was_under_voltage: bool | None
    """At any time since boot."""
    was_throttled: bool | None
    disk_free_bytes: Count | None
    disk_size_bytes: Count | None
    card_wear_percent: Annotated[int, Field(ge=0, le=110)] | None
    """Share of its rated life, in steps of ten; only eMMC tells."""


class CameraHealth(Words):
    """Numbers of one camera since the last health message."""

    camera: Name
    frames_per_s: Annotated[float, Field(ge=0, le=100_000)]
    """Frames analysed."""
    frames_late: Count
    """Frames skipped for lack of time, since the agent started."""
    is_lost: bool


class Owing(Words):
    """Queue of the node for the hub."""

    alerts: Count
    others: Count
    again: Count
    """At the hub before, and requested again."""
    files: Count


class Lost(Words):
    """Losses since the journal was created: these never reach the hub."""

    alerts: Count
    others: Count
    health: Count
    """Health messages replaced by a newer one, since the agent started."""
    set_aside: Count
    """Events refused by the hub or unreadable, and still stored at the node."""


class Health(Words):
    """Health of a node, once a minute: not an event, without a number, replaced by the next."""

    v: Literal[1] = VERSION
    node: Name
    boot_id: UUID
    spool_id: UUID
    birth_id: UUID | None = Field(default=None, exclude_if=lambda said: said is None)
    """The connection it is sent on, so that a hub that missed the birth knows the node is
    online."""
    last_seq: Annotated[int, Field(ge=0, lt=2**53)]
    """Highest number so far; 0 if none."""
    stamp: Stamp
    uptime_s: Count
    board: BoardWords
    cameras: Annotated[tuple[CameraHealth, ...], Field(max_length=64)]
    owing: Owing
    lost: Lost


class HubStatus(Words):
    """The hub is online, or its will. Retained; `birth_id` is new at every connection."""

    v: Literal[1] = VERSION
    is_here: bool
    birth_id: UUID
