"""Read models of the service: plain values, already limited to what the asker may see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from hub.alerts.alert import Act
from hub.alerts.neighbours import Near
from hub.alerts.rules import Rules
from hub.store.audit import By


@dataclass(frozen=True, slots=True)
class Asker:
    """A signed-in person; every call to the service names one."""

    person_id: UUID
    login: str
    name: str
    role: str
    language: str
    came_from: str
    """The network address, for the audit."""

    @property
    def by(self) -> By:
        """Whose act it is, for the audit."""
        return By(person_id=self.person_id, came_from=self.came_from)


@dataclass(frozen=True, slots=True)
class NextCall:
    """The next escalation call of an open alert if nobody takes it."""

    who: str
    """A team's or person's name; empty: everybody entitled."""
    due_utc_us: int | None
    """None: all its calls were made."""
    is_again: bool
    """The plan has started again."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert in a list. Times are UTC microseconds."""

    alert_id: UUID
    camera_id: UUID
    camera_label: str
    """For a silent node, its name; empty if the alert concerns several cameras."""
    place: str
    """The areas from the camera's own upward: "Ngã tư 1, Tân Khai"."""
    kind: str
    state: str
    people: int
    """The most people seen at once; for a trouble, the number of cameras or nodes still down."""
    began_utc_us: int
    confirmed_utc_us: int
    last_seen_utc_us: int
    raised_utc_us: int
    error_ms: int | None
    """Maximum error of began, confirmed and last_seen; None: the clock is not verified."""
    clock_source: str
    picture_id: UUID | None
    clip_id: UUID | None
    """None also if the asker may not play clips."""
    taken_by: UUID | None
    taken_by_name: str | None
    taken_utc_us: int | None
    closed_by: UUID | None
    closed_by_name: str | None
    closed_utc_us: int | None
    revision: int
    over_utc_us: int | None = None
    """Time when the tampered view was restored; None: not yet, or not a tampering."""
    rules: Rules = ()
    """The camera rules that were met."""
    next_call: NextCall | None = None
    """Set for an open alert with an escalation plan."""
    offered_to: UUID | None = None
    """Receiver of a hand-over not taken yet; with their name, and its time."""
    offered_to_name: str | None = None
    offered_utc_us: int | None = None
    arrived_utc_us: int | None = None
    """Time when its holder reported arrival at the place."""
    false_cause: str | None = None
    """Cause of a false alarm, one of `hub.alerts.alert.CAUSES`."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Open and recently handled alerts, newest first; `cursor`: start of later changes."""

    open: list[AlertRow]
    handled: list[AlertRow]
    cursor: int


@dataclass(frozen=True, slots=True)
class SightingRow:
    """One sighting of an alert; the box is normalised to the picture."""

    sighting_id: UUID
    object_kind: str
    people: int
    score: float
    x0: float
    y0: float
    x1: float
    y1: float
    first_seen_utc_us: int
    confirmed_utc_us: int
    last_seen_utc_us: int
    closed_utc_us: int | None


@dataclass(frozen=True, slots=True)
class Removed:
    """Reason why the hub no longer has a file: `why` is rule, full (the disk was full), lost or
    asked."""

    why: str
    at_utc_us: int
    keep_days: int | None = None
    """From the retention rule, like its area (None: everywhere) and its reason."""
    area: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GrowingRow:
    """An incomplete clip of an alert; a part of it may be playable."""

    clip_id: UUID
    codec: str
    width: int
    height: int
    first_frame_utc_us: int
    is_dropped: bool
    grew_utc_us: int | None = None
    """Time of its last received bytes; None: nothing received."""


@dataclass(frozen=True, slots=True)
class WishRow:
    """A person's request to a node for a file."""

    person_name: str
    asked_utc_us: int
    answer: str | None
    """coming, gone; None while the node has not answered."""
    answered_utc_us: int | None


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A picture or clip of an alert; `is_stored` is False while only the node has it."""

    media_id: UUID
    kind: str
    codec: str
    width: int
    height: int
    size_bytes: int
    first_frame_utc_us: int
    duration_ms: int
    is_stored: bool
    removed: Removed | None = None
    wish: WishRow | None = None
    from_recorder: bool = False
    """Whether its node got it from the camera's own recorder."""
    is_remains: bool = False
    """Whether it was salvaged from an unfinished clip after its node fell silent."""
    error_ms: int | None = None
    """Maximum error of its first frame's time; None: not verified."""


@dataclass(frozen=True, slots=True)
class AskedSpan:
    """A span requested from the camera's node; `files` is None until the node answers."""

    from_utc_us: int
    until_utc_us: int
    reason: str
    person_name: str | None
    """None: requested by a command at the hub."""
    asked_utc_us: int
    files: int | None
    with_sound: bool = False


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One step in an alert's life; `who` is None for acts of the hub itself."""

    act: str
    who: str | None
    at_utc_us: int
    detail: str


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A notification to one person over one channel, and its result."""

    person_name: str
    channel: str
    phone_label: str
    moment: str
    state: str
    reason: str
    owed_utc_us: int
    answered_utc_us: int | None
    shown_utc_us: int | None
    opened_utc_us: int | None
    acknowledged_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class SeenCamera:
    """A camera this person may see; `state` is well, lost, offline or never."""

    camera_id: UUID
    label: str
    place: str
    state: str
    since_utc_us: int
    latitude_deg: float | None
    longitude_deg: float | None
    open_alerts: int


@dataclass(frozen=True, slots=True)
class AlertPage:
    """All about one alert."""

    row: AlertRow
    allowed: tuple[Act, ...]
    """Acts of this asker that would have an effect."""
    may_play: bool
    """Whether the asker may play clips; if not, `media` has pictures only."""
    sightings: list[SightingRow]
    media: list[MediaRow]
    history: list[HistoryRow]
    told: list[ToldRow]
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    """Camera position, if recorded; for the phone's map."""
    is_node_here: bool = True
    """Whether the camera's node is online."""
    growing: tuple[GrowingRow, ...] = ()
    """Incomplete clips, earliest first; empty if the asker may not play clips."""
    sound: str | None = None
    """Reason for the camera's sound recording; None: no sound is recorded."""
    asked: tuple[AskedSpan, ...] = ()
    """Span requests of its camera for the time of the clips; empty if the asker may not play
    clips."""
    seen_utc_us: int = 0
    """Time of the request for the page, by the hub's clock."""
    colleagues: tuple[tuple[UUID, str], ...] = ()
    """People the asker may hand it over to, by name; empty unless the asker has taken it."""
    may_arrive: bool = False
    """Whether the asker has taken it and has not reported arrival."""
    near: tuple[tuple[SeenCamera, Near], ...] = ()
    """Nearby cameras the asker may see, each with its distance."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another person was first; `row` is the alert's current state."""

    row: AlertRow
    held_by_name: str | None


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """A file the asker may read."""

    media_id: UUID
    kind: str
    read: Callable[[int, int], Iterator[bytes]]
    """Reads a range (first byte, length) in pieces; hides where the store keeps the bytes."""
    media_type: str
    """image/jpeg or video/mp4."""
    size_bytes: int
    sha256: str
    """Differs for different bytes: a copy has its original's hash with a suffix."""


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert has changed; fetch its row again."""

    cursor: int
    alert_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A phone or browser of a person for notifications."""

    phone_id: UUID
    channel: str
    label: str
    created_utc_us: int
    gone_utc_us: int | None
    gone_reason: str | None
    heard_utc_us: int | None = None
    """Time of its last receipt for a displayed push."""
