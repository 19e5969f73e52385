"""What the door hands out: plain values, already cut to what the asker may see."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from hub.alerts.alert import Act
from hub.alerts.neighbours import Near
from hub.alerts.rules import Rules


@dataclass(frozen=True, slots=True)
class Asker:
    """A signed-in person, as every question to the door names them."""

    person_id: UUID
    login: str
    name: str
    role: str
    language: str
    came_from: str
    """The network address, for the audit."""


@dataclass(frozen=True, slots=True)
class NextCall:
    """Whom an open alert calls next if nobody takes it."""

    who: str
    """A team's or a person's name; empty: everybody who may know."""
    due_utc_us: int | None
    """None: all its calls were made."""
    is_again: bool
    """The plan has begun again."""


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert as a list shows it. Times are UTC microseconds."""

    alert_id: UUID
    camera_id: UUID
    camera_label: str
    """Of a silent node its name; empty where the alert is of no one camera."""
    place: str
    """The areas from the camera's own upward: "Ngã tư 1, Tân Khai"."""
    kind: str
    state: str
    people: int
    """The most people seen at once; of a trouble, how many cameras or nodes are still dark."""
    began_utc_us: int
    confirmed_utc_us: int
    last_seen_utc_us: int
    raised_utc_us: int
    error_ms: int | None
    """How far off began, confirmed and last_seen may be; None: nobody vouches for the clock."""
    clock_source: str
    picture_id: UUID | None
    clip_id: UUID | None
    """None also when the asker may not play clips."""
    taken_by: UUID | None
    taken_by_name: str | None
    taken_utc_us: int | None
    closed_by: UUID | None
    closed_by_name: str | None
    closed_utc_us: int | None
    revision: int
    over_utc_us: int | None = None
    """When the view that was taken away was back; None: not yet, or it is about people."""
    rules: Rules = ()
    """What of its camera's rules was met."""
    next_call: NextCall | None = None
    """Of an open alert that follows a plan."""
    offered_to: UUID | None = None
    """Whom its holder hands it to, who has not taken it yet; with their name, and since when."""
    offered_to_name: str | None = None
    offered_utc_us: int | None = None
    arrived_utc_us: int | None = None
    """When its holder said that they are at the place."""
    false_cause: str | None = None
    """Of a false alarm: what it was, of `hub.alerts.alert.CAUSES`."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """Open alerts and those handled lately, newest first; `cursor` is where changes go on."""

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
    """Why the hub has a file no longer: `why` is rule, full (the disk was) or lost."""

    why: str
    at_utc_us: int
    keep_days: int | None = None
    """Of the rule, like its area (None: everywhere) and its reason."""
    area: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GrowingRow:
    """A clip of an alert that is not whole yet; there may be something of it to see."""

    clip_id: UUID
    codec: str
    width: int
    height: int
    first_frame_utc_us: int
    is_dropped: bool
    grew_utc_us: int | None = None
    """When something of it came last; None while nothing did."""


@dataclass(frozen=True, slots=True)
class WishRow:
    """Somebody asked a node for a file."""

    person_name: str
    asked_utc_us: int
    answer: str | None
    """coming, gone; None while the node has not answered."""
    answered_utc_us: int | None


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A picture or clip of an alert; `is_stored` is False while the node still has it."""

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
    """Whether its node fetched it from the camera's own recorder."""
    is_remains: bool = False
    """Whether it is what was left of a clip when its node fell silent."""
    error_ms: int | None = None
    """Of its first frame's stamp; None where nobody vouches for it."""


@dataclass(frozen=True, slots=True)
class AskedSpan:
    """A span that somebody asked the camera's node for; `files` None until the node answers."""

    from_utc_us: int
    until_utc_us: int
    reason: str
    person_name: str | None
    """None where it was asked by a command at the hub."""
    asked_utc_us: int
    files: int | None
    with_sound: bool = False


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One step in an alert's life; `who` is None for what the hub did by itself."""

    act: str
    who: str | None
    at_utc_us: int
    detail: str


@dataclass(frozen=True, slots=True)
class ToldRow:
    """What one person was told over one channel, and what came of it."""

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
    """The acts of this asker that would change something."""
    may_play: bool
    """Whether the asker may play clips; if not, `media` holds pictures only."""
    sightings: list[SightingRow]
    media: list[MediaRow]
    history: list[HistoryRow]
    told: list[ToldRow]
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    """Where the camera is, if that was noted: for the phone's own map."""
    is_node_here: bool = True
    """Whether the camera's node is heard."""
    growing: tuple[GrowingRow, ...] = ()
    """Clips that are not whole yet, the earliest first; none for who may not play clips."""
    sound: str | None = None
    """Why the camera's sound is recorded too; None where it is not."""
    asked: tuple[AskedSpan, ...] = ()
    """What was asked of its camera of the time that the clips show; none for who may not play."""
    seen_utc_us: int = 0
    """When the page was asked for, by the hub's clock."""
    colleagues: tuple[tuple[UUID, str], ...] = ()
    """To whom the asker may hand it over, by name; none unless they have it."""
    may_arrive: bool = False
    """Whether the asker has it and has not said yet that they are there."""
    near: tuple[tuple[SeenCamera, Near], ...] = ()
    """Cameras near it that the asker may see: each with how far it is."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else was first; `row` is the alert as it now is."""

    row: AlertRow
    held_by_name: str | None


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """A file the asker may read."""

    media_id: UUID
    kind: str
    read: Callable[[int, int], Iterator[bytes]]
    """From a byte on, so many bytes, in pieces; where the bytes lie is the store's affair."""
    media_type: str
    """image/jpeg or video/mp4."""
    size_bytes: int
    sha256: str
    """Another for other bytes: a copy's is that of its original with a word after it."""


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert has changed; ask for its row anew."""

    cursor: int
    alert_id: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A phone, or a browser, that a person is told on."""

    phone_id: UUID
    channel: str
    label: str
    created_utc_us: int
    gone_utc_us: int | None
    gone_reason: str | None
    heard_utc_us: int | None = None
    """When it last said that it shows a push."""
