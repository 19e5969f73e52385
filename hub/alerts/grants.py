"""Who may see what, in plain objects: the twin of the SQL predicate in `hub.store.scope`.

The database answers the questions at run time; this says the same rule in words one can read,
and a property test holds the two together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Final
from uuid import UUID


class Right(IntFlag):
    """What a grant lets a person do with the cameras it covers; a grant may carry several."""

    SEE = 1
    """Alerts and their pictures."""
    CLIPS = 2
    """Play clips."""
    ALERTED = 4
    """Be woken."""
    LIVE = 8
    SEARCH = 16
    EXPORT = 32
    MANAGE = 64
    """Look after cameras and nodes: told when one gives no sign of life, sees how all are."""
    REPORTERS = 128
    """Who sent a tip, where they said so."""


ALL: Final = Right(255)
"""Every right there is."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant: on an area with everything below it, or on one camera.

    It counts from `starts_utc_us` until just before `ends_utc_us` (None: until revoked), and
    reaches back to what was recorded since `history_from_utc_us` (None: all there is).
    """

    area_id: UUID | None
    camera_id: UUID | None
    rights: Right
    starts_utc_us: int
    ends_utc_us: int | None = None
    history_from_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class CameraPlace:
    """A camera and the area it looks at."""

    camera_id: UUID
    area_id: UUID


Parents = Mapping[UUID, UUID | None]
"""Each area's parent; None at the top of a tree."""


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
    """Whether any grant gives `right` on this camera now, for what was recorded then.

    Without `recorded_utc_us` the question is about the present, which every grant reaches.
    `fence` is what the person's role can have at all (`hub.alerts.roles`).
    """
    return fence & right == right and any(
        counts(grant, now_utc_us)
        and grant.rights & right == right
        and covers(grant, parents, camera)
        and reaches(grant, recorded_utc_us)
        for grant in grants
    )


def counts(grant: Grant, now_utc_us: int) -> bool:
    """Whether the grant has started and not ended."""
    ended = grant.ends_utc_us is not None and grant.ends_utc_us <= now_utc_us
    return grant.starts_utc_us <= now_utc_us and not ended


def covers(grant: Grant, parents: Parents, camera: CameraPlace) -> bool:
    """Whether the grant names this camera, or an area at or above the camera's."""
    if grant.camera_id == camera.camera_id:
        return True
    return grant.area_id is not None and grant.area_id in at_or_above(camera.area_id, parents)


def reaches(grant: Grant, recorded_utc_us: int | None) -> bool:
    """Whether the grant goes back as far as this recording."""
    if recorded_utc_us is None or grant.history_from_utc_us is None:
        return True
    return recorded_utc_us >= grant.history_from_utc_us


def at_or_above(area_id: UUID, parents: Parents) -> frozenset[UUID]:
    """The area and all its ancestors; a ring of areas, which only a fault could make, ends too."""
    found: set[UUID] = set()
    here: UUID | None = area_id
    while here is not None and here not in found:
        found.add(here)
        here = parents.get(here)
    return frozenset(found)
