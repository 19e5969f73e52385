"""How long footage is kept, and what is held: decided in plain objects.

A rule says how long one class of footage is kept in an area and everything below it; the nearest
rule above a camera counts. A hold, by case number, beats every rule and every full disk. The
database answers the same questions in `hub.store.holds`; a property test holds the two together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.alerts.grants import Parents

DAY_US: Final = 86_400_000_000


class FootageClass(StrEnum):
    """What a picture or clip is kept for; the first is given up first."""

    SIGHTING = "sighting"
    """Somebody was seen and nobody had to know."""
    ALERT = "alert"
    """It shows an alert."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Footage of this class is kept so many days; None: until somebody ends the rule.

    `area_id` None is the rule for wherever no area has one.
    """

    rule_id: UUID
    area_id: UUID | None
    footage_class: FootageClass
    keep_days: int | None


@dataclass(frozen=True, slots=True)
class Hold:
    """What a case needs: one file, all footage of an alert, or a camera's of a span.

    A span includes both ends, in microseconds UTC; `until_utc_us` None is open.
    """

    media_id: UUID | None = None
    alert_id: UUID | None = None
    camera_id: UUID | None = None
    from_utc_us: int = 0
    until_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class Footage:
    """A stored picture or clip. `first_utc_us` is the node's stamp, off by at most `error_ms`;
    None where nobody vouches for it: then only that it was before `announced_utc_us` is known."""

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
        """What it is kept for."""
        return FootageClass.ALERT if self.alert_ids else FootageClass.SIGHTING

    @property
    def recorded_utc_us(self) -> int:
        """When it was recorded, as far as anybody knows: its age is counted from here."""
        return self.announced_utc_us if self.error_ms is None else self.first_utc_us


@dataclass(frozen=True, slots=True)
class Removal:
    """This file goes. `rule_id` None: not by a rule but because the disk is full."""

    media_id: UUID
    rule_id: UUID | None = None


def rule_for(
    footage_class: FootageClass, area_id: UUID, rules: Iterable[Rule], parents: Parents
) -> Rule | None:
    """The rule that counts at this area: its own, else the nearest above, else that for all."""
    by_area = {rule.area_id: rule for rule in rules if rule.footage_class is footage_class}
    seen: set[UUID] = set()
    here: UUID | None = area_id
    while here is not None and here not in seen:
        if here in by_area:
            return by_area[here]
        seen.add(here)  # a ring of areas, which only a fault could make, ends too
        here = parents.get(here)
    return by_area.get(None)


def overdue(
    footage: Iterable[Footage], rules: Sequence[Rule], parents: Parents, *, now_utc_us: int
) -> list[Removal]:
    """What its rule keeps no longer. Without a rule it is kept, and held footage always."""
    removals = []
    for item in footage:
        rule = rule_for(item.footage_class, item.area_id, rules, parents)
        if rule is None or rule.keep_days is None or item.is_held:
            continue
        if item.recorded_utc_us <= now_utc_us - rule.keep_days * DAY_US:
            removals.append(Removal(item.media_id, rule.rule_id))
    return removals


def to_make_room(footage: Iterable[Footage], *, wanted_bytes: int) -> list[Removal]:
    """The least that frees `wanted_bytes`: the lowest class first, in it the oldest first.

    Never what is held: with too little else, less is freed and uploads go on being refused.
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


def is_held(item: Footage, holds: Iterable[Hold]) -> bool:
    """Whether any of the holds that count needs this file."""
    return any(_covers(hold, item) for hold in holds)


def _covers(hold: Hold, item: Footage) -> bool:
    if hold.media_id is not None:
        return hold.media_id == item.media_id
    if hold.alert_id is not None:
        return hold.alert_id in item.alert_ids
    if hold.camera_id != item.camera_id:
        return False
    if item.error_ms is None:
        return item.announced_utc_us >= hold.from_utc_us  # it may well show that span
    slack_us = item.error_ms * 1000
    begins = item.first_utc_us - slack_us
    ends = item.first_utc_us + item.duration_ms * 1000 + slack_us
    is_before = hold.until_utc_us is None or begins <= hold.until_utc_us
    return is_before and ends >= hold.from_utc_us
