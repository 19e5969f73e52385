"""The events of a node: what can happen there, and the envelope in which it is told and kept.

What else is said is beside this: the terms that messages are made of (`terms`), who is here
(`presence`), and what the hub says (`answers`).

Reading ignores fields it does not know, so a newer sender may add; a change of meaning raises
`VERSION`. Every time is carried twice: a UTC stamp with its source and error bound, and an age
by the monotonic clock, because a node without a battery clock may boot in 1970.
"""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from agent.wire.terms import (
    VERSION,
    Base64,
    BoxWords,
    Fraction,
    Millis,
    Name,
    Number,
    Numbers,
    ObjectKind,
    Picture,
    RulesMet,
    Sha256,
    Stamp,
    UtcMicros,
    Words,
)


class SightingOpened(Words):
    """Somebody is there: the evidence over several frames was enough."""

    kind: Literal["sighting_opened"] = "sighting_opened"
    camera: Name
    sighting_id: UUID
    object_kind: ObjectKind
    people: Annotated[int, Field(ge=0)]
    """How many confirmed people the camera sees at this moment, this one included."""
    score: Fraction
    """The best detection score so far."""
    box: BoxWords
    first_seen_utc_us: UtcMicros
    """The first frame of the track; the event's stamp is the frame that confirmed it."""
    picture: Picture | None
    rules: RulesMet | None = Field(default=None, exclude_if=lambda said: said is None)
    """Those met by now; left out where there are none."""
    wakes: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """False: outside the camera's alert hours it is recorded and wakes nobody. Left out: it may."""
    is_crowd: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True: it stands for all in a crowd and `people` is about so many. Left out: it does not."""


class SightingUpdated(Words):
    """The same sighting with more to say: more people, a better picture, a rule that was met."""

    kind: Literal["sighting_updated"] = "sighting_updated"
    camera: Name
    sighting_id: UUID
    people: Annotated[int, Field(ge=0)]
    score: Fraction
    box: BoxWords
    picture: Picture | None
    rules: RulesMet | None = Field(default=None, exclude_if=lambda said: said is None)
    """Those met now; left out where there are none."""
    wakes: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True: it woke nobody so far, and now it may. Left out: nothing changes."""
    is_crowd: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True: it stands for all in a crowd and `people` is about so many. Left out: it does not."""


class LeftBy(StrEnum):
    """A side of the picture, or towards the camera, or away from it."""

    LEFT = "left"
    RIGHT = "right"
    TOWARDS = "towards"
    AWAY = "away"


class SightingClosed(Words):
    """They are gone; said once."""

    kind: Literal["sighting_closed"] = "sighting_closed"
    camera: Name
    sighting_id: UUID
    last_seen_utc_us: UtcMicros
    duration_ms: Millis
    """From the first to the last frame, by the monotonic clock."""
    came: BoxWords | None = Field(default=None, exclude_if=lambda said: said is None)
    """Where they were when they were told of;"""
    went: BoxWords | None = Field(default=None, exclude_if=lambda said: said is None)
    """and where they were last. Left out where nobody can say: of a crowd, after a power cut."""
    rode: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """Whether they went on two wheels. Left out where nobody can say."""
    left_by: LeftBy | None = Field(default=None, exclude_if=lambda said: said is None)
    """The side of the picture by which they left it, decided from how they moved last. Left out
    where nobody can say, and by senders older than this."""


class ClipReady(Words):
    """A clip is whole on the node's disk and waits to be brought."""

    kind: Literal["clip_ready"] = "clip_ready"
    camera: Name
    clip_id: UUID
    sighting_ids: Annotated[tuple[UUID, ...], Field(max_length=500)]
    """None where nobody was seen: it was recorded continuously and asked for."""
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    codec: str
    width: Annotated[int, Field(ge=0)]
    height: Annotated[int, Field(ge=0)]
    first_frame_utc_us: UtcMicros
    duration_ms: Millis
    is_sound: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True for a file of sound alone, heard during the clip of that id, whose `first_frame_utc_us`
    and `duration_ms` these are: 0 by 0. Said only where sound was asked for."""
    is_sealed: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True for a clip that carries its node's seal; left out by senders older than seals."""
    from_recorder: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True for what the node fetched from the camera's own recorder, with the recorder's times."""
    beginning: Base64 | None = Field(default=None, exclude_if=lambda said: said is None)
    """The first bytes of the file, for a hub that has them as they were while it was recorded:
    they differ in the length of the clip alone. Left out where the clip was mended."""


class ClipBegun(Words):
    """A clip is being recorded, and what is durable of it can be brought; said again when more
    sightings join it. `ClipReady` or `ClipDropped` of the same id ends it."""

    kind: Literal["clip_begun"] = "clip_begun"
    camera: Name
    clip_id: UUID
    sighting_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)]
    codec: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    first_frame_utc_us: UtcMicros


class ClipDropped(Words):
    """A clip that was begun will not come."""

    kind: Literal["clip_dropped"] = "clip_dropped"
    camera: Name
    clip_id: UUID
    reason: Annotated[str, Field(max_length=500)]


class CameraLost(Words):
    """A camera gives no pictures; `reason` is a sentence for a technician."""

    kind: Literal["camera_lost"] = "camera_lost"
    camera: Name
    reason: Annotated[str, Field(max_length=500)]


class CameraBack(Words):
    """The camera gives pictures again."""

    kind: Literal["camera_back"] = "camera_back"
    camera: Name
    lost_for_ms: Millis


class Tampering(StrEnum):
    """How a camera's view was taken away."""

    COVERED = "covered"
    SPRAYED = "sprayed"
    TURNED = "turned"
    DEFOCUSED = "defocused"
    FROZEN = "frozen"
    TOO_DARK = "too_dark"
    BLINDED = "blinded"
    LAMP_DEAD = "lamp_dead"


