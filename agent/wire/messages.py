"""Events of a node, and the envelope they are sent and stored in.

Elsewhere: common terms (`terms`), descriptions (`description`), presence (`presence`), messages of
the hub (`answers`), settings (`settings`), programs (`programs`), enrolment (`enrolment`).

Unknown fields are ignored, so a newer sender can add fields; a change of meaning raises `VERSION`.
Every time is sent twice: a UTC stamp with its source and error, and an age by the monotonic clock,
because a node without a battery clock may boot in 1970.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from agent.wire.description import DescriptionWords
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

FILES_ANSWERED: Final = 100
"""Most files that one `MediaAnswered` names."""


class SightingOpened(Words):
    """A sighting begins: the evidence of several frames was enough."""

    kind: Literal["sighting_opened"] = "sighting_opened"
    camera: Name
    sighting_id: UUID
    object_kind: ObjectKind
    people: Annotated[int, Field(ge=0)]
    """Confirmed people in view at this moment, this one included."""
    score: Fraction
    """Best detection score so far."""
    box: BoxWords
    first_seen_utc_us: UtcMicros
    """First frame of the track; the event's stamp is the frame that confirmed it."""
    picture: Picture | None
    rules: RulesMet | None = Field(default=None, exclude_if=lambda value: value is None)
    """Rules met so far; left out if none."""
    wakes: bool | None = Field(default=None, exclude_if=lambda value: value is None)
    """False: outside the camera's alert hours; recorded, no phone rings. Left out: a phone may
    ring."""
    is_crowd: bool | None = Field(default=None, exclude_if=lambda value: value is None)
    """True: a whole crowd, and `people` is an estimate. Left out: not a crowd."""


class SightingUpdated(Words):
    """The sighting has changed: more people, a better picture, a rule met."""

    kind: Literal["sighting_updated"] = "sighting_updated"
    camera: Name
    sighting_id: UUID
    people: Annotated[int, Field(ge=0)]
    score: Fraction
    box: BoxWords
    picture: Picture | None
    rules: RulesMet | None = Field(default=None, exclude_if=lambda value: value is None)
    """Rules met now; left out if none."""
    wakes: bool | None = Field(default=None, exclude_if=lambda value: value is None)
    """True: so far only recorded (outside alert hours); from now on a phone may ring. Left out: no
    change."""
    is_crowd: bool | None = Field(default=None, exclude_if=lambda value: value is None)
    """True: a whole crowd, and `people` is an estimate. Left out: not a crowd."""


class LeftBy(StrEnum):
    """Side of the picture, or towards the camera, or away from it."""

    LEFT = "left"
    RIGHT = "right"
    TOWARDS = "towards"
    AWAY = "away"


class SightingClosed(Words):
    """The sighting has ended; sent once."""

    kind: Literal["sighting_closed"] = "sighting_closed"
    camera: Name
    sighting_id: UUID
    last_seen_utc_us: UtcMicros
    duration_ms: Millis
    """From the first to the last frame, by the monotonic clock."""
    came: BoxWords | None = Field(default=None, exclude_if=lambda value: value is None)
    """Box at the beginning of the sighting. Left out if unknown: for a crowd, or after a power
    cut."""
    went: BoxWords | None = Field(default=None, exclude_if=lambda value: value is None)
    """Box at the end of the sighting. Left out as `came` is."""
    rode: bool | None = Field(default=None, exclude_if=lambda value: value is None)
    """True if they rode a two-wheeler. Left out if unknown."""
    left_by: LeftBy | None = Field(default=None, exclude_if=lambda value: value is None)
    """Side of the picture by which they left, from their last movement. Left out if unknown, and by
    older senders."""
    description: DescriptionWords | None = Field(
        default=None, exclude_if=lambda value: value is None
    )
    """Colours and kinds in words. Left out if nothing is known: for a crowd, after a power cut, and
    by older senders."""


class ClipReady(Words):
    """A clip is complete on the node's disk and waits for its upload."""

    kind: Literal["clip_ready"] = "clip_ready"
    camera: Name
    clip_id: UUID
    sighting_ids: Annotated[tuple[UUID, ...], Field(max_length=500)]
    """Empty for a requested part of the continuous recording."""
    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0)]
    codec: str
    width: Annotated[int, Field(ge=0)]
    height: Annotated[int, Field(ge=0)]
    first_frame_utc_us: UtcMicros
    duration_ms: Millis
    is_sound: bool | None = Field(default=None, exclude_if=lambda value: value is None)
    """True for a file with sound only, recorded with the clip of that id; `first_frame_utc_us` and
    `duration_ms` are the clip's, and width and height are 0. Sent only if sound was requested."""
    is_sealed: bool | None = Field(default=None, exclude_if=lambda value: value is None)
    """True for a clip with its node's seal; left out by senders older than seals."""
    from_recorder: bool | None = Field(default=None, exclude_if=lambda value: value is None)
    """True for footage fetched from the camera's own recorder, with the recorder's times."""
    beginning: Base64 | None = Field(default=None, exclude_if=lambda value: value is None)
    """First bytes of the final file, for a hub that already has the bytes sent during recording:
    only the length of the clip in them differs. Left out if the clip was repaired."""


