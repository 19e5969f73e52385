"""Read models of the service: plain values, already limited to what the asker may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.rules.rules_met import Rules
from hub.registry.condition import CameraCondition


@dataclass(frozen=True, slots=True)
class NextCall:
    """The next escalation call of an open alert, made if nobody takes it."""

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
    """Name of the node for a silent node, address of a broker; empty if the alert concerns several
    cameras."""
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
    """Cause of a false alarm, one of `hub.alerting.alerts.rules.lifecycle.CAUSES`."""
    is_critical: bool = False
    is_ongoing: bool = False
    """True if the subject of the alert still goes on."""

    @property
    def is_in_words(self) -> bool:
        """False: its reader may see the pictures."""
        return False


@dataclass(frozen=True, slots=True)
class AlertInWords:
    """An alert for a person who is told of it and may not see it: what their push says, and who has
    it. It has no field for a picture, a clip or a sighting. Times are UTC microseconds."""

    alert_id: UUID
    camera_label: str
    place: str
    """The areas from the camera's own upward: "Ngã tư 1, Tân Khai"."""
    kind: str
    state: str
    people: int
    began_utc_us: int
    raised_utc_us: int
    error_ms: int | None
    """Maximum error of the node's clock; None: it is not verified."""
    clock_source: str
    taken_by_name: str | None
    taken_utc_us: int | None
    closed_by: UUID | None
    closed_by_name: str | None
    closed_utc_us: int | None
    revision: int
    over_utc_us: int | None
    """Time when the tampered view was restored; None: not yet, or not a tampering."""
    rules: Rules
    is_critical: bool = False

    @property
    def is_in_words(self) -> bool:
        """True: its reader may not see the pictures."""
        return True

    @property
    def is_always_shown(self) -> bool:
        """See `rules.listing.AlertFacts.is_always_shown`."""
        return self.is_critical and AlertState(self.state).is_running


ShownAlert = AlertRow | AlertInWords
"""An alert in a list, with its pictures or without."""


@dataclass(frozen=True, slots=True)
class AlertInbox:
    """Open and recently handled alerts, newest first; `cursor`: start of later changes."""

    open: list[AlertRow]
    handled: list[AlertRow]
    cursor: int
    open_in_words: Sequence[AlertInWords] = ()
    """Alerts that this person is told of and may not see."""
    handled_in_words: Sequence[AlertInWords] = ()

    @property
    def all_open(self) -> list[ShownAlert]:
        """Open alerts with pictures and without, newest first."""
        found: list[ShownAlert] = [*self.open, *self.open_in_words]
        return sorted(found, key=lambda row: (row.raised_utc_us, row.alert_id), reverse=True)

    @property
    def all_handled(self) -> list[ShownAlert]:
        """Handled alerts with pictures and without, last closed first."""
        found: list[ShownAlert] = [*self.handled, *self.handled_in_words]
        return sorted(found, key=lambda row: (row.closed_utc_us or 0, row.alert_id), reverse=True)


@dataclass(frozen=True, slots=True)
class Going:
    """A person who said that they go to the place of an alert."""

    person_id: UUID
    name: str
    since_utc_us: int


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
    """A camera this person may see."""

    camera_id: UUID
    label: str
    place: str
    condition: CameraCondition
    latitude_deg: float | None
    longitude_deg: float | None
    open_alerts: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another person was first; `row` is the present state of the alert."""

    row: AlertRow
    held_by_name: str | None


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert has changed; fetch its row again."""

    cursor: int
    alert_id: UUID
    revision: int
