"""Rules of access in plain objects: the twin of the SQL predicate in `hub.access.scope`.

At run time the database decides. This module states the same rule in readable form; a property test
compares the two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Final
from uuid import UUID


class Right(IntFlag):
    """Rights of a grant on the cameras it covers; a grant can carry several."""

    SEE = 1
    """See alerts and their pictures."""
    CLIPS = 2
    """Play clips."""
    ALERTED = 4
    """Receive notifications."""
    LIVE = 8
    SEARCH = 16
    EXPORT = 32
    MANAGE = 64
    """Look after cameras and nodes: see their health and be told when one is silent."""
    REPORTERS = 128
    """See the sender of a tip, if the sender gave a name."""


ALL: Final = Right(255)
"""All rights."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant on an area with its sub-areas, or on one camera.

    It is valid from `starts_utc_us` until just before `ends_utc_us` (None: until revoked) and
    covers recordings from `history_from_utc_us` on (None: all).
    """

    area_id: UUID | None
    camera_id: UUID | None
    rights: Right
    starts_utc_us: int
    ends_utc_us: int | None = None
    history_from_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class CameraPlace:
    """A camera and its area."""

    camera_id: UUID
    area_id: UUID


Parents = Mapping[UUID, UUID | None]
"""Parent of each area; None at the root."""


def may(
    grants: Iterable[Grant],
    parents: Parents,
    camera: CameraPlace,
    *,
    right: Right,
    now_utc_us: int,
    recorded_utc_us: int | None = None,
    fence: Right = ALL,
) -> bool:
    """True if a grant gives `right` on this camera now, for a recording of that time.

    Without `recorded_utc_us` the question is about the present, which every grant covers. `fence`
    is the limit of the person's role (`hub.access.rules.roles`).
    """
    return fence & right == right and any(
        counts(grant, now_utc_us)
        and grant.rights & right == right
        and covers(grant, parents, camera)
        and reaches(grant, recorded_utc_us)
        for grant in grants
    )


def counts(grant: Grant, now_utc_us: int) -> bool:
    """True if the grant has started and not ended."""
    ended = grant.ends_utc_us is not None and grant.ends_utc_us <= now_utc_us
    return grant.starts_utc_us <= now_utc_us and not ended


def covers(grant: Grant, parents: Parents, camera: CameraPlace) -> bool:
    """True if the grant names this camera, or an area at or above the camera's area."""
    if grant.camera_id == camera.camera_id:
        return True
    return grant.area_id is not None and grant.area_id in at_or_above(camera.area_id, parents)


def reaches(grant: Grant, recorded_utc_us: int | None) -> bool:
    """True if the grant covers a recording of this time."""
    if recorded_utc_us is None or grant.history_from_utc_us is None:
        return True
    return recorded_utc_us >= grant.history_from_utc_us


def at_or_above(area_id: UUID, parents: Parents) -> frozenset[UUID]:
    """The area and all its ancestors; stops at a cycle, which only a fault can create."""
    found: set[UUID] = set()
    here: UUID | None = area_id
    while here is not None and here not in found:
        found.add(here)
        here = parents.get(here)
    return frozenset(found)
