"""Grants that ended and were not replaced, in plain objects: what a person had a short time ago and
lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.access.rules.delegation import Homes, holds_place, place_of
from hub.access.rules.grants import ALL, CameraPlace, Grant, Parents, Right, counts

TOLD_FOR_S: Final = 30 * 86_400.0
"""A person is told of an ended grant for so long."""


class HowEnded(StrEnum):
    """How a grant ended."""

    TIME = "time"
    """The time it was given for was over."""
    WITH_SOURCE = "with_source"
    """The grant was made from a grant of its giver, which ended."""
    REVOKED = "revoked"
    """A person ended the grant, or changed what it depended on: a border, a role."""


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """A grant of a person, over or not."""

    grant: Grant
    is_revoked: bool
    granted_by: UUID | None
    is_source_over: bool = False
    """True if it was made from a grant that is over."""


@dataclass(frozen=True, slots=True)
class EndedGrant:
    """A grant that ended, and its rights that no other grant gives there."""

    grant: Grant
    rights: Right
    ended_utc_us: int
    granted_by: UUID | None
    how: HowEnded


def ended(
    held: Iterable[HeldGrant],
    parents: Parents,
    homes: Homes,
    *,
    now_utc_us: int,
    fence: Right = ALL,
) -> Sequence[EndedGrant]:
    """Grants of this person that ended within `TOLD_FOR_S` and were not replaced, last ended first;
    one entry for a place and time.

    A right is lost if no grant that counts now gives it for the whole place. `fence` is the limit
    of the person's role.
    """
    held = list(held)
    living = [one.grant for one in held if not one.is_revoked and counts(one.grant, now_utc_us)]
    found: list[EndedGrant] = []
    for one in sorted(held, key=_ended_utc_us, reverse=True):
        if not is_lately_over(one, now_utc_us):
            continue
        place = place_of(one.grant, homes)
        here = [own for own in living if holds_place(own, place, parents)]
        lost = one.grant.rights & fence & ~_rights(here)
        same = next((other for other in found if _is_same(other, one)), None)
        if same is not None:
            found[found.index(same)] = _joined(same, lost)
            continue
        later = [other for other in found if holds_place(other.grant, place, parents)]
        for other in later:
            lost &= ~other.rights
        if lost:
            found.append(EndedGrant(one.grant, lost, _ended_utc_us(one), one.granted_by, _how(one)))
    return found


def last_ended_there(
    held: Iterable[HeldGrant],
    camera_id: UUID,
    at_utc_us: int,
    parents: Parents,
    homes: Homes,
    *,
    now_utc_us: int,
    rights: Right,
) -> EndedGrant | None:
    """The grant with one of these rights that covered the camera at that time and is over now; of
    several the one that ended last."""
    area_id = homes.get(camera_id)
    if area_id is None:
        return None
    place = CameraPlace(camera_id, area_id)
    there = [
        one
        for one in held
        if one.grant.rights & rights
        and holds_place(one.grant, place, parents)
        and one.grant.starts_utc_us <= at_utc_us < _ended_utc_us(one) <= now_utc_us
    ]
    if not there:
        return None
    last = max(there, key=_ended_utc_us)
    return EndedGrant(
        last.grant, last.grant.rights & rights, _ended_utc_us(last), last.granted_by, _how(last)
    )


def is_lately_over(one: HeldGrant, now_utc_us: int) -> bool:
    """True if the grant counted once and ended within `TOLD_FOR_S`."""
    ends = one.grant.ends_utc_us
    if ends is None or not (one.is_revoked or ends <= now_utc_us):
        return False
    return one.grant.starts_utc_us < ends and ends > now_utc_us - TOLD_FOR_S * 1e6


def _ended_utc_us(one: HeldGrant) -> int:
    return one.grant.ends_utc_us or 0


def _how(one: HeldGrant) -> HowEnded:
    if one.is_source_over:
        return HowEnded.WITH_SOURCE
    return HowEnded.REVOKED if one.is_revoked else HowEnded.TIME


def _is_same(told: EndedGrant, one: HeldGrant) -> bool:
    """Parts of one delegation: the same place, time and giver."""
    mine, theirs = told.grant, one.grant
    return (mine.area_id, mine.camera_id, told.ended_utc_us, told.granted_by) == (
        theirs.area_id,
        theirs.camera_id,
        _ended_utc_us(one),
        one.granted_by,
    )


def _joined(told: EndedGrant, lost: Right) -> EndedGrant:
    return EndedGrant(told.grant, told.rights | lost, told.ended_utc_us, told.granted_by, told.how)


def _rights(grants: Iterable[Grant]) -> Right:
    rights = Right(0)
    for one in grants:
        rights |= one.rights
    return rights