class TamperBegan(Words):
    """A camera gives pictures that show nothing, or something else; said once."""

    kind: Literal["tamper_began"] = "tamper_began"
    camera: Name
    tamper_id: UUID
    what: Tampering
    since_utc_us: UtcMicros
    """The first picture of it; the event's stamp is when it had lasted long enough."""


class TamperEnded(Words):
    """It is over; said once."""

    kind: Literal["tamper_ended"] = "tamper_ended"
    camera: Name
    tamper_id: UUID
    what: Tampering
    lasted_ms: Millis
    is_back: bool
    """The view is as it was. False: the camera shows another one, which is usual from now on."""


class NumbersDropped(Words):
    """Sequence numbers that will never come: a bounded outbox was full, or a row was unreadable."""

    kind: Literal["numbers_dropped"] = "numbers_dropped"
    ranges: Annotated[tuple[Numbers, ...], Field(min_length=1, max_length=500)]
    """Closed ranges (first, last) within the event's own spool."""
    reason: Annotated[str, Field(max_length=500)]


class WhyStopped(StrEnum):
    """Why a node records nothing."""

    HELD = "held"
    """What is held for cases fills the disk."""
    ROOM = "room"
    """Files of others fill the disk."""
    FOLDER = "folder"
    """The folder or its disk cannot be used."""


class RecordingStopped(Words):
    """The node keeps no footage any more; alerts go on without it."""

    kind: Literal["recording_stopped"] = "recording_stopped"
    why: WhyStopped
    detail: Annotated[str, Field(max_length=500)]
    """A sentence for a technician, with the cure."""


class RecordingResumed(Words):
    """Footage is kept again."""

    kind: Literal["recording_resumed"] = "recording_resumed"


class MediaAnswered(Words):
    """What comes of a `BringMedia` or a `BringSpan`; said once for each command."""

    kind: Literal["media_answered"] = "media_answered"
    command_id: UUID
    coming: Annotated[tuple[Sha256, ...], Field(max_length=100)]
    """Here, and on their way before what nobody asked for."""
    gone: Annotated[tuple[Sha256, ...], Field(max_length=100)]
    """No longer here."""


class ClockSet(Words):
    """From here on somebody vouches for this boot's clock: the event's stamp and uptime place all
    that the boot said before."""

    kind: Literal["clock_set"] = "clock_set"


class HoldAnswered(Words):
    """A `HoldFootage` or `ReleaseFootage` was carried out; said once for each command."""

    kind: Literal["hold_answered"] = "hold_answered"
    command_id: UUID
    hold_id: UUID
    is_held: bool
    """False: released."""
    files: Annotated[int, Field(ge=0)]
    """So many of the files here it holds now; those still to come are held as well."""


Body = Annotated[
    SightingOpened
    | SightingUpdated
    | SightingClosed
    | ClipReady
    | ClipBegun
    | ClipDropped
    | CameraLost
    | CameraBack
    | TamperBegan
    | TamperEnded
    | NumbersDropped
    | RecordingStopped
    | RecordingResumed
    | MediaAnswered
    | ClockSet
    | HoldAnswered,
    Field(discriminator="kind"),
]


class Event(Words):
    """One thing a node wrote down, with the identity that makes repeats harmless.

    `event_id` is unique for ever (UUIDv7); `seq` counts from 1 without gaps within `spool_id`,
    the id born with the node's outbox file.
    """

    v: Literal[1] = VERSION
    event_id: UUID
    node: Name
    spool_id: UUID
    seq: Number
    boot_id: UUID
    stamp: Stamp
    age_ms: Millis | None
    """How long ago it happened when it was sent, monotonic; None once the node has rebooted."""
    uptime_ms: Millis | None = Field(default=None, exclude_if=lambda said: said is None)
    """How long its boot had lasted when it happened; left out by senders older than this."""
    body: Body
