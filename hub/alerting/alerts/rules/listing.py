"""Lists of alerts: which ones a list shows, in which order, on which page, in which groups.

Critical alerts come first, then the newest. A filter hides no critical alert that is not closed,
and no group holds one: it stands above the groups, as a card of its own. A strict filter, which a
reader must choose, treats them like all others.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from hub.alerting.alerts.rules.kinds import Subject, entry_of

GroupedBy = Literal["place", "node"]
GROUPS: Final[tuple[GroupedBy, ...]] = ("place", "node")

Rank = tuple[int, int, int]
"""Place of an alert in its list: critical or not, time in UTC microseconds, id; higher is first."""


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """Facts of one alert that decide about its place in a list."""

    alert_id: UUID
    kind: str
    area_ids: tuple[UUID, ...]
    """The alert's own area and all above it; empty if it concerns all places."""
    node_id: UUID
    node_name: str
    at_utc_us: int
    """When the alert was raised or, if it is closed, when it was closed."""
    is_critical: bool = False
    is_running: bool = True
    """Not closed."""
    is_open: bool = True
    """Nobody has it yet."""
    is_mine: bool = False
    """The reader has it, or it is offered to the reader."""
    is_held: bool = False
    """The reader has it."""
    is_ongoing: bool = False
    """True if the subject of the alert still goes on."""

    @property
    def rank(self) -> Rank:
        """Rank of the alert in a list. A closed alert is not critical any more."""
        return int(self.is_always_shown), self.at_utc_us, self.alert_id.int

    @property
    def subject(self) -> Subject:
        """The subject of the alert."""
        return entry_of(self.kind).subject

    @property
    def is_for_many(self) -> bool:
        """True if it is among "all" of a list whose alerts the reader closes together."""
        return not self.is_critical and (self.is_open or (self.is_running and self.is_held))

    @property
    def is_always_shown(self) -> bool:
        """True if no filter and no group hides the alert, unless the filter is strict."""
        return self.is_critical and self.is_running


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Filter of a reader; the default shows everything."""

    is_mine: bool = False
    area_id: UUID | None = None
    """This area and all below."""
    place_id: UUID | None = None
    """Cameras of this very area."""
    node_id: UUID | None = None
    subject: str = ""
    """A `Subject`; empty: all."""
    since_utc_us: int | None = None
    is_strict: bool = False
    """Critical alerts are filtered and put into groups too."""


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts of one place or node; `key` is None for alerts that concern all places."""

    key: UUID | None
    alert_ids: tuple[UUID, ...]
    """Newest first."""
    open_count: int
    """Alerts nobody has yet."""
    ongoing_count: int


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page: its alerts, and the rank after which the next page begins; None: the last page."""

    alert_ids: tuple[UUID, ...]
    next_after: Rank | None


def fits(facts: AlertFacts, wanted: AlertFilter) -> bool:
    """True if a list with this filter shows the alert."""
    return (facts.is_always_shown and not wanted.is_strict) or all(
        (
            facts.is_mine or not wanted.is_mine,
            wanted.area_id is None or wanted.area_id in facts.area_ids,
            wanted.place_id is None or facts.area_ids[:1] == (wanted.place_id,),
            wanted.node_id is None or wanted.node_id == facts.node_id,
            wanted.subject in ("", facts.subject),
            wanted.since_utc_us is None or facts.at_utc_us >= wanted.since_utc_us,
        )
    )


def in_order(all_facts: Iterable[AlertFacts], wanted: AlertFilter) -> list[AlertFacts]:
    """The alerts that the filter shows, in the order of the list."""
    shown = [one for one in all_facts if fits(one, wanted)]
    return sorted(shown, key=lambda one: one.rank, reverse=True)


def page(listed: Sequence[AlertFacts], *, size: int, after: Rank | None = None) -> ListPage:
    """One page of alerts in the order of the list; the first one without `after`.

    New alerts, and alerts closed meanwhile, make no later page skip or repeat one.
    """
    rest = [one for one in listed if after is None or one.rank < after]
    here = rest[:size]
    return ListPage(
        alert_ids=tuple(one.alert_id for one in here),
        next_after=here[-1].rank if len(rest) > size else None,
    )


def groups(
    listed: Iterable[AlertFacts], by: GroupedBy, *, is_strict: bool = False
) -> list[AlertGroup]:
    """Groups of the alerts that are not always shown, or of all alerts with `is_strict`; the group
    of the newest alert first."""
    members: dict[UUID | None, list[AlertFacts]] = {}
    for one in sorted(listed, key=lambda one: one.at_utc_us, reverse=True):
        if is_strict or not one.is_always_shown:
            key = one.node_id if by == "node" else next(iter(one.area_ids), None)
            members.setdefault(key, []).append(one)
    return [
        AlertGroup(
            key,
            tuple(one.alert_id for one in there),
            open_count=sum(one.is_open for one in there),
            ongoing_count=sum(one.is_ongoing for one in there),
        )
        for key, there in members.items()
    ]


def by_area(listed: Iterable[AlertFacts]) -> Counter[UUID]:
    """Number of alerts in each area, alerts of the areas below it included."""
    return Counter(area_id for one in listed for area_id in one.area_ids)


def by_subject(listed: Iterable[AlertFacts]) -> Counter[str]:
    """Number of alerts about each subject."""
    return Counter(one.subject for one in listed)
