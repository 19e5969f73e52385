"""Retention: which footage to remove, by age, by bytes per class, and for disk space.

The lowest class goes first; within it files the hub has before files it lacks, then the oldest.
Held footage is never removed, however full the disk is.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from agent.journal import FootageClass, MediaKind, StoredFile

LOWEST_FIRST: Final = (FootageClass.CONTINUOUS, FootageClass.SIGHTING, FootageClass.ALERT)
NO_CLOCK_BEFORE_UTC_US: Final = 1_735_689_600_000_000
"""2025-01-01. Earlier stamps come from a clock that was never set: the age is unknown, and no age
is better than fifty years."""

Why = Literal["age", "bytes of its class", "room"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassBounds:
    """Longest age and most bytes of one class."""

    max_age_s: float = math.inf
    max_bytes: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Bounds of a clip store: total, free disk space, and per class."""

    max_bytes: int
    spare_bytes: int
    """Disk space left to others, at the cost of footage."""
    classes: Mapping[FootageClass, ClassBounds] = field(default_factory=dict)

    def of(self, footage_class: FootageClass) -> ClassBounds:
        """Bounds of a class; unlimited if none were given."""
        return self.classes.get(footage_class, ClassBounds())


@dataclass(frozen=True, slots=True)
class Removal:
    """A file to remove, and the reason."""

    item: StoredFile
    why: Why


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """Files to remove, in order, and the space available beside held footage."""

    removals: tuple[Removal, ...]
    room_bytes: int
    """Space beside held footage; negative if held footage alone is too much."""
    held_bytes: int


def plan_retention(
    kept: Iterable[StoredFile], retention: Retention, *, now_utc_us: int, free_bytes: int
) -> RetentionPlan:
    """Files to remove at `now_utc_us` from a disk with `free_bytes` left."""
    everything = list(kept)
    left = sorted((one for one in everything if not one.is_held), key=_least_needed_first)
    removals: list[Removal] = []

    def remove(items: list[StoredFile], why: Why) -> None:
        removals.extend(Removal(one, why) for one in items)
        gone = {id(one) for one in items}
        left[:] = [one for one in left if id(one) not in gone]

    remove([one for one in left if _is_too_old(one, retention, now_utc_us)], "age")
    for footage_class in LOWEST_FIRST:
        of_class = [one for one in left if one.footage_class is footage_class]
        excess = sum(one.size_bytes for one in of_class) - retention.of(footage_class).max_bytes
        remove(_enough(of_class, excess), "bytes of its class")
    gone_bytes = sum(one.item.size_bytes for one in removals)
    total_bytes = sum(one.size_bytes for one in everything)
    held_bytes = sum(one.size_bytes for one in everything if one.is_held)
    excess = max(total_bytes - retention.max_bytes, retention.spare_bytes - free_bytes)
    remove(_enough(left, excess - gone_bytes), "room")
    return RetentionPlan(tuple(removals), total_bytes - held_bytes - excess, held_bytes)


def _enough(items: list[StoredFile], excess_bytes: float) -> list[StoredFile]:
    """The first of them with a total of `excess_bytes`, or all."""
    taken: list[StoredFile] = []
    for one in items:
        if excess_bytes <= 0:
            break
        taken.append(one)
        excess_bytes -= one.size_bytes
    return taken


def _is_too_old(one: StoredFile, retention: Retention, now_utc_us: int) -> bool:
    if one.added_utc_us < NO_CLOCK_BEFORE_UTC_US:
        return False
    age_s = (now_utc_us - one.added_utc_us) / 1e6
    return age_s > retention.of(one.footage_class).max_age_s


def _least_needed_first(one: StoredFile) -> tuple[int, bool, bool, int]:
    rank = LOWEST_FIRST.index(one.footage_class)
    # By number, not by time: what is stored while the clock stands in 1970 is not the oldest.
    return rank, one.state != "done", one.kind is MediaKind.PICTURE, one.number
