"""What a node and the hub say to each other: frozen values, units in the field names.

Reading ignores fields it does not know, so a newer sender may add; a change of meaning raises
`VERSION`. Every time is carried twice: a UTC stamp with its source and error bound, and an age
by the monotonic clock, because a node without a battery clock may boot in 1970.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

VERSION: Final = 1
"""The version this code writes, and the only one it reads."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
UtcMicros = Annotated[int, Field(ge=0, lt=253_402_300_800_000_000)]
"""Microseconds since 1970-01-01 UTC, up to the year 9999."""
Millis = Annotated[int, Field(ge=0, lt=2**53)]
Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]+={0,2}$", max_length=16_384)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Number = Annotated[int, Field(ge=1, lt=2**53)]
"""A place in a spool: counts from 1."""

Count = Annotated[int, Field(ge=0, lt=2**53)]


def _in_order(numbers: tuple[int, int]) -> tuple[int, int]:
    first, last = numbers
    if first > last:
        raise ValueError(f"a range from {first} to {last} holds nothing")
    return numbers


Numbers = Annotated[tuple[Number, Number], AfterValidator(_in_order)]
"""A closed range of places in a spool, its first before its last."""


class Words(BaseModel):
    """The base of all messages: frozen, and tolerant of fields that a newer sender adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ClockSource(StrEnum):
    """Who vouches for the node's UTC clock."""

    NTP = "ntp"
    GPS = "gps"
    RTC = "rtc"
    NONE = "none"


class Stamp(Words):
    """A moment in UTC, who vouches for it, and how far off it may be."""

    utc_us: UtcMicros
    source: ClockSource
    error_ms: Millis | None
    """None: no bound can be given (the clock was never set)."""


class BoxWords(Words):
    """A box in the picture, normalised: (0, 0) is the top left corner, (1, 1) the bottom right."""

    x0: Fraction
    y0: Fraction
    x1: Fraction
    y1: Fraction


class Picture(Words):
    """A picture that waits at the node; the hub fetches nothing, the node brings it by its hash."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(gt=0, le=8 * 2**20)]
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]


class ObjectKind(StrEnum):
    """What the model can tell apart."""

    PERSON = "person"
    BICYCLE = "bicycle"
    MOTORCYCLE = "motorcycle"
    CAR = "car"
    BUS = "bus"
    TRUCK = "truck"


class RuleWords(Words):
    """A rule of the camera that somebody met, in the zone or at the line called `place`."""

    rule: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    """entry, loitering, crossing, after_hours or group; a newer node may know more."""
    place: Name
    seconds: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Of loitering: how long they had stayed."""
    people: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    """Of a group: how many they were."""
    towards: Literal["left", "right"] | None = None
    """Of a crossing: to which side of the line, seen from its start to its end."""


RulesMet = Annotated[tuple[RuleWords, ...], Field(min_length=1, max_length=100)]


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


class SightingClosed(Words):
    """They are gone; said once."""

    kind: Literal["sighting_closed"] = "sighting_closed"
    camera: Name
    sighting_id: UUID
    last_seen_utc_us: UtcMicros
    duration_ms: Millis
    """From the first to the last frame, by the monotonic clock."""


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


class TokenWanted(Words):
    """The node has something to bring and no upload token that still holds."""

    v: Literal[1] = VERSION
    node: Name


class RefusalReason(StrEnum):
    """Why the hub will never store an event, so that the node stops sending it."""

    MALFORMED = "malformed"
    WRONG_VERSION = "wrong_version"
    OVERSIZE = "oversize"
    WRONG_NODE = "wrong_node"
    UNKNOWN_NODE = "unknown_node"
    UNKNOWN_CAMERA = "unknown_camera"
    NUMBER_TAKEN = "number_taken"


class Refusal(Words):
    """One event the hub set aside for good."""

    event_id: UUID
    reason: RefusalReason
    detail: Annotated[str, Field(max_length=500)]


class Receipt(Words):
    """The hub's own word, after its commit: these are stored, those are refused for good."""

    v: Literal[1] = VERSION
    spool_id: UUID
    stored: tuple[UUID, ...]
    refused: tuple[Refusal, ...]
    alerted: tuple[UUID, ...] = Field(default=(), exclude_if=lambda said: not said)
    """Those of `stored` that raised or joined an alert: their footage is an alert's."""


class UploadToken(Words):
    """Leave to bring pictures and clips over HTTPS for a short while."""

    v: Literal[1] = VERSION
    token: Annotated[str, Field(min_length=16, max_length=1000)]
    valid_for_s: Annotated[int, Field(gt=0, le=86_400)]
    """A span, not a date: the node's clock may be wrong."""
    upload_url: Annotated[str, Field(max_length=500)]
    """Where uploads are begun, by tus 1.0.0."""


class Missing(Words):
    """What the hub lacks of a spool: its node says it again, or that it is gone."""

    v: Literal[1] = VERSION
    spool_id: UUID
    ranges: Annotated[tuple[Numbers, ...], Field(max_length=100)]
    """Numbers that came neither themselves nor among the dropped, closed ranges."""
    media: Annotated[tuple[Sha256, ...], Field(max_length=100)]
    """Pictures and clips that were announced and never brought, or lost with a disk."""


class BringMedia(Words):
    """Somebody wants to see these: bring them before what nobody asked for."""

    kind: Literal["bring_media"] = "bring_media"
    sha256s: Annotated[tuple[Sha256, ...], Field(min_length=1, max_length=100)]


class BringSpan(Words):
    """Somebody wants to see what a camera showed: every clip of that span that is still here.

    Those the hub was never told of are announced by a `ClipReady` that may name no sighting. The
    answer is a `MediaAnswered` with the first hundred of them.
    """

    kind: Literal["bring_span"] = "bring_span"
    camera: Name
    from_utc_us: UtcMicros
    until_utc_us: UtcMicros
    with_sound: bool | None = Field(default=None, exclude_if=lambda said: said is None)
    """True: what was heard too, where that is recorded; each in a file of its own."""


class HoldFootage(Words):
    """For a case: nothing may remove these files, nor any clip that shows the camera in that span.

    Also one that is still to come. A later one of the same `hold_id` takes the earlier one's place.
    """

    kind: Literal["hold_footage"] = "hold_footage"
    hold_id: UUID
    case_number: Annotated[str, Field(max_length=100)]
    reason: Annotated[str, Field(max_length=500)]
    camera: Name
    from_utc_us: UtcMicros
    until_utc_us: UtcMicros | None
    """None: whatever comes from then on."""
    sha256s: Annotated[tuple[Sha256, ...], Field(max_length=200)]


class ReleaseFootage(Words):
    """That hold is over; what another one holds stays held."""

    kind: Literal["release_footage"] = "release_footage"
    hold_id: UUID


Wanted = Annotated[
    BringMedia | BringSpan | HoldFootage | ReleaseFootage, Field(discriminator="kind")
]


class Command(Words):
    """The hub wants something done; a repeat, known by `command_id`, changes nothing."""

    v: Literal[1] = VERSION
    command_id: UUID
    body: Wanted


class HubStatus(Words):
    """The hub is at the broker, or its will. Retained; `birth_id` is new at every connection."""

    v: Literal[1] = VERSION
    is_here: bool
    birth_id: UUID