class ClipBegun(Words):
    """A clip is being recorded, and its durable part can be uploaded; sent again when more
    sightings join it. `ClipReady` or `ClipDropped` with the same id ends it."""

    kind: Literal["clip_begun"] = "clip_begun"
    camera: Name
    clip_id: UUID
    sighting_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)]
    codec: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    first_frame_utc_us: UtcMicros


class ClipDropped(Words):
    """An announced clip will not come."""

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
    """Kind of tampering with a camera's view."""

    COVERED = "covered"
    SPRAYED = "sprayed"
    TURNED = "turned"
    DEFOCUSED = "defocused"
    FROZEN = "frozen"
    TOO_DARK = "too_dark"
    BLINDED = "blinded"
    LAMP_DEAD = "lamp_dead"


class TamperBegan(Words):
    """The camera's pictures show nothing, or another view; sent once."""

    kind: Literal["tamper_began"] = "tamper_began"
    camera: Name
    tamper_id: UUID
    what: Tampering
    since_utc_us: UtcMicros
    """First picture with the tampering; the event's stamp is when it had lasted long enough to be
    reported."""


class TamperEnded(Words):
    """The tampering has ended; sent once."""

    kind: Literal["tamper_ended"] = "tamper_ended"
    camera: Name
    tamper_id: UUID
    what: Tampering
    lasted_ms: Millis
    is_back: bool
    """True: the view is as before. False: the camera has a new view, accepted from now on."""


class NumbersDropped(Words):
    """Sequence numbers that will never come: the journal was full, a row was unreadable, or the
    node no longer has the event."""

    kind: Literal["numbers_dropped"] = "numbers_dropped"
    ranges: Annotated[tuple[Numbers, ...], Field(min_length=1, max_length=500)]
    """Closed ranges (first, last) within the event's own spool."""
    reason: Annotated[str, Field(max_length=500)]


class WhyStopped(StrEnum):
    """Why a node records nothing."""

    HELD = "held"
    """Held footage fills the disk."""
    ROOM = "room"
    """Other files fill the disk."""
    FOLDER = "folder"
    """The folder or its disk is unusable."""


class RecordingStopped(Words):
    """The node stores no footage any more; alerts go on without it."""

    kind: Literal["recording_stopped"] = "recording_stopped"
    why: WhyStopped
    detail: Annotated[str, Field(max_length=500)]
    """A sentence for a technician, with the cure."""


class RecordingResumed(Words):
    """The node stores footage again."""

    kind: Literal["recording_resumed"] = "recording_resumed"


class MediaAnswered(Words):
    """Result of a `BringMedia` or a `BringSpan`; sent once per command."""

    kind: Literal["media_answered"] = "media_answered"
    command_id: UUID
    coming: Annotated[tuple[Sha256, ...], Field(max_length=FILES_ANSWERED)]
    """Files that the node has; uploaded before files that nobody requested."""
    gone: Annotated[tuple[Sha256, ...], Field(max_length=FILES_ANSWERED)]
    """Files that the node no longer has."""


class ClockSet(Words):
    """From here on this boot's clock is trusted: from the event's stamp and uptime the hub computes
    the times of all earlier events of this boot."""

    kind: Literal["clock_set"] = "clock_set"


class HoldAnswered(Words):
    """A `HoldFootage` or `ReleaseFootage` was carried out; sent once per command."""

    kind: Literal["hold_answered"] = "hold_answered"
    command_id: UUID
    hold_id: UUID
    is_held: bool
    """False: released."""
    files: Annotated[int, Field(ge=0)]
    """Number of files on the node under this hold now; files recorded later in its span are held as
    well."""


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
    """One event, with the identity that makes repetitions harmless.

    `event_id` is unique for ever (UUIDv7). `seq` counts from 1 without gaps within `spool_id`, the
    id created with the node's journal file.
    """

    v: Literal[1] = VERSION
    event_id: UUID
    node: Name
    spool_id: UUID
    seq: Number
    boot_id: UUID
    stamp: Stamp
    age_ms: Millis | None
    """Age when sent, by the monotonic clock; None after a reboot of the node."""
    uptime_ms: Millis | None = Field(default=None, exclude_if=lambda value: value is None)
    """Uptime of its boot at the event; left out by older senders."""
    body: Body
