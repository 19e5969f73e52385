"""The read models of the inbox and of one alert's page."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.alerting.alerts.rules.lifecycle import Act
from hub.alerting.alerts.rules.listing import AlertFilter, GroupedBy, Rank
from hub.alerting.alerts.views import (
    AlertInWords,
    AlertRow,
    Going,
    HistoryRow,
    SeenCamera,
    SightingRow,
    ToldRow,
)
from hub.footage.views import AskedSpan, GrowingRow, MediaRow
from hub.registry.neighbours import NearbyCamera


@dataclass(frozen=True, slots=True)
class InboxAsked:
    """The page of the inbox that is asked for."""

    wanted: AlertFilter
    began_utc_us: int
    """Begin of today: older closed alerts are not listed."""
    is_handled: bool = False
    """Closed alerts instead of those that are not closed."""
    grouped_by: GroupedBy | None = None
    after: Rank | None = None
    """The page after this rank; None: the first."""
    size: int = 24
    """Most alerts on a page."""
    is_dense: bool = False
    """Each is shown small, however few there are."""


@dataclass(frozen=True, slots=True)
class InboxCounts:
    """Numbers of alerts this person may see."""

    running: int
    handled: int
    """Closed today."""
    found: int
    """Alerts of the tab that the filter shows."""


@dataclass(frozen=True, slots=True)
class InboxGroup:
    """Alerts of one place or node."""

    key: UUID | None
    name: str
    """Empty for alerts that concern all places."""
    count: int
    open_count: int
    """Alerts nobody has yet."""
    ongoing_count: int
    newest: AlertRow


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """An area with alerts in it or below."""

    area_id: UUID
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of the inbox. With groups, `rows` has only the alerts that no group may hold."""

    rows: list[AlertRow]
    groups: list[InboxGroup]
    counts: InboxCounts
    next_after: Rank | None
    """The next page begins after this rank; None: there is none."""
    is_dense: bool
    """There are so many that each is shown small."""
    cursor: int
    """Start of later changes."""
    scope_mark: int
    """Of the reader's scope, to notice a grant that ended since."""
    read_utc_us: int
    areas: list[AreaChoice]
    subjects: dict[str, int]
    """Number of alerts by subject."""
    names: dict[UUID, str]
    """Names of areas."""
    nodes: dict[UUID, str]
    """Names of nodes."""
    to_choose: tuple[UUID, ...] = ()
    """Alerts that the reader may close and that are not critical, on all pages of the list."""
    in_words: Sequence[AlertInWords] = ()
    """Alerts of the tab that the reader is told of and may not see; with a filter only critical
    ones that are not closed."""


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Everything that the page of one alert shows."""

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
    undo_s: float = 0.0
    """The asker closed it and can take that back for so long after the page shows it; 0: no
    longer."""
    going: tuple[Going, ...] = ()
    """People who said that they go to the alert's place."""
    near: tuple[tuple[SeenCamera, NearbyCamera], ...] = ()
    """Nearby cameras the asker may see, each with its distance."""


@dataclass(frozen=True, slots=True)
class AlertInWordsPage:
    """Page of an alert for a person who is told of it but may not see it."""

    row: AlertInWords
    going: tuple[Going, ...]
    """People who said that they go to the alert's place."""
