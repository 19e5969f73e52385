"""Retention of footage and legal holds, decided on plain objects.

A rule sets how long one class of footage is kept in an area and its sub-areas; the nearest rule
above a camera applies. A hold, by case number, overrides every rule and a full disk. The database
answers the same questions in `hub.footage.retention.holds`; a property test compares the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.access.rules.grants import Parents

DAY_US: Final = 86_400_000_000


class FootageClass(StrEnum):
    """Class of a picture or clip, in the order of removal: the first is removed first."""

    SIGHTING = "sighting"
    """A sighting without an alert."""
    ALERT = "alert"
    """Footage of an alert."""


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """Days to keep footage of this class; None: no end until the rule is ended.

    The rule with `area_id` None applies where no area has one.
    """

    rule_id: UUID
    area_id: UUID | None
    footage_class: FootageClass
    keep_days: int | None


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold for a case: one file, all footage of an alert, or a time span of a camera.

    A span includes both ends, UTC microseconds; `until_utc_us` None is open.
    """

    media_id: UUID | None = None
    alert_id: UUID | None = None
    camera_id: UUID | None = None
    from_utc_us: int = 0
    until_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class StoredFootage:
    """A stored picture or clip. `first_utc_us` is the node's stamp with an error of `error_ms`. If
    `error_ms` is None the clock was not trusted, and only "before `announced_utc_us`" is known."""

    media_id: UUID
    camera_id: UUID
    area_id: UUID
    alert_ids: frozenset[UUID]
    first_utc_us: int
    error_ms: int | None
    duration_ms: int
    announced_utc_us: int
    size_bytes: int
    is_held: bool = False

    @property
    def footage_class(self) -> FootageClass:
        """The class of this file."""
        return FootageClass.ALERT if self.alert_ids else FootageClass.SIGHTING

    @property
    def recorded_utc_us(self) -> int:
        """Best known time of recording; the age counts from here."""
        return self.announced_utc_us if self.error_ms is None else self.first_utc_us


@dataclass(frozen=True, slots=True)
class Removal:
    """A file to remove. `rule_id` None: it is removed because the disk is full, not by a rule."""

    media_id: UUID
    rule_id: UUID | None = None


def rule_for(
    footage_class: FootageClass, area_id: UUID, rules: Iterable[RetentionRule], parents: Parents
) -> RetentionRule | None:
    """The rule for this area: its own, else the nearest above, else the one for all."""
    by_area = {rule.area_id: rule for rule in rules if rule.footage_class is footage_class}
    seen: set[UUID] = set()
    here: UUID | None = area_id
    while here is not None and here not in seen:
        if here in by_area:
            return by_area[here]
        seen.add(here)  # a cycle of areas, which only a fault can create, ends too
        here = parents.get(here)
    return by_area.get(None)


def overdue(
    footage: Iterable[StoredFootage],
    rules: Sequence[RetentionRule],
    parents: Parents,
    *,
    now_utc_us: int,
) -> list[Removal]:
    """Files past their retention. Files without a rule and held files stay."""
    removals = []
    for item in footage:
        rule = rule_for(item.footage_class, item.area_id, rules, parents)
        if rule is None or rule.keep_days is None or item.is_held:
            continue
        if item.recorded_utc_us <= now_utc_us - rule.keep_days * DAY_US:
            removals.append(Removal(item.media_id, rule.rule_id))
    return removals


def to_make_room(footage: Iterable[StoredFootage], *, wanted_bytes: int) -> list[Removal]:
    """The smallest set of files that frees `wanted_bytes`: lowest class first, then oldest first.

    Held files are never removed. If the rest is too little, less is freed and uploads stay refused.
    """
    order = list(FootageClass)
    free = [item for item in footage if not item.is_held]
    free.sort(key=lambda item: (order.index(item.footage_class), item.recorded_utc_us))
    removals, freed_bytes = [], 0
    for item in free:
        if freed_bytes >= wanted_bytes:
            break
        freed_bytes += item.size_bytes
        removals.append(Removal(item.media_id))
    return removals


def is_held(item: StoredFootage, holds: Iterable[Hold]) -> bool:
    """True if an active hold needs this file."""
    return any(_covers(hold, item) for hold in holds)


def _covers(hold: Hold, item: StoredFootage) -> bool:
    if hold.media_id is not None:
        return hold.media_id == item.media_id
    if hold.alert_id is not None:
        return hold.alert_id in item.alert_ids
    if hold.camera_id != item.camera_id:
        return False
    if item.error_ms is None:
        return item.announced_utc_us >= hold.from_utc_us  # it may show that span
    slack_us = item.error_ms * 1000
    begins = item.first_utc_us - slack_us
    ends = item.first_utc_us + item.duration_ms * 1000 + slack_us
    is_before = hold.until_utc_us is None or begins <= hold.until_utc_us
    return is_before and ends >= hold.from_utc_us
